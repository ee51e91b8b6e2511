"""Networks with and without normalisation, trained side by side at several rates; and moving averages by a fold."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import numpy as np

import fnn
from fnn import tree
from fnn.metrics import accuracy
from fnn.training.step import Step
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.training import Run

__all__ = ["AVERAGED", "NORMS", "RATES", "USABLE", "Config", "averaging", "network", "run", "unbiased"]

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
NORMS: dict[str, Callable[[], fnn.Layer] | None] = {"none": None, "batch": fnn.batch_norm, "layer": fnn.layer_norm}
TUNED = 5_000  # training digits from which `tune` takes the statistics
AVERAGED = "test_accuracy_of_averages"  # the score with moving averages in the place of tuned statistics
USABLE = 0.9  # the validation accuracy from which a rate is usable; set beforehand


@attrs.frozen
class Config:
    """The setting of a run.

    hidden       the widths of the hidden layers
    norm         what stands before each activation: "none", "batch" or "layer" normalisation
    rates        the rates of gradient descent, one for each network of the ensemble
    batch_size, epochs    of the training
    average      the weight m of the past in the moving averages of the statistics, 0 to keep none
    """

    hidden: tuple[int, ...] = (64, 32)
    norm: str = "batch"
    rates: tuple[float, ...] = RATES
    batch_size: int = 128
    epochs: int = 2
    average: float = 0.0


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """One network of a configuration.

    >>> network(Config(hidden=(64,)))
    chain(linear(64), batch_norm(), relu, linear(10))
    """
    norm = NORMS[config.norm]
    between = [] if norm is None else [norm()]
    hidden = [layer for width in config.hidden for layer in (fnn.linear(width), *between, fnn.relu)]
    return fnn.chain(*hidden, fnn.linear(n_classes))


def averaging(step: Step, model: fnn.Layer, m: float) -> Step:
    """A training step that keeps moving averages, s ← m s + (1 - m) s_batch, in the place of the statistics.

    The training pass uses the statistics of its own batch, so that this changes nothing but the averages.
    """

    def with_averages(state: Any, batch: Any) -> Any:
        of_batch = fnn.tune(model, state.params, batch[0])  # differs from the parameters in the statistics alone
        moved = tree.map(lambda old, new: old + (1 - m) * (new - old), state.params, of_batch)
        return step(attrs.evolve(state, vector=state.layout.ravel(moved)), batch)

    return with_averages


def unbiased(params: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The parameters of a chain with all variances multiplied by n / (n - 1), for batches of n examples.

    >>> unbiased({"0": {}, "1": {"statistics": np.ones((2, 3))}}, 4)["1"]["statistics"][:, 0].round(2).tolist()
    [1.0, 1.33]
    """
    factors = np.array([[1], [n / (n - 1)]], dtype=np.float32)  # of (means, variances)
    return {
        name: {**part, "statistics": part["statistics"] * factors} if "statistics" in part else part
        for name, part in params.items()
    }


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """The training of one network at all rates, side by side."""
    init_key, order_key, step_key = fnn.split(key, 3)
    one, n = network(config, data.n_classes), len(config.rates)
    model, optimizer = fnn.ensemble(one, n), fnn.sgd(np.array(config.rates))
    params = tree.stack([one.init(init_key, data.train[0].shape[1:])[0]] * n)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, step_key, finite=False)
    step = averaging(step, model, config.average) if config.average else step

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_key, epoch), data.train, config.batch_size, drop_last=True)

    @np.errstate(all="ignore")  # numbers that overflowed read no digits
    def accuracies(params: Mapping[str, Any], pair: digits.Labelled) -> np.ndarray:
        return np.nan_to_num(fnn.evaluate(model, params, pair, {"accuracy": accuracy})["accuracy"], nan=0.0)

    @np.errstate(all="ignore")
    def tuned(params: Mapping[str, Any]) -> fnn.Params:
        return fnn.tune(model, params, data.train[0][:TUNED])

    def measure(params: Mapping[str, Any]) -> dict[str, Any]:
        return {"validation_accuracy": accuracies(tuned(params), data.validation)}

    def finish(end: fnn.Progress) -> dict[str, Any]:
        params, validation = tuned(end.state.params), np.asarray(end.history[-1]["validation_accuracy"])
        test, best = accuracies(params, data.test), int(validation.argmax())
        found = {
            "test_accuracy": test[best],
            "best_rate": config.rates[best],
            "usable_rates": np.count_nonzero(validation >= USABLE),
        }
        if config.average:
            averaged = unbiased(end.state.params, config.batch_size)
            found[AVERAGED] = accuracies(averaged, data.test)[best]
        curves = {"validation_accuracy_by_rate": validation, "test_accuracy_by_rate": test}
        return {"scores": found, "curves": curves, "params": tree.member(params, best)}

    return Run(optimizer.init(params), step, batches_of, config.epochs, finish, measure)
