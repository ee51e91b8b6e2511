"""What the confusions of a reader of digits tell: how many are read, which look alike, and which stand out."""

from collections.abc import Sequence
from functools import partial

import attrs
import numpy as np

from fnn.metrics import one_vs_rest
from recipes.claims import Claim, Estimate, Verdict, all_of, estimate, judged

__all__ = ["LIKE", "closeness", "distinctive", "one_against_rest", "plain"]

LIKE = ((4, 9), (3, 5), (3, 8), (5, 8))  # the digits that the paper finds close to each other
mean = partial(np.mean, axis=-1)


def plain(confusion: np.ndarray) -> Estimate:
    """Plain accuracy; the digits read are the sample.

    >>> plain(np.array([[3, 0], [2, 0]])).value
    0.6
    """
    return estimate(np.arange(confusion.sum()) < np.trace(confusion), mean, "digits")


def over_digits(confusion: np.ndarray, worth: np.ndarray) -> Estimate:
    """The mean over all digits of what each is worth that is of class i and read as j, worth[i, j].

    >>> over_digits(np.array([[3, 0], [2, 0]]), 100 * np.eye(2)).value
    60.0
    """
    return estimate(np.repeat(worth.ravel(), confusion.ravel()), mean, "digits")


def one_against_rest(plain_accuracy: Estimate, k: int) -> Estimate:
    """The mean one-against-rest accuracy of k classes: every mistake counts against two of them, 1 - 2 (1 - plain) / k.

    >>> one_against_rest(Estimate(0.8097, (0.8, 0.82), 10_000, "digits"), 10).said()
    '0.9619 (95 % interval 0.9600 to 0.9640, 10,000 digits)'
    """

    def mean_of(accuracy: float) -> float:
        return 1 - 2 * (1 - accuracy) / k

    value, ends = plain_accuracy.value, plain_accuracy.interval
    interval = None if ends is None else (mean_of(ends[0]), mean_of(ends[1]))
    return attrs.evolve(plain_accuracy, value=mean_of(value), interval=interval)


def closeness(confusion: np.ndarray) -> Claim:
    """Whether the digits that look alike to us are taken for each other more often than others; digits are the sample.

    The mean share of a pair's digits that are read as the other is a sum over all digits: of class i read as j, each
    counts 1 / (2 pairs digits_i). Those of pairs that look alike count with a plus, those of other pairs with a minus.
    """
    k = len(confusion)
    statement = "Digits with similar visual characteristics (like 4 and 9, or 3, 5, and 8) appear closer."
    if k <= max(map(max, LIKE)):
        return Claim(statement, "these digits are not among the classes", "undecided")
    alike = np.zeros((k, k), bool)
    alike[tuple(np.transpose(LIKE))] = True
    alike = alike | alike.T
    others = ~(alike | np.eye(k, dtype=bool))
    digits_of = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    weights = [pairs / (pairs.sum() * digits_of) for pairs in (alike, others)]
    shares = [100 * float(np.sum(weight * confusion)) for weight in weights]
    more = over_digits(confusion, 100 * confusion.sum() * (weights[0] - weights[1]))
    taken = np.triu(confusion / digits_of + (confusion / digits_of).T, 1)
    most = [divmod(int(at), k) for at in np.argsort(-taken, axis=None)[: len(LIKE)]]
    measured = (
        f"held out, {shares[0]:.1f} % of these pairs' digits are read as the other, of other pairs' {shares[1]:.1f} %, "
        f"a difference of {more.said('{:.1f}', ' points')}"
    )
    reason = f"the pairs taken for each other most often are {', '.join(f'{i}-{j}' for i, j in most)}"
    return Claim(statement, measured, judged(more, above=0), reason)


def rightness(k: int) -> np.ndarray:
    """Whether a digit of class i read as j is right for class c against the rest, which it is unless just one of the
    two is c: (classes c, true classes i, read classes j).

    >>> rightness(2)[0]
    array([[1., 0.],
           [0., 1.]])
    """
    is_class = np.eye(k, dtype=bool)
    return (is_class[:, :, None] == is_class[:, None, :]).astype(float)


def against_others(confusion: np.ndarray, c: int) -> Estimate:
    """The one-against-rest accuracy of class c less the mean of the other classes', in points; digits are the sample.

    >>> round(against_others(np.array([[5, 0, 0], [0, 3, 2], [0, 2, 3]]), 0).value, 1)  # 100 % - (11 + 11) / 30
    26.7
    """
    right = rightness(len(confusion))
    return over_digits(confusion, 100 * (right[c] - np.delete(right, c, axis=0).mean(axis=0)))


def distinctive(confusion: np.ndarray, seen: np.ndarray) -> Sequence[Claim]:
    """Whether the digit 1 is read better than others, and the digits 5 and 3 worse: held out, and the paper's way."""
    exceptional = "Digits like 1 achieve exceptional accuracy (99.36 %)."
    ambiguous = "More ambiguous digits like 5 and 3 show lower performance."
    if len(confusion) <= 5:
        return [Claim(each, "these digits are not among the classes", "undecided") for each in (exceptional, ambiguous)]
    of_held_out, of_seen = (one_vs_rest(each).accuracy for each in (confusion, seen))
    less = {c: against_others(confusion, c) for c in (1, 3, 5)}

    def claim(statement: str, verdict: Verdict, *classes: int) -> Claim:
        each = [
            f"the digit {c} has a one-against-rest accuracy of {of_held_out[c]:.4f}, held out ({of_seen[c]:.4f} the "
            f"paper's way); less the mean of the other digits', {less[c].said('{:+.2f}', ' points')}"
            for c in classes
        ]
        reason = f"held out, those of the digits in turn are {', '.join(f'{a:.4f}' for a in of_held_out)}"
        return Claim(statement, "; ".join(each), verdict, reason)

    return [
        claim(exceptional, judged(less[1], above=0), 1),
        claim(ambiguous, all_of(judged(less[5], below=0), judged(less[3], below=0)), 5, 3),
    ]
