"""Data sets as NumPy arrays: image files, labels, splits, standardised features, and the paper's synthetic points."""

from fnn.batching import batches
from fnn.data import idx, preparation, sampling
from fnn.data.idx import *
from fnn.data.preparation import *
from fnn.data.sampling import *

__all__ = ["batches"]
__all__ += idx.__all__
__all__ += preparation.__all__
__all__ += sampling.__all__
