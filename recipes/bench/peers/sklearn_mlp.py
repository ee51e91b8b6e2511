"""scikit-learn's MLPClassifier, an epoch a call of `partial_fit`."""

import numpy as np
from sklearn.neural_network import MLPClassifier

from recipes.bench.problem import Problem, Session

__all__ = ["infer", "train"]


def network(problem: Problem) -> MLPClassifier:
    """The classifier with the problem's initial values.

    Raises `ValueError` for a network that it cannot be.
    """
    if problem.loss != "cross_entropy" or problem.sizes[-1] < 3:
        raise ValueError("scikit-learn has no such output layer")
    model = MLPClassifier(
        problem.sizes[1:-1],
        activation=problem.hidden,
        solver=problem.optimizer,
        learning_rate_init=problem.rate,
        batch_size=problem.batch,
        alpha=0.0,
        shuffle=False,
    )
    x, labels = problem.train[0], np.arange(problem.batch + problem.sizes[-1]) % problem.sizes[-1]
    model.partial_fit(np.zeros((len(labels), x.shape[1]), x.dtype), labels, classes=np.unique(labels))  # makes arrays
    for (w, b), own_w, own_b in zip(problem.weights, model.coefs_, model.intercepts_, strict=True):
        own_w[...], own_b[...] = w, b
    del model._optimizer  # with the moments of that first step
    return model


def train(problem: Problem) -> Session:
    """An epoch on the images; putting them in the order of their batches is timed, as its own shuffle would be."""
    model, (x, y) = network(problem), problem.train

    def run(epoch: int) -> None:
        order = problem.order(epoch).ravel()
        model.partial_fit(x.take(order, axis=0), y.take(order))

    return Session(run, model.predict_proba)


def infer(problem: Problem) -> Session:
    """The probabilities of the classes, which it gives where others give logits."""
    model, (x, _) = network(problem), problem.train
    return Session(lambda epoch: model.predict_proba(x), model.predict_proba)
