"""scikit-learn 1.6 or newer: networks as estimators, for its pipelines, searches and cross-validation.

    hidden = fnn.chain(fnn.linear(64), fnn.relu)  # the estimator puts the output layer behind it
    network = make_pipeline(StandardScaler(), Classifier(hidden, epochs=50))
    GridSearchCV(network, {"classifier__optimizer": [fnn.adam(1e-3), fnn.adam(1e-2)]}).fit(x, labels)

`model_` is the trained layer and `params_` its parameters, with early stopping those of the best epoch.
"""

from collections import deque
from itertools import islice
from typing import Any, Self

import numpy as np
from attrs import evolve
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fnn.arrays import Array
from fnn.batching import batches
from fnn.compose import chain
from fnn.layer import Layer
from fnn.layers import linear, log_softmax, relu, softmax
from fnn.losses import Loss, cross_entropy, mse
from fnn.optimizers import Optimizer, adam
from fnn.random import Key, fold_in, split
from fnn.training import Progress, early_stopping, epochs, evaluate, predict, train_step, tune
from fnn.training.history import History
from fnn.tree import Params, Tree, cast
from fnn.values import number, whole

__all__ = ["Classifier", "Regressor"]

FLOATS = np.float64, np.float32
HIDDEN = chain(linear(100), relu)
TUNED = 5000  # examples, from which statistics such as those of batch normalisation are estimated


class _Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share."""

    def __init__(
        self,
        model: Layer | None = None,
        *,
        optimizer: Optimizer | None = None,
        loss: Loss | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state

    @property
    def history_(self) -> History:
        """The number, the mean training loss and, with early stopping, the validation loss of each epoch."""
        return self.progress_.history

    @property
    def n_iter_(self) -> int:
        """The number of epochs so far."""
        return len(self.history_)

    def _checked(self, X: Any, y: Any, sample_weight: Any, *, reset: bool, **how: Any) -> tuple[Array, ...]:
        """(x, y) or (x, y, weight). Examples of weight 0 are left out. `reset` forgets what was trained before."""
        if reset:
            self.__dict__.pop("progress_", None)
        X, y = validate_data(self, X, y, dtype=FLOATS, reset=reset, **how)
        if sample_weight is None:
            return X, y
        weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return X[weight > 0], y[weight > 0], weight[weight > 0]

    def _start(self, x: Array, n_out: int) -> Progress:
        """A new network in the precision of x, drawn from `random_state`."""
        self._key = Key(int(check_random_state(self.random_state).randint(2**31 - 1)))
        hidden, _, optimizer = self._settings()
        self.model_ = chain(hidden=hidden, output=linear(n_out))
        params, _ = self.model_.init(split(self._key, 3)[0], x.shape[1:])
        return Progress.start(optimizer.init(tune(self.model_, cast(params, x.dtype), x[:TUNED])))

    def _settings(self) -> tuple[Layer, Loss, Optimizer]:
        """The hidden layers, the loss and the optimizer. Raises for a wrong setting."""
        default = cross_entropy if is_classifier(self) else mse
        hidden = HIDDEN if self.model is None else self.model
        optimizer = adam() if self.optimizer is None else self.optimizer
        if not isinstance(hidden, Layer):
            raise TypeError(f"model: expected a Layer such as chain(linear(64), relu), got {hidden!r}")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer: expected an Optimizer, got {optimizer!r}; write fnn.adam()")
        if not isinstance(self.early_stopping, (bool, np.bool_)):
            raise ValueError(f"early_stopping must be True or False, got {self.early_stopping!r}")
        for name in ("epochs", "batch_size", "n_iter_no_change"):
            whole(name, getattr(self, name))
        number("validation_fraction", self.validation_fraction, 0, 1, above=True)
        return hidden, default if self.loss is None else self.loss, optimizer

    def _one_more(self, data: Any, n_out: int, *, first: bool) -> Self:
        """One epoch. Raises `ValueError` if the settings are no longer of the network and the rule of the first one."""
        if first:
            return self._train(self._start(data[0], n_out), 1, data)
        hidden, _, optimizer = self._settings()
        if self.model_["hidden"] != hidden:
            raise ValueError("the model changed since the last partial_fit; call fit to begin anew")
        if self.progress_.state.rule != optimizer.rule:
            came = f"from {self.progress_.state.rule} to {optimizer.rule}"
            raise ValueError(f"the optimizer changed {came} since the last partial_fit; call fit to begin anew")
        return self._train(self.progress_, 1, data)

    def _fit(self, data: Any, n_out: int) -> Self:
        """Train a new network on (x, target, ...), or with early stopping on a share of them."""
        start, rest = self._start(data[0], n_out), None
        if self.early_stopping:
            share = self.validation_fraction
            counts = np.unique_counts(data[1]).counts if is_classifier(self) else np.zeros(1)
            stratify = data[1] if counts.min() > 1 and share * len(data[0]) >= len(counts) else None
            shares = train_test_split(*data, test_size=share, random_state=self._key.seed, stratify=stratify)
            data, rest = shares[::2], shares[1::2]
        return self._train(start, self.epochs, data, rest)

    def _train(self, start: Progress, n: int, data: Any, rest: Any = None) -> Self:
        """Go on from `start` for `n` epochs, or until the loss on `rest` no longer falls."""
        (_, loss, optimizer), (_, step_key, order_key) = self._settings(), split(self._key, 3)
        step = train_step(self.model_, loss, optimizer, key=step_key)

        def batches_of(epoch: int) -> Any:
            return batches(fold_in(order_key, epoch), data, self.batch_size)

        def validation(params: Tree) -> dict[str, Any]:
            return {"validation_loss": evaluate(self.model_, tuned(params), rest, {"loss": loss})["loss"]}

        def tuned(params: Tree) -> Params:
            return tune(self.model_, params, data[0][:TUNED])

        if rest is None:
            start = evolve(start, best_score=-np.inf)  # after early stopping, the latest epoch is the best again
            progresses = epochs(step, batches_of, start)
        else:
            scan = epochs(step, batches_of, start, validation, lambda record: -record["validation_loss"])
            progresses = early_stopping(scan, self.n_iter_no_change)
        (self.progress_,) = deque(islice(progresses, n), maxlen=1)
        self.params_ = tuned(self.progress_.best.params)
        return self

    def _outputs(self, X: Any) -> Array:
        """What the network makes of X: (n, n_out)."""
        check_is_fitted(self, "progress_")
        return predict(self.model_, self.params_, validate_data(self, X, dtype=FLOATS, reset=False))


class Classifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network that tells classes apart.

    model                  the hidden layers, by default chain(linear(100), relu), in front of a linear layer with an
                           output for each class. `chain()` has no hidden layer: a logistic regression
    optimizer              by default adam(); adamw decays the weights
    loss                   a loss of logits and labels; by default cross_entropy
    epochs                 how often `fit` goes through the data, at most
    batch_size             examples in a step
    early_stopping         hold a share of the data back, stratified if possible, and keep the parameters of the epoch
                           with the least loss on it
    validation_fraction    the share
    n_iter_no_change       the epochs without a lower loss after which `fit` stops early
    random_state           seeds the parameters, the order of the examples, dropout and the share

    float32 stays float32, and other numbers become float64. A sample weight of 0 leaves an example out. Other weights
    enter the mean loss of each batch: they equal repeated examples exactly where one batch holds all.
    After `fit`: `classes_`, `model_`, `params_`, `history_`, `n_iter_`, and `progress_`, where `partial_fit` goes on.
    Between two calls of `partial_fit` the rate may change, but neither the model nor the optimizer's rule.

    >>> import fnn
    >>> x, labels = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array(["low", "low", "high", "high"])
    >>> classifier = Classifier(fnn.chain(fnn.linear(8), fnn.tanh), optimizer=fnn.adam(0.1), random_state=0)
    >>> classifier.fit(x, labels).predict([[0.5], [2.5]])
    array(['low', 'high'], dtype='<U4')
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network. Raises `ValueError` unless there are two classes or more."""
        x, y, *weight = self._checked(X, y, sample_weight, reset=True)
        check_classification_targets(y)
        return self._fit((x, self._labels(np.unique(y), y), *weight), len(self.classes_))

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One epoch more, on these examples. The first call needs all `classes`, unless `fit` went before it."""
        first = not hasattr(self, "progress_")
        if first and classes is None:
            raise ValueError("Classifier: expected classes in the first call of partial_fit, got None; np.unique(y)?")
        if not first and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"Classifier: expected the classes of the first call, {self.classes_}, got {classes}")
        x, y, *weight = self._checked(X, y, sample_weight, reset=first)
        check_classification_targets(y)
        data = (x, self._labels(np.unique(classes) if first else self.classes_, y), *weight)
        return self._one_more(data, len(self.classes_), first=first)

    def _settings(self) -> tuple[Layer, Loss, Optimizer]:
        hidden, loss, optimizer = super()._settings()
        last = hidden
        while last.combine is chain and last.parts:
            last = last[-1]
        if last in (softmax, log_softmax):
            behind = "a linear layer is put behind it, and the loss takes logits"
            raise ValueError(f"model: {last!r} is the last of the hidden layers, but {behind}; leave {last!r} out")
        return hidden, loss, optimizer

    def _train(self, start: Progress, n: int, data: Any, rest: Any = None) -> Self:
        _, loss, _ = self._settings()
        example = np.zeros((1, len(self.classes_)), data[0].dtype), np.zeros(1, int), np.ones(1)
        try:
            loss(*example[: len(data)])
        except TypeError as error:
            must = "the loss must be a function of logits and integer labels, such as fnn.cross_entropy"
            raise TypeError(f"Classifier: {must}, got {loss!r}: {error}") from error
        return super()._train(start, n, data, rest)

    def _labels(self, classes: Array, y: Array) -> Array:
        """The places of y among the classes, which are kept."""
        if len(classes) < 2:
            raise ValueError(f"Classifier: expected two classes or more, got {len(classes)} class: {classes}")
        if len(unseen := np.setdiff1d(y, classes)):
            raise ValueError(f"Classifier: expected labels among the classes {classes}, got {unseen} too")
        self.classes_ = classes
        return np.searchsorted(classes, y)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class: (n, n_classes)."""
        return softmax.apply({}, self._outputs(X))

    def predict(self, X: Any) -> Array:
        """The most probable class of each example."""
        likeliest = self._outputs(X).argmax(axis=-1)
        return self.classes_[likeliest]


class Regressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network that predicts numbers: one for each example, or several where y has several columns.

    `chain()` is a linear regression. `loss` is a loss of outputs and targets such as fnn.huber, by default mse. All
    else is as in `Classifier`, but the validation share is not stratified. Numbers far from 0 and 1 are learned slowly:
    bring y to that scale by scikit-learn's `TransformedTargetRegressor`.

    >>> import fnn
    >>> x = np.linspace(-1, 1, 64)[:, None]
    >>> line = Regressor(fnn.chain(), optimizer=fnn.adam(0.1), random_state=0).fit(x, 1 - 2 * x[:, 0])
    >>> line.predict([[-1.0], [0.0]]).round(3)
    array([3., 1.])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network."""
        data = self._with_columns(X, y, sample_weight, first=True)
        return self._fit(data, data[1].shape[1])

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch more, on these examples."""
        first = not hasattr(self, "progress_")
        data = self._with_columns(X, y, sample_weight, first=first)
        return self._one_more(data, data[1].shape[1], first=first)

    def _with_columns(self, X: Any, y: Any, sample_weight: Any, *, first: bool) -> tuple[Array, ...]:
        """(x, targets) or (x, targets, weight), with targets (n, n_out) in the precision of x."""
        x, y, *weight = self._checked(X, y, sample_weight, reset=first, multi_output=True, y_numeric=True)
        if first:
            self._columns = y.shape[1:]
        elif y.shape[1:] != self._columns:
            expected = f"expected y of shape (n{''.join(f', {n}' for n in self._columns) or ','}), as in the first call"
            raise ValueError(f"Regressor: {expected}, got {y.shape}")
        return x, y.astype(x.dtype).reshape(len(y), -1), *weight

    def predict(self, X: Any) -> Array:
        """The numbers predicted: (n,), or (n, n_out) if y had columns."""
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs), *self._columns)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
