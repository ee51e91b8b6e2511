"""Labelled images: two files that belong together are read, and all others are refused."""

import gzip

import numpy as np
import pytest

from fnn.data import DataFormatError, read_labelled_images
from tests.support.idx_files import idx, refused

IMAGES = np.arange(3 * 2 * 2, dtype="u1").reshape(3, 2, 2)
LABELS = np.array([0, 9, 4], "u1")


def test_labelled_images_come_back_read_only(write):
    images, labels = read_labelled_images(write(gzip.compress(idx(IMAGES)), "images"), write(idx(LABELS), "labels"))
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert not images.flags.writeable
    assert not labels.flags.writeable


@pytest.mark.parametrize(
    ("images", "labels", "culprit", "offset", "message"),
    [
        (LABELS, IMAGES, "images", 2, r"images must have 3 .* got 1 of uint8; are the two paths swapped"),
        (IMAGES, IMAGES, "labels", 2, r"labels must have 1 .* got 3 of uint8; are the two paths swapped"),
        (LABELS, LABELS, "images", 2, r"images must have 3"),
        (IMAGES.astype("f4"), LABELS, "images", 2, r"got 3 of float32"),
        (IMAGES, LABELS.astype("i4"), "labels", 2, r"got 1 of int32"),
        (IMAGES, LABELS[:2], "labels", 4, r"expected 3 labels, one for each image of .*images, got 2"),
        (IMAGES, LABELS[[0, 1, 2, 2]], "labels", 4, r"expected 3 labels, .* got 4"),
        (IMAGES, np.array([0, 10, 255], "u1"), "labels", 9, r"below n_classes=10, got 10"),
    ],
)
def test_wrong_files_are_refused(write, images, labels, culprit, offset, message):
    paths = {"images": write(idx(images), "images"), "labels": write(idx(labels), "labels")}
    refused(paths[culprit], offset, message, lambda path: read_labelled_images(paths["images"], paths["labels"]))


@pytest.mark.parametrize(("culprit", "limit"), [("images", 11), ("labels", 2)])
def test_the_callers_limit_holds_for_both_files(write, culprit, limit):
    paths = {"images": write(idx(IMAGES), "images"), "labels": write(idx(LABELS), "labels")}
    read = lambda path: read_labelled_images(paths["images"], paths["labels"], limit=limit)  # noqa: E731
    if culprit == "labels":
        paths["images"] = write(idx(IMAGES[:1, :1, :1]), "images")
    refused(paths[culprit], 4, f"exceed limit={limit} bytes", read)


def test_the_number_of_classes_is_the_callers(write):
    paths = write(idx(IMAGES), "images"), write(idx(LABELS), "labels")
    assert read_labelled_images(*paths, n_classes=256)[1].tolist() == [0, 9, 4]
    with pytest.raises(DataFormatError, match="below n_classes=9, got 9"):
        read_labelled_images(*paths, n_classes=9)
