"""A labelled set of images, such as MNIST: one IDX file of images and one of their labels."""

import os

import numpy as np

from fnn.data.idx import DataFormatError, read_idx
from fnn.values import FilePath

__all__ = ["read_labelled_images"]


def read_labelled_images(
    images_path: FilePath, labels_path: FilePath, n_classes: int = 10, *, limit: int = 2**30
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width) and their labels (n,), both uint8 and read-only.

    `images_path` and `labels_path` name the two IDX files, `n_classes` is the number of classes, and `limit` is the
    largest number of bytes that an array may take, for each of the two.

    Raises `DataFormatError` if a file is not an IDX file of this kind, if it exceeds `limit`, if the numbers of images
    and labels differ, or if a label is not below `n_classes`.
    """
    images, labels = read_idx(images_path, limit=limit), read_idx(labels_path, limit=limit)
    for path, array, name, ndim in ((images_path, images, "images", 3), (labels_path, labels, "labels", 1)):
        if array.ndim != ndim or array.dtype != np.uint8:
            got = f"{array.ndim} of {array.dtype}"
            problem = f"{name} must have {ndim} dimension(s) of uint8, got {got}; are the two paths swapped?"
            raise DataFormatError(path, 2, problem)
    if len(labels) != len(images):
        problem = f"expected {len(images)} labels, one for each image of {os.fspath(images_path)}, got {len(labels)}"
        raise DataFormatError(labels_path, 4, problem)
    if (bad := np.flatnonzero(labels >= n_classes)).size:
        problem = f"labels must be below n_classes={n_classes}, got {labels[bad[0]]}"
        raise DataFormatError(labels_path, 8 + int(bad[0]), problem)
    return images, labels
