"""What reconstructions and interpolation conclude, from planted coders."""

import numpy as np
import pytest

from fnn import Key, generator
from recipes import claims as claims_of
from recipes.autoencoders import class_pairs, interpolation, reconstructions
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
    monkeypatch.setattr(claims_of, "FEWEST", 4)  # these digits have four classes
    with_coder(monkeypatch, same, decode)
    claims = reconstructions.claims(planted(reconstructions.RECIPE), DATA)
    assert verdicts(claims) == expected
    average = np.mean((DATA.test[0] - DATA.train[0].mean(axis=0)) ** 2)
    for claim in claims:
        assert f"0.0100 a pixel, where the mean training digit in their place has {average:.4f}" in claim.reason
        assert "21 of the code's 32 numbers" in claim.reason


def test_claims_of_interpolation_are_judged_against_no_training(monkeypatch):
    ten = of_classes(10, noise=0.6)
    # Codes whose distances fall where those of the images rise: points with d² = 200 - |i - j|² - [i = j] 200.
    steps = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    squares = np.where(steps > 0, 200.0 - steps**2, 0)
    centred = np.eye(10) - 0.1
    values, vectors = np.linalg.eigh(-centred @ squares @ centred / 2)
    codes = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    perverse = (
        (lambda x: codes[np.clip(np.rint(9 * x.mean(axis=1)), 0, 9).astype(int)]),
        lambda z: np.sign(z[:, :9]),
    )
    with_coder(monkeypatch, same, same, untrained=perverse)
    claims = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert verdicts(claims) == ["holds", "undecided", "holds", "fails"]
    assert "makes 10.0 % (95 % interval 10.0 to 10.0 %, 10 classes)" in claims[0].measured
    assert "10 % where one picture merely fades" in claims[0].measured
    assert "+0.00 (95 % interval" in claims[1].measured  # here the midpoint is the cross-fade
    with_coder(monkeypatch, *perverse, untrained=(same, same))
    smooth, _, near, _ = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (smooth.verdict, near.verdict) == ("fails", "fails")
    with_coder(monkeypatch, same, same)  # as good without training
    smooth, _, near, _ = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (smooth.verdict, near.verdict) == ("holds", "undecided")
    assert "10.0 % for the same network without training" in smooth.measured


def test_a_midpoint_that_is_a_digit_is_nearer_than_a_cross_fade(monkeypatch):
    ten = of_classes(10)

    def level(x):
        return 9 * x.mean(axis=1, keepdims=True) * np.ones(9)

    with_coder(monkeypatch, same, lambda x: np.rint(level(x)) / 9)
    assert interpolation.claims(planted(interpolation.RECIPE), ten)[1].verdict == "holds"
    with_coder(monkeypatch, same, lambda x: (level(x) + 5 * (abs(level(x) - np.rint(level(x))) > 0.2)) / 9)
    assert interpolation.claims(planted(interpolation.RECIPE), ten)[1].verdict == "fails"


@pytest.mark.parametrize(
    ("by", "verdict"), [((-1, -1), "holds"), ((1, 1), "fails"), ((-1, 1), "fails"), ((1, -1), "fails")]
)
def test_natural_transitions(by, verdict):
    midpoint = 5 + 0.1 * generator(Key(0)).random((10, 10))
    midpoint = midpoint + midpoint.T
    for pair, shift in zip(interpolation.NATURAL, by, strict=True):
        midpoint[pair] = midpoint[pair[::-1]] = midpoint[pair] + shift
    of = interpolation.Between(step=midpoint, midpoint=midpoint, fade=midpoint + 1)
    assert interpolation.natural(of).verdict == verdict
    nine = interpolation.Between(*[midpoint[:9, :9]] * 3)
    assert interpolation.natural(nine).verdict == "undecided"  # there is no 9


def test_classes_and_not_pairs_are_the_sample():
    """One class far from all others moves nine pairs of 45 at once, and few resamples of classes leave it out."""
    distance = np.ones((10, 10))
    distance[0], distance[:, 0] = 10, 10
    found = class_pairs.pair_mean(distance)
    assert found.value == pytest.approx(1 + 9 * 9 / 45)
    assert (found.n, found.of) == (10, "classes")
    assert found.interval[0] == 1  # it is missing from a third of the resamples of ten classes
    drawn = np.array([0, 0, 1, 2, 2, 2, 3, 4, 5, 6])
    by_hand = [distance[i, j] for i in drawn for j in drawn if i != j]
    assert class_pairs.average(distance, ~np.eye(10, dtype=bool), drawn) == pytest.approx(np.mean(by_hand))
