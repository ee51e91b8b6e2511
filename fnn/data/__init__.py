"""Data as plain arrays: labelled images from files, splits, one-hot labels, and the synthetic sets of the paper."""

from fnn.batching import batches
from fnn.data.idx import DataFormatError, read_idx
from fnn.data.synthetic import Line, blobs, class_labels, line, one_hot, read_labelled_images, split_at, xor

__all__ = [
    "DataFormatError",
    "Line",
    "batches",
    "blobs",
    "class_labels",
    "line",
    "one_hot",
    "read_idx",
    "read_labelled_images",
    "split_at",
    "xor",
]
