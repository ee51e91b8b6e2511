"""Training is a fold: a step is a pure function (state, batch) -> state, and all else is a fold or scan over it."""

from typing import TYPE_CHECKING

from fnn.late import late
from fnn.training.step import train_step, value_and_grad

if TYPE_CHECKING:
    from fnn.training.epochs import Progress, early_stopping, epochs, fold
    from fnn.training.inference import evaluate, predict, tune

LATE = {  # imported when first asked for: a fold of steps needs neither
    "fnn.training.epochs": ["Progress", "early_stopping", "epochs", "fold"],
    "fnn.training.inference": ["evaluate", "predict", "tune"],
}

__all__ = [
    "Progress",
    "early_stopping",
    "epochs",
    "evaluate",
    "fold",
    "predict",
    "train_step",
    "tune",
    "value_and_grad",
]

late(__name__, LATE)
