"""Nearest neighbours read the codes of digits: a confusion matrix for each training, and claims on the readings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fnn.metrics import confusion_matrix, one_vs_rest
from recipes.autoencoders import autoencoder
from recipes.claims import ACCURACY, Claim, Verdict, all_of, concluded, estimate, judged
from recipes.data.digits import Digits, Labelled

__all__ = ["closeness", "codes_of", "distinctive", "one_against_rest", "plain_accuracy", "principal", "read"]

LIKE = ((4, 9), (3, 5), (3, 8), (5, 8))  # the digits that the paper finds close to each other


def codes_of(config: autoencoder.Config, params: Mapping[str, Any], data: Digits) -> tuple[Labelled, Labelled]:
    """The codes, with labels, of the training and validation digits together, and of the test digits."""
    encode, _ = autoencoder.coder(config, params)
    x, labels = (np.concatenate(both) for both in zip(data.train, data.validation, strict=True))
    return (encode(x), labels), (encode(data.test[0]), data.test[1])


def principal(data: Digits, n: int) -> tuple[Labelled, Labelled]:
    """The codes of a linear method of the same length, as in `codes_of`: the first n principal components.

    They are those of the training digits, and need no network (Pearson 1901).
    """
    x, labels = (np.concatenate(both) for both in zip(data.train, data.validation, strict=True))
    mean = x.mean(axis=0)
    axes = np.linalg.eigh(np.cov((x - mean).T.astype(np.float64)))[1][:, ::-1][:, :n].astype(np.float32)
    return ((x - mean) @ axes, labels), ((data.test[0] - mean) @ axes, data.test[1])


def read(fitted: Labelled, scored: Labelled, n_classes: int) -> np.ndarray:
    """The confusion matrix of scored codes, each read by its 5 nearest neighbours among the fitted codes."""
    from sklearn.neighbors import KNeighborsClassifier  # takes seconds, which the list of recipes need not wait for

    return confusion_matrix(KNeighborsClassifier(5).fit(*fitted).predict(scored[0]), scored[1], n_classes)


def plain_accuracy(confusion: np.ndarray) -> float:
    """The share of digits on the diagonal of a confusion matrix.

    >>> plain_accuracy(np.array([[3, 0], [2, 0]]))
    0.6
    """
    return float(np.trace(confusion) / confusion.sum())


def one_against_rest(plain: float, k: int) -> float:
    """The mean one-against-rest accuracy of k classes: every mistake counts against two of them, 1 - 2 (1 - plain) / k.

    >>> round(one_against_rest(0.8097, 10), 4)
    0.9619
    """
    return 1 - 2 * (1 - plain) / k


def mistaken(confusion: np.ndarray) -> tuple[float, float]:
    """The mean share of a pair's digits that are read as the other: of pairs that look alike, and of others.

    >>> mistaken(90 * np.eye(10, dtype=int) + 1)
    (0.01, 0.01)
    """
    taken = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    alike = np.zeros(confusion.shape, bool)
    alike[tuple(np.transpose(LIKE))] = True
    alike = alike | alike.T
    others = ~(alike | np.eye(len(confusion), dtype=bool))
    return float(taken[alike].mean()), float(taken[others].mean())


def closeness(confusions: Sequence[np.ndarray]) -> Claim:
    """The claim that digits that look alike are taken for each other more often than others."""
    shares = np.array([mistaken(each) for each in confusions])
    more, (like, unlike) = estimate(shares[:, 0] - shares[:, 1]), shares.mean(axis=0)
    confusion = np.sum(confusions, axis=0)
    k, digits_of = len(confusion), np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    taken = np.triu(confusion / digits_of + (confusion / digits_of).T, 1)
    most = [divmod(int(at), k) for at in np.argsort(-taken, axis=None)[: len(LIKE)]]
    claim = Claim(
        "Digits with similar visual characteristics (like 4 and 9, or 3, 5, and 8) appear closer.",
        f"held out, a share of {like:.4f} of these pairs' digits are read as the other, of other pairs' {unlike:.4f}, "
        f"a difference of {more.said('{:+.4f}')}",
        judged(more, above=0, measure=ACCURACY),
        f"the pairs taken for each other most often are {', '.join(f'{i}-{j}' for i, j in most)}",
    )
    return concluded(claim, more)


def against_others(confusion: np.ndarray, c: int) -> float:
    """The one-against-rest accuracy of class c less the mean of the other classes'.

    >>> round(against_others(np.array([[5, 0, 0], [0, 3, 2], [0, 2, 3]]), 0), 3)  # 1 - (11 + 11) / 30
    0.267
    """
    accuracies = one_vs_rest(confusion).accuracy
    return float(accuracies[c] - np.delete(accuracies, c).mean())


def distinctive(confusions: Sequence[np.ndarray], seen: Sequence[np.ndarray]) -> Sequence[Claim]:
    """The claims that the digit 1 is read better than others, and the digits 5 and 3 worse.

    confusions has the codes of held-out digits of each run, seen those that the reader was fitted on, as in the paper.
    """
    of_held_out, of_seen = (one_vs_rest(np.sum(each, axis=0)).accuracy for each in (confusions, seen))
    less = {c: estimate([against_others(each, c) for each in confusions]) for c in (1, 3, 5)}

    def claim(statement: str, verdict: Verdict, *classes: int) -> Claim:
        each = [
            f"the digit {c} has a one-against-rest accuracy of {of_held_out[c]:.4f}, held out ({of_seen[c]:.4f} the "
            f"paper's way); less the mean of the other digits', {less[c].said('{:+.4f}')}"
            for c in classes
        ]
        reason = f"held out, those of the digits in turn are {', '.join(f'{a:.4f}' for a in of_held_out)}"
        made = Claim(statement, "; ".join(each), verdict, reason)
        return concluded(made, *(less[c] for c in classes))

    return [
        claim("Digits like 1 achieve exceptional accuracy (99.36 %).", judged(less[1], above=0, measure=ACCURACY), 1),
        claim(
            "More ambiguous digits like 5 and 3 show lower performance.",
            all_of(*(judged(less[c], below=0, measure=ACCURACY) for c in (5, 3))),
            5,
            3,
        ),
    ]
