"""What reconstructions and interpolation conclude, from planted coders."""

import numpy as np
import pytest

from fnn import Key, generator
from recipes.autoencoders import interpolation, pairs, reconstructions
from recipes.claims import ALIKE
from tests.support.known_verdicts import DATA, blurred, of_classes, planted, same, verdicts, with_coder


@pytest.mark.parametrize(
    ("decode", "expected"),
    [
        (blurred, ["holds", "holds"]),
        (lambda x: x[:, ::-1], ["fails", "undecided"]),  # upside down: another class, as rough as before
        (lambda x: np.clip(2 * x - 0.5, 0, 1), ["holds", "fails"]),
    ],
)
def test_claims_of_reconstructions(decode, expected, monkeypatch):
    with_coder(monkeypatch, same, decode)
    claims = reconstructions.claims(planted(reconstructions.RECIPE), DATA)
    assert verdicts(claims) == expected
    assert "of 100 test digits rightly" in claims[0].measured
    average = np.mean((DATA.test[0] - DATA.train[0].mean(axis=0)) ** 2)
    for claim in claims:
        assert f"0.0100 a pixel, where the mean training digit in their place has {average:.4f}" in claim.reason
        assert "21 of the code's 32 numbers" in claim.reason


@pytest.mark.parametrize("recipe", [reconstructions, interpolation])
def test_few_trainings_decide_nothing(recipe, monkeypatch):
    with_coder(monkeypatch, same, same)
    claims = recipe.claims(planted(recipe.RECIPE, n=4), DATA)
    assert verdicts(claims) == ["not judged"] * len(claims)
    assert all("(too few runs: 4)" in claim.measured for claim in claims)
    assert any("of 20 test digits" in claim.measured or " pairs of " in claim.measured for claim in claims)


def grey(x):
    """The codes of a network that sees nothing."""
    return 0 * x


def test_claims_of_interpolation_are_judged_against_no_training(monkeypatch):
    ten = of_classes(10, noise=0.6)
    with_coder(monkeypatch, same, same, untrained=(grey, same))
    smooth, manifold, near, _ = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (smooth.verdict, manifold.verdict, near.verdict) == ("holds", ALIKE, "holds")
    assert "have a smooth way, to exceed 95 %" in smooth.measured
    assert "without training 0.0 %" in smooth.measured
    assert (
        " pairs of test digits of different" in smooth.measured
    )  # thousands of pairs: of 4,000, a tenth are of one class
    assert "less by +0.0 % (95 % interval" in manifold.measured  # here the midpoint is the cross-fade
    with_coder(monkeypatch, grey, same, untrained=(same, same))
    smooth, _, near, _ = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (smooth.verdict, near.verdict) == ("fails", "fails")
    with_coder(monkeypatch, same, same)  # as good without training
    near = interpolation.claims(planted(interpolation.RECIPE), ten)[2]
    assert near.verdict == ALIKE


def test_a_way_that_jumps_or_leads_nowhere_is_not_smooth():
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    a, b, among = np.array([0]), np.array([1]), x

    def share(decode):
        return interpolation.ways((same, decode), x, a, b, among).smooth

    assert share(same) == 100
    assert share(np.rint) == 0  # it jumps from the one to the other
    assert share(lambda z: 1 - z) == 0  # it leads from the other to the one
    assert share(lambda z: 0.5 + 0.1 * (z - 0.5)) == 0  # an untrained network: nearly grey, whatever it is given
    assert share(lambda z: 0.5 + 0.6 * (z - 0.5)) == 100


def test_a_midpoint_that_is_a_digit_is_nearer_than_a_cross_fade(monkeypatch):
    ten = of_classes(10)

    def level(x):
        return 9 * x.mean(axis=1, keepdims=True) * np.ones(9)

    with_coder(monkeypatch, same, lambda x: np.rint(level(x)) / 9)
    assert interpolation.claims(planted(interpolation.RECIPE), ten)[1].verdict == "holds"
    with_coder(monkeypatch, same, lambda x: (level(x) + 5 * (abs(level(x) - np.rint(level(x))) > 0.2)) / 9)
    assert interpolation.claims(planted(interpolation.RECIPE), ten)[1].verdict == "fails"


@pytest.mark.parametrize(
    ("by", "verdict"), [((0.5, 0.5), "holds"), ((2, 2), "fails"), ((0.5, 2), "fails"), ((0.5, 1.01), ALIKE)]
)
def test_natural_transitions(by, verdict):
    def ways(factor):
        far = factor * (5 + 0.1 * generator(Key(0)).random(50))
        return 5 * [interpolation.Ways(smooth=100, midpoint=far, fade=far)]

    naturals = dict(zip(interpolation.NATURAL, map(ways, by), strict=True))
    assert interpolation.natural(ways(1.0), naturals).verdict == verdict


def test_pairs_are_of_two_classes_and_the_nearest_is_found():
    labels = np.arange(100) % 10
    a, b = pairs.pairs(labels, 5000, Key(0))
    assert 4300 < len(a) < 4700
    assert (labels[a] != labels[b]).all()
    a, b = pairs.of_classes(labels, (4, 9), 200, Key(0))
    assert set(labels[a]) == {4}
    assert set(labels[b]) == {9}
    x, y = generator(Key(1)).random((1200, 5)), generator(Key(2)).random((300, 5))
    by_hand = np.min(np.sum((x[:, None] - y) ** 2, axis=-1), axis=1)
    np.testing.assert_allclose(pairs.nearest(x, y), by_hand, atol=1e-12)
