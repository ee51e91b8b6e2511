"""Pictures of tables: image grids, heat maps and confusion matrices show every value where it belongs."""

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from fnn import plot
from tests.fnn.plot.test_plot import RNG, texts


def test_an_image_grid_shows_every_image_with_its_title():
    images = RNG.random((7, 4, 6))
    (ax,) = plot.image_grid(images, titles=[f"true {i}" for i in range(7)], columns=3).axes
    for drawn, image in zip(ax.images, images, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), image)
        left, right, bottom, top = drawn.get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(4 / 6)
        assert drawn.get_clim() == (0, 1)
    corners = [(image.get_extent()[0], image.get_extent()[3]) for image in ax.images]
    assert len({x for x, _ in corners}) == len({y for _, y in corners}) == 3
    assert corners == sorted(corners, key=lambda corner: corner[::-1])
    assert texts(ax.texts) == [f"true {i}" for i in range(7)]


@pytest.mark.parametrize(("given", "columns"), [({}, 10), ({"titles": ["t"] * 12}, 6), ({"columns": 4}, 4)])
def test_an_image_grid_breaks_its_rows(given, columns):
    (ax,) = plot.image_grid(np.zeros((12, 2, 2)), **given).axes
    assert len({image.get_extent()[0] for image in ax.images}) == columns


def test_an_image_grid_keeps_the_rows_and_labels_that_it_is_given():
    (ax,) = plot.image_grid(np.zeros((2, 3, 5, 5)), row_labels=["in", "out"], column_labels=range(3)).axes
    assert len(ax.images) == 6
    assert texts(ax.get_yticklabels()) == ["in", "out"]
    assert texts(ax.get_xticklabels()) == ["0", "1", "2"]


def test_an_image_grid_fits_into_part_of_a_figure():
    above, below = Figure(layout="constrained").subfigures(2, 1)
    assert plot.image_grid(np.zeros((3, 4, 4)), titles="abc", figure=below) is below
    assert not above.axes
    assert len(below.axes) == 1


@pytest.mark.parametrize("title", ["true 4, predicted 9", "true 4\npredicted 9"])
def test_titles_lie_within_the_figure_and_not_on_each_other(title):
    figure = plot.image_grid(np.zeros((12, 28, 28)), titles=[title] * 12)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    boxes += [image.get_window_extent() for image in figure.axes[0].images]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(box.x0 >= 0 and box.y1 <= figure.bbox.height for box in boxes)


def test_a_heat_map_writes_every_value_where_it_can_be_read():
    ax = plot.heat_map(
        [[0, 1], [0.5, 0.25]], ["a", "b"], [4, 8], format="{:.2f}", xlabel="latent size", ylabel="depth", label="MSE"
    )
    assert texts(ax.texts) == ["0.00", "1.00", "0.50", "0.25"]
    assert [text.get_color() for text in ax.texts] == ["white", "black", "black", "white"]
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    (mesh,) = (c for c in ax.collections if isinstance(c, QuadMesh))
    np.testing.assert_array_equal(mesh.get_array(), [[0, 1], [0.5, 0.25]])
    assert texts(ax.get_xticklabels()) == ["4", "8"]
    assert texts(ax.get_yticklabels()) == ["a", "b"]
    assert ax.yaxis_inverted()
    assert [other.get_ylabel() for other in ax.figure.axes] == ["depth", "MSE"]


def test_heat_maps_with_the_same_limits_have_the_same_colours():
    maps = [plot.heat_map([[value, 3]], ["a"], [1, 2], limits=(0, 4)) for value in (1, 2)]
    assert [ax.collections[0].get_clim() for ax in maps] == [(0, 4), (0, 4)]
    assert plot.heat_map([[2, 2]], ["a"], [1, 2]).collections[0].get_clim() == (1.8, 2.2)


def test_a_heat_map_may_give_equal_ratios_equal_steps_of_colour():
    values = [[0.01, 0.1, 1.0], [0.1, 0.1, 1.0]]
    ax = plot.heat_map(values, ["a", "b"], [1, 2, 3], log=True)
    (mesh,) = (c for c in ax.collections if isinstance(c, QuadMesh))
    np.testing.assert_allclose(mesh.norm(np.array(values)), [[0, 0.5, 1], [0.5, 0.5, 1]])
    assert [text.get_color() for text in ax.texts[:3]] == ["white", "black", "black"]
    (bar,) = (other for other in ax.figure.axes if other is not ax)
    assert texts(bar.get_yticklabels()) == ["0.01", "0.0316", "0.1", "0.316", "1"]
    plot.heat_map([[2, 2]], ["a"], [1, 2], log=True).figure.draw_without_rendering()  # all values are equal


def test_a_confusion_shows_counts_and_shares_of_its_rows():
    ax = plot.confusion([[90, 10, 0], [0, 5, 0], [0, 0, 0]], names=["cat", "dog", "eel"])
    assert texts(ax.texts) == ["90", "10", "0", "0", "5", "0", "0", "0", "0"]
    np.testing.assert_allclose(ax.collections[0].get_array(), [[0.9, 0.1, 0], [0, 1, 0], [0, 0, 0]])
    assert texts(ax.get_xticklabels()) == texts(ax.get_yticklabels()) == ["cat", "dog", "eel"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert texts(plot.confusion([[1, 0], [0, 1]]).get_xticklabels()) == ["0", "1"]
