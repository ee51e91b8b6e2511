"""Data sets as NumPy arrays: image files, labels, training and validation splits, and the paper's synthetic points."""

from fnn.batching import batches
from fnn.data.idx import DataFormatError, read_idx, read_labelled_images
from fnn.data.labels import class_labels, class_weights, one_hot
from fnn.data.splits import split_at
from fnn.data.synthetic import Line, blobs, line, xor

__all__ = [
    "DataFormatError",
    "Line",
    "batches",
    "blobs",
    "class_labels",
    "class_weights",
    "line",
    "one_hot",
    "read_idx",
    "read_labelled_images",
    "split_at",
    "xor",
]
