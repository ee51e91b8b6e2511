"""Pictures of the plane: points have their classes, and regions agree with the classifier."""

import numpy as np
import pytest

from fnn import plot
from tests.fnn.plot.test_plot import LABELS, POINTS, RNG, likely, nearest, texts


def test_points_are_one_collection_a_class():
    ax = plot.points(POINTS, LABELS, xlabel="first", ylabel="second")
    assert [len(dots.get_offsets()) for dots in ax.collections] == [10, 10, 10]
    assert [dots.get_label() for dots in ax.collections] == ["class 0", "class 1", "class 2"]
    assert len({tuple(dots.get_facecolor()[0]) for dots in ax.collections}) == 3
    assert len({len(dots.get_paths()[0].vertices) for dots in ax.collections}) > 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first", "second")


def test_points_have_the_names_of_their_classes():
    ax = plot.points(POINTS, LABELS > 0, names=["no", "yes"])
    assert texts(ax.texts) == [dots.get_label() for dots in ax.collections] == ["no", "yes"]
    np.testing.assert_allclose(ax.texts[0].get_position(), np.median(POINTS[LABELS == 0], axis=0))


def test_thousands_of_points_are_stored_as_pixels():
    x = RNG.normal(size=(2001, 2))
    assert plot.points(x, np.zeros(2001, int)).collections[0].get_rasterized()
    assert not plot.points(x[:2000], np.zeros(2000, int)).collections[0].get_rasterized()


@pytest.mark.parametrize("classify", [likely, lambda x: likely(x).argmax(axis=-1)])
def test_decision_regions_cover_the_points_and_agree_with_the_classifier(classify):
    ax = plot.decision_regions(classify, POINTS + 5, LABELS, resolution=100)
    fills = [c for c in ax.collections if getattr(c, "filled", False)]
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    assert (x0, y0) < tuple(POINTS.min(axis=0) + 5)
    assert (x1, y1) > tuple(POINTS.max(axis=0) + 5)
    assert x1 - x0 == pytest.approx(y1 - y0)
    assert ax.get_aspect() == 1
    places = RNG.uniform((x0, y0), (x1, y1), (200, 2))
    scores = np.sort(likely(places), axis=-1)
    clear = scores[:, -1] - scores[:, -2] > 0.05
    decided = likely(places).argmax(axis=-1)
    for k, fill in zip(np.unique(decided[clear]), fills, strict=True):
        inside = np.any([path.contains_points(places) for path in fill.get_paths()], axis=0)
        np.testing.assert_array_equal(inside[clear], (decided == k)[clear])


def test_a_classifier_with_one_answer_has_one_region_and_no_border():
    ax = plot.decision_regions(lambda x: np.zeros(len(x), int), POINTS, LABELS)
    assert len(ax.collections) == 3 + 1
    same = plot.decision_regions(nearest, np.ones((2, 2)), [0, 1])  # both points in one place
    assert same.get_xlim() == (0, 2)
