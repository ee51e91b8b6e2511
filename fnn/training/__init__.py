"""Training is a fold: a step is a pure function (state, batch) -> state, and all else is a fold or scan over it."""

from fnn.training.epochs import Progress, early_stopping, epochs
from fnn.training.inference import evaluate, predict, tune
from fnn.training.step import train_step, value_and_grad

__all__ = ["Progress", "early_stopping", "epochs", "evaluate", "predict", "train_step", "tune"]
__all__ += ["value_and_grad"]
