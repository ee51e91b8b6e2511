"""Nearest neighbours read the codes of digits: their confusion matrix, and the claims that it decides."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np

from fnn.metrics import confusion_matrix, one_vs_rest
from recipes.autoencoders import autoencoder
from recipes.claims import Claim, Estimate, Verdict, all_of, estimate, judged
from recipes.data.digits import Digits, Labelled

__all__ = ["closeness", "codes_of", "distinctive", "one_against_rest", "plain_accuracy", "read"]

LIKE = ((4, 9), (3, 5), (3, 8), (5, 8))  # the digits that the paper finds close to each other
mean = partial(np.mean, axis=-1)


def codes_of(config: autoencoder.Config, params: Mapping[str, Any], data: Digits) -> tuple[Labelled, Labelled]:
    """The codes, with labels, of the training and validation digits together, and of the test digits."""
    encode, _ = autoencoder.coder(config, params)
    x, labels = (np.concatenate(both) for both in zip(data.train, data.validation, strict=True))
    return (encode(x), labels), (encode(data.test[0]), data.test[1])


def read(fitted: Labelled, scored: Labelled, n_classes: int) -> np.ndarray:
    """The confusion matrix of scored codes, each read by its 5 nearest neighbours among the fitted codes."""
    from sklearn.neighbors import KNeighborsClassifier  # takes seconds, which the list of recipes need not wait for

    return confusion_matrix(KNeighborsClassifier(5).fit(*fitted).predict(scored[0]), scored[1], n_classes)


def plain_accuracy(confusion: np.ndarray) -> Estimate:
    """The share of digits on the diagonal of a confusion matrix; the digits are the sample.

    >>> plain_accuracy(np.array([[3, 0], [2, 0]])).value
    0.6
    """
    return estimate(np.arange(confusion.sum()) < np.trace(confusion), mean, "digits")


def over_digits(confusion: np.ndarray, worth: np.ndarray) -> Estimate:
    """The mean over all digits of worth[i, j], for a digit of class i that is read as j.

    >>> over_digits(np.array([[3, 0], [2, 0]]), 100 * np.eye(2)).value
    60.0
    """
    return estimate(np.repeat(worth.ravel(), confusion.ravel()), mean, "digits")


def one_against_rest(plain: Estimate, k: int) -> Estimate:
    """The mean one-against-rest accuracy of k classes: every mistake counts against two of them, 1 - 2 (1 - plain) / k.

    >>> one_against_rest(Estimate(0.8097, (0.8, 0.82), 10_000, "digits"), 10).said()
    '0.9619 (95 % interval 0.9600 to 0.9640, 10,000 digits)'
    """

    def mean_of(accuracy: float) -> float:
        return 1 - 2 * (1 - accuracy) / k

    value, ends = plain.value, plain.interval
    interval = None if ends is None else (mean_of(ends[0]), mean_of(ends[1]))
    return attrs.evolve(plain, value=mean_of(value), interval=interval)


def closeness(confusion: np.ndarray) -> Claim:
    """The claim that digits that look alike are taken for each other more often than others; digits are the sample.

    The mean share of a pair's digits that are read as the other digit is a sum over all digits, in which a digit of
    class i read as j counts 1 / (2 pairs digits_i). Pairs that look alike count as positive, all others as negative.
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
    """1 if a digit of class i that is read as j is right for class c against the rest: (classes c, i, j).

    It is right if both i and j are c, or neither of them.

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
    """The claims that the digit 1 is read better than others, and the digits 5 and 3 worse.

    confusion has the codes of held-out digits, seen those that the reader was fitted on, as in the paper.
    """
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
