"""scikit-learn's MLPClassifier, one call of `partial_fit` per epoch."""

import numpy as np
from sklearn.neural_network import MLPClassifier

from recipes.bench.problem import Problem, Session

__all__ = ["infer", "train"]


def network(problem: Problem) -> MLPClassifier:
    """The classifier with the problem's initial values.

    Raises `ValueError` unless the loss is the cross-entropy of at least three classes.
    """
    if problem.loss != "cross_entropy" or problem.sizes[-1] < 3:
        raise ValueError("MLPClassifier trains only the cross-entropy of at least 3 classes")
    model = MLPClassifier(
        problem.sizes[1:-1],
        activation=problem.hidden,
        solver=problem.optimizer,
        learning_rate_init=problem.rate,
        batch_size=problem.batch,
        alpha=0.0,
        shuffle=False,
    )
    # One step allocates the arrays and the optimizer, whose moments are then forgotten.
    x, labels = problem.train[0], np.arange(problem.batch + problem.sizes[-1]) % problem.sizes[-1]
    model.partial_fit(np.zeros((len(labels), x.shape[1]), x.dtype), labels, classes=np.unique(labels))
    for (w, b), own_w, own_b in zip(problem.weights, model.coefs_, model.intercepts_, strict=True):
        own_w[...], own_b[...] = w, b
    del model._optimizer
    return model


def train(problem: Problem) -> Session:
    """An epoch on the images; the time to put them in order is measured, as that of its own shuffle would be."""
    model, (x, y) = network(problem), problem.train

    def run(epoch: int) -> None:
        order = problem.order(epoch).ravel()
        model.partial_fit(x.take(order, axis=0), y.take(order))

    return Session(run, model.predict_proba)


def infer(problem: Problem) -> Session:
    """The probabilities of the classes; other peers give logits."""
    model, (x, _) = network(problem), problem.train
    return Session(lambda epoch: model.predict_proba(x), model.predict_proba)
