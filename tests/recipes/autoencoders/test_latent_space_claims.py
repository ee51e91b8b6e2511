"""What latent_space concludes, from planted codes and tables of reading."""

import numpy as np

from fnn.metrics import one_vs_rest
from recipes.autoencoders import latent_space, reading
from recipes.claims import ALIKE, told_of
from tests.support.known_verdicts import DATA, of_classes, planted, rows, same, verdicts, with_coder

MNIST = of_classes(10, noise=0.1)


def level(x):
    """The brightness of an image, which tells the classes of `MNIST` apart."""
    return x.mean(axis=1, keepdims=True)


def test_claims_of_the_latent_space(monkeypatch):
    with_coder(monkeypatch, level, same)
    claims = latent_space.claims(planted(latent_space.RECIPE), MNIST)
    assert [claim.source for claim in claims] == ["the paper"] * 6 + ["ours"] * 2
    _, _, has, _, _, _, overstates, codes = claims
    assert has.verdict == "fails"  # it has 1, and not 0.9619
    assert "to lie within 0.002 of 0.9619" in has.measured
    assert overstates.verdict == ALIKE  # where all is right, nothing is inflated
    assert "80.97 %" in overstates.reason
    assert codes.verdict == "holds"
    with_coder(monkeypatch, lambda x: x[:, :1] - x[:, 1:2], same)  # the noise of two pixels tells nothing
    claims = latent_space.claims(planted(latent_space.RECIPE), MNIST)
    assert (claims[0].verdict, claims[3].verdict, claims[7].verdict) == ("fails", "fails", "fails")
    assert claims[6].verdict == "holds"


def test_clusters_and_features_are_judged_beside_a_linear_code(monkeypatch):
    x, labels = DATA.test
    fitted, linear = reading.principal(DATA, 4)
    assert linear[0].shape == (len(labels), 4)
    spread = fitted[0].var(axis=0)
    assert (np.diff(spread) <= 0).all()
    with_coder(monkeypatch, lambda x: 1.0 * (rows(x) == rows(x).max(axis=1, keepdims=True)), same)
    cluster, features, overstates = told_of(latent_space.claims(planted(latent_space.RECIPE), DATA), DATA)
    assert (cluster.verdict, features.verdict) == ("holds", ALIKE)  # four components read these images, too
    assert f"of the pixels, {latent_space.silhouettes(x, labels):+.3f} and of four principal comp" in cluster.measured
    by_linear = reading.plain_accuracy(reading.read(fitted, linear, 4))
    assert f"of four principal components {by_linear:.4f}; the difference is " in features.measured
    assert overstates.source == "ours"  # these images are no digits, and have no claims about digits


def test_figures_of_both_protocols_agree_with_the_table(monkeypatch):
    with_coder(monkeypatch, lambda x: x[:, :4], same)
    seen, held_out = latent_space.readings(planted(latent_space.RECIPE, n=2), DATA)
    assert [each.sum() for each in (*seen, *held_out)] == [100] * 4
    assert seen[0].tolist() == seen[1].tolist() != held_out[0].tolist()


def test_few_trainings_decide_nothing(monkeypatch):
    with_coder(monkeypatch, level, same)
    claims = latent_space.claims(planted(latent_space.RECIPE, n=4), MNIST)
    assert verdicts(claims) == ["not judged"] * 8


def test_digits_that_look_alike():
    apart = 900 * np.eye(10, dtype=int) + 2
    alike = apart.copy()
    for pair in reading.LIKE:
        alike[pair] = alike[pair[::-1]] = 50 + sum(pair)
    claim = reading.closeness(5 * [alike])
    assert claim.verdict == "holds"
    assert reading.closeness(5 * [apart]).verdict == ALIKE
    shares = alike / alike.sum(axis=1, keepdims=True)
    both = {(i, j): (shares[i, j] + shares[j, i]) / 2 for i in range(10) for j in range(i)}
    by_hand = np.mean([share for (i, j), share in both.items() if (j, i) in reading.LIKE])
    others = np.mean([share for (i, j), share in both.items() if (j, i) not in reading.LIKE])
    assert f"{by_hand:.4f} of these pairs' digits are read as the other, of other pairs' {others:.4f}" in claim.measured
    assert f"a difference of {by_hand - others:+.4f} (95 %" in claim.measured
    assert set(claim.reason.rsplit(" ", 4)[1:]) == {"4-9,", "5-8,", "3-8,", "3-5"}
    unlike = apart + 50
    for pair in reading.LIKE:
        unlike[pair] = unlike[pair[::-1]] = 0
    assert reading.closeness(5 * [unlike]).verdict == "fails"


def test_digits_that_stand_out():
    mistaken = np.full(10, 10)
    mistaken[1], mistaken[[3, 5]] = 1, 30
    confusion = 100 * np.eye(10, dtype=int) + mistaken[:, None] // 10 * (1 - np.eye(10, dtype=int))
    one, low = reading.distinctive(5 * [confusion], [1000 * np.eye(10, dtype=int)])
    assert (one.verdict, low.verdict) == ("holds", "holds")
    table = one_vs_rest(confusion).accuracy
    less = table[1] - np.delete(table, 1).mean()
    assert f"{table[1]:.4f}, held out (1.0000 the paper's way)" in one.measured
    assert f"the other digits', {less:+.4f} (95 %" in one.measured
    swapped = confusion[[0, 3, 2, 1, 4, 8, 6, 7, 5, 9]][:, [0, 3, 2, 1, 4, 8, 6, 7, 5, 9]]
    assert verdicts(reading.distinctive(5 * [swapped], [confusion])) == ["fails", "fails"]  # 3 is read best now, not 1
