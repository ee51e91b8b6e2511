"""Metrics: how good predictions are, and what the scores of repeated runs say together. None has a gradient."""

from fnn.metrics.bootstrap import bootstrap_difference, bootstrap_interval, iqm, iqr
from fnn.metrics.scores import OneVsRest, accuracy, confusion_matrix, one_vs_rest, psnr

__all__ = [
    "OneVsRest",
    "accuracy",
    "bootstrap_difference",
    "bootstrap_interval",
    "confusion_matrix",
    "iqm",
    "iqr",
    "one_vs_rest",
    "psnr",
]
