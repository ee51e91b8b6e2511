"""Data sets as NumPy arrays: image files, labels, splits, standardised features, and the paper's synthetic points."""

from fnn.batching import batches
from fnn.data.idx import DataFormatError, read_idx, read_labelled_images
from fnn.data.preparation import class_labels, class_weights, one_hot, split_at, standardise
from fnn.data.sampling import Line, blobs, k_fold, line, shuffled_split, stratified_split, xor

__all__ = [
    "DataFormatError",
    "Line",
    "batches",
    "blobs",
    "class_labels",
    "class_weights",
    "k_fold",
    "line",
    "one_hot",
    "read_idx",
    "read_labelled_images",
    "shuffled_split",
    "split_at",
    "standardise",
    "stratified_split",
    "xor",
]
