"""Metrics: how good predictions are, and what the scores of repeated runs say together. None has a gradient.

Most are folds over batches (`Metric`): `fnn.evaluate` gives the same score for every size of a batch. To bind settings,
use `functools.partial`: `{"f1": partial(f1, average="micro")}`. Others are of whole arrays.
"""

from fnn.metrics.confidence import average_precision, brier_score, calibration_error, log_loss, roc_auc
from fnn.metrics.decisions import accuracy, binary_accuracy, f1, precision, recall
from fnn.metrics.metric import Metric
from fnn.metrics.regression import mae, psnr, r2, rmse
from fnn.metrics.scores import (
    OneVsRest,
    bootstrap_difference,
    bootstrap_interval,
    confusion_matrix,
    iqm,
    iqr,
    one_vs_rest,
)

__all__ = [
    "Metric",
    "OneVsRest",
    "accuracy",
    "average_precision",
    "binary_accuracy",
    "bootstrap_difference",
    "bootstrap_interval",
    "brier_score",
    "calibration_error",
    "confusion_matrix",
    "f1",
    "iqm",
    "iqr",
    "log_loss",
    "mae",
    "one_vs_rest",
    "precision",
    "psnr",
    "r2",
    "recall",
    "rmse",
    "roc_auc",
]
