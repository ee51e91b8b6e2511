"""Metrics: how good predictions are, and what the scores of repeated runs say together. None has a gradient.

Most are folds over batches (`Metric`): `fnn.evaluate` gives the same score for every size of a batch. To bind settings,
use `functools.partial`: `{"f1": partial(f1, average="micro")}`. Others are of whole arrays.
"""

from fnn.metrics import confidence, decisions, regression, scores
from fnn.metrics.confidence import *
from fnn.metrics.decisions import *
from fnn.metrics.metric import Metric
from fnn.metrics.regression import *
from fnn.metrics.scores import *

__all__ = ["Metric"]
__all__ += confidence.__all__  # so that a metric is public by its own file alone
__all__ += decisions.__all__
__all__ += regression.__all__
__all__ += scores.__all__
