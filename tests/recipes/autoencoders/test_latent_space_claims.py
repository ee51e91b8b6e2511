"""What latent_space concludes, from planted codes and tables of reading."""

import numpy as np

from fnn.metrics import one_vs_rest
from recipes.autoencoders import latent_space, reading
from tests.support.known_verdicts import DATA, planted, rows, same, verdicts, with_coder


def test_claims_of_the_latent_space(monkeypatch):
    with_coder(monkeypatch, lambda x: 1.0 * (rows(x) == rows(x).max(axis=1, keepdims=True)), same)
    claims = latent_space.claims(planted(latent_space.RECIPE), DATA)
    assert verdicts(claims) == ["holds", "undecided", "holds", "holds", "undecided", "undecided", "holds"]
    with_coder(monkeypatch, lambda x: x[:, :1] - x[:, 1:2], same)  # two pixels of one row tell nothing
    claims = latent_space.claims(planted(latent_space.RECIPE), DATA)
    assert verdicts(claims) == ["fails", "undecided", "fails", "fails", "undecided", "undecided", "fails"]
    assert "80.97 %" in claims[3].reason
    assert [claim.source for claim in claims] == ["the paper"] * 6 + ["ours"]


def test_overlapping_clusters_are_not_distinct(monkeypatch):
    with_coder(monkeypatch, lambda x: x.reshape(-1, 4, 4)[:, :, 0] ** 0.15, same)
    claim = latent_space.claims(planted(latent_space.RECIPE), DATA)[0]
    assert "test codes +0.1" in claim.measured  # positive, and yet not distinct
    assert claim.verdict == "fails"


def test_figures_of_both_protocols_agree_with_the_table(monkeypatch):
    with_coder(monkeypatch, lambda x: x[:, :4], same)
    seen, held_out = latent_space.readings(planted(latent_space.RECIPE), DATA)
    assert seen.sum() == held_out.sum() == 100
    rest, text = latent_space.claims(planted(latent_space.RECIPE), DATA)[2:4]
    of_seen, of_held_out = np.trace(seen) / 100, np.trace(held_out) / 100
    assert of_seen != of_held_out
    assert f"fitted on the test codes that it scores, as in the paper, {1 - 2 * (1 - of_seen) / 4:.4f}" in rest.measured
    assert f"held out, {1 - 2 * (1 - of_held_out) / 4:.4f}" in rest.measured
    assert f"read as plain accuracy, held out, {of_held_out:.4f}" in text.measured
    assert "100 digits)" in text.measured
    assert f"as in the paper, {of_seen:.4f}" in text.measured


def test_digits_that_look_alike():
    apart = 900 * np.eye(10, dtype=int) + 2
    alike = apart.copy()
    for pair in reading.LIKE:
        alike[pair] = alike[pair[::-1]] = 50 + sum(pair)
    claim = reading.closeness(alike)
    assert claim.verdict == "holds"
    assert reading.closeness(apart).verdict == "undecided"
    shares = alike / alike.sum(axis=1, keepdims=True)
    both = {(i, j): 50 * (shares[i, j] + shares[j, i]) for i in range(10) for j in range(i)}
    by_hand = np.mean([share for (i, j), share in both.items() if (j, i) in reading.LIKE])
    others = np.mean([share for (i, j), share in both.items() if (j, i) not in reading.LIKE])
    assert (
        f"{by_hand:.1f} % of these pairs' digits are read as the other, of other pairs' {others:.1f} %"
        in claim.measured
    )
    assert f"a difference of {by_hand - others:.1f} points" in claim.measured
    assert set(claim.reason.rsplit(" ", 4)[1:]) == {"4-9,", "5-8,", "3-8,", "3-5"}
    unlike = apart + 50
    for pair in reading.LIKE:
        unlike[pair] = unlike[pair[::-1]] = 0
    assert reading.closeness(unlike).verdict == "fails"


def test_digits_that_stand_out():
    mistaken = np.full(10, 10)
    mistaken[1], mistaken[[3, 5]] = 1, 30
    confusion = 100 * np.eye(10, dtype=int) + mistaken[:, None] // 10 * (1 - np.eye(10, dtype=int))
    one, low = reading.distinctive(confusion, 1000 * np.eye(10, dtype=int))
    assert (one.verdict, low.verdict) == ("holds", "holds")
    table = one_vs_rest(confusion).accuracy
    less = 100 * (table[1] - np.delete(table, 1).mean())
    assert f"{table[1]:.4f}, held out (1.0000 the paper's way)" in one.measured
    assert f"the other digits', {less:+.2f} points (95 %" in one.measured
    swapped = confusion[[0, 3, 2, 1, 4, 8, 6, 7, 5, 9]][:, [0, 3, 2, 1, 4, 8, 6, 7, 5, 9]]
    assert verdicts(reading.distinctive(swapped, confusion)) == ["fails", "fails"]  # 3 is read best now, not 1
    assert verdicts(reading.distinctive(np.eye(4, dtype=int), np.eye(4, dtype=int))) == ["undecided"] * 2
