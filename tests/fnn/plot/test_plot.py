"""Pictures are functions of their data: same data, same bytes, and nothing else changes."""

import copy
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm, iqr

RNG = np.random.default_rng(42)
RUNS = RNG.uniform(0.5, 1.0, (15, 6))
POINTS, LABELS = RNG.normal(size=(30, 2)), np.arange(30) % 3


def nearest(x):
    """Class indices (m,) by the sign of the first coordinate."""
    return (x[:, 0] > 0).astype(int)


def likely(x):
    """Probabilities (m, 3) of three classes around a circle."""
    angle = np.arange(3) * 2 * np.pi / 3
    scores = np.exp(x @ np.stack([np.cos(angle), np.sin(angle)]))
    return scores / scores.sum(axis=-1, keepdims=True)


# Every function that draws on axes, with the data that it draws.
ON_AXES = {
    "curves": (plot.curves, ({"a": RUNS, "b": RUNS[:, :4].tolist(), "c": RUNS[:1]},)),
    "boxes": (plot.boxes, ({"SGD": RUNS[0], "Adam W": RUNS[1].tolist()},)),
    "differences": (plot.differences, ({"a - b": (0.1, 0.05, 0.2), "a - c": [0.0, -0.1, 0.1]},)),
    "points": (plot.points, (POINTS, LABELS)),
    "decision_regions": (plot.decision_regions, (likely, POINTS, LABELS)),
    "heat_map": (plot.heat_map, (RUNS[:2, :3], ["x", "y"], [4, 8, 16])),
    "confusion": (plot.confusion, (np.array([[8, 2], [0, 5]]),)),
}


@pytest.fixture
def ax():
    return Figure(figsize=(5, 4)).add_subplot()


@pytest.fixture(params=[*ON_AXES, "image_grid"])
def figure(request):
    """A function that draws one picture, anew at each call."""
    if request.param == "image_grid":
        return lambda: plot.image_grid(RUNS.reshape(2, 5, 3, 3), titles=["a\nb"] * 10, row_labels=["x", "y"])
    draw, data = ON_AXES[request.param]
    return lambda: draw(*data).figure


def texts(artists):
    return [text.get_text() for text in artists]


# What holds for all of them.


@pytest.mark.parametrize("name", ON_AXES)
def test_the_axes_that_are_given_come_back(name, ax):
    draw, data = ON_AXES[name]
    assert draw(*data, ax=ax) is ax
    assert ax.has_data()


def test_a_second_picture_beside_the_first_leaves_the_first_alone():
    first, second = Figure().subplots(1, 2)
    before = len(plot.curves({"a": RUNS}, ax=first).get_children())
    plot.curves({"a": RUNS}, ax=second)
    assert len(first.get_children()) == before


@pytest.mark.parametrize("name", ON_AXES)
def test_arguments_are_left_as_they_were(name):
    draw, data = ON_AXES[name]
    before = copy.deepcopy(data)
    for array in data:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    draw(*data)
    np.testing.assert_equal(data, before)


def test_global_state_is_left_as_it_was(figure):
    before = dict(matplotlib.rcParams)
    figure()
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []


def test_pyplot_is_not_even_imported():
    code = "import sys, fnn.plot; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_data_give_the_same_bytes(figure, tmp_path):
    drawn, before = figure(), dict(matplotlib.rcParams)
    saved = [plot.save(f, tmp_path / name, dpi=60) for f, name in [(drawn, "a"), (drawn, "b"), (figure(), "c")]]
    for files in zip(*saved, strict=True):
        assert len({path.read_bytes() for path in files}) == 1
    assert dict(matplotlib.rcParams) == before


# Saving.


def test_save_writes_two_files_and_nothing_else(tmp_path):
    paths = plot.save(Figure(figsize=(1, 1)), tmp_path / "noise_0.6", dpi=50)
    assert [path.name for path in paths] == ["noise_0.6.png", "noise_0.6.svg"]
    assert set(tmp_path.iterdir()) == set(paths)
    png, svg = (path.read_bytes() for path in paths)
    assert png.startswith(b"\x89PNG")
    assert svg.startswith(b"<?xml")
    assert b"dc:date" not in svg
    assert b"Software" not in png


def test_save_keeps_the_references_of_an_svg_intact(tmp_path):
    svg = plot.save(plot.decision_regions(nearest, POINTS, LABELS).figure, tmp_path / "regions")[1].read_text()
    defined = {part.split('"')[0] for part in svg.split(' id="')[1:]}
    used = {part.split('"')[0] for part in svg.split('href="#')[1:]} | {
        part.split(")")[0] for part in svg.split("url(#")[1:]
    }
    assert used
    assert used <= defined
    assert {"id0", "id1"} <= used


def test_save_takes_a_part_for_the_whole(tmp_path):
    whole = Figure(figsize=(2, 1))
    part = whole.subfigures(1, 2)[0]
    plot.boxes({"a": [1.0, 2.0]}, ax=part.add_subplot())
    of_part, of_whole = (plot.save(f, tmp_path / n)[0].read_bytes() for f, n in [(part, "a"), (whole, "b")])
    assert of_part == of_whole


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_save_rejects_a_suffix(suffix, tmp_path):
    with pytest.raises(ValueError, match=r"without a suffix.*write '.*figure'"):
        plot.save(Figure(), tmp_path / f"figure{suffix}")


def test_save_makes_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        plot.save(Figure(figsize=(1, 1)), tmp_path / "none" / "figure")


# Runs.


def test_curves_draw_the_interquartile_mean_and_range():
    ax = plot.curves({"ReLU": RUNS, "TanH": RUNS / 2}, ylabel="accuracy", start=0)
    assert texts(ax.get_legend().get_texts()) == ["ReLU", "TanH"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy")
    assert len(ax.lines) == len(ax.collections) == 2
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 2
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.arange(6))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), iqm(RUNS, axis=0))
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    for edge in iqr(RUNS, axis=0):
        assert np.isin(edge, corners).all()


def test_a_single_run_is_a_line_without_a_band():
    ax = plot.curves({"only": RUNS[:1]})
    assert len(ax.lines) == 1
    assert not ax.collections
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), RUNS[0])


def test_curves_follow_the_runs_that_are_still_going():
    runs = RUNS[:4].copy()
    runs[0, 2:] = runs[1, 4:] = runs[2, 4:] = runs[:, 5] = np.nan
    ax = plot.curves({"a": runs})
    most, few = ax.lines
    np.testing.assert_array_equal(most.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(most.get_ydata()[2:], iqm(runs[1:, 2:4], axis=0))
    np.testing.assert_array_equal(few.get_xdata(), [4, 5])
    assert few.get_ydata()[1] == runs[3, 4]
    assert few.get_alpha() < 1
    assert len(ax.get_legend().get_texts()) == 1


def test_curves_can_stand_at_places_of_their_own():
    ax = plot.curves({"long": RUNS, "short": RUNS[:, :4]}, x=np.linspace(0, 1, 6), xlabel="noise")
    np.testing.assert_allclose(ax.lines[1].get_xdata(), [0, 0.2, 0.4, 0.6])
    assert ax.get_xlabel() == "noise"


def test_many_curves_have_their_legend_outside():
    ax = plot.curves({str(k): RUNS + k for k in range(10)})
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 10


def test_boxes_show_every_run_at_the_same_place_each_time():
    groups = {"SGD": RUNS[:, 0], "Adam": RUNS[:7, 1]}
    first, second = (plot.boxes(groups, xlabel="optimizer", ylabel="accuracy") for _ in range(2))
    dots = [line for line in first.lines if line.get_marker() == "o"]
    for i, (dot, runs) in enumerate(zip(dots, groups.values(), strict=True)):
        np.testing.assert_array_equal(dot.get_ydata(), runs)
        assert (abs(dot.get_xdata() - i) < 0.25).all()
        assert len(set(dot.get_xdata())) == len(runs)
    for a, b in zip(first.lines, second.lines, strict=True):
        np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())
    assert len(first.patches) == 2
    assert texts(first.get_xticklabels()) == ["SGD", "Adam"]
    assert (first.get_xlabel(), first.get_ylabel()) == ("optimizer", "accuracy")


def test_boxes_mark_the_interquartile_mean_and_its_interval():
    groups = {"a": RUNS[:, 0], "b": RUNS[:, 1]}
    ax = plot.boxes(groups, intervals={"b": (0.6, 0.8)})
    marks = [line for line in ax.lines if line.get_marker() == "D"]
    np.testing.assert_allclose([mark.get_ydata()[0] for mark in marks], [iqm(runs) for runs in groups.values()])
    (bar,) = ax.collections
    np.testing.assert_allclose(bar.get_segments()[0][:, 1], [0.6, 0.8])
    assert texts(ax.get_legend().get_texts()) == ["interquartile mean, 95 % interval"]
    assert texts(plot.boxes(groups).get_legend().get_texts()) == ["interquartile mean"]


def test_differences_are_filled_where_the_interval_excludes_zero():
    rows = {"above": (0.2, 0.1, 0.3), "around": (0.1, -0.1, 0.3), "below": (-0.2, -0.3, -0.1)}
    ax = plot.differences(rows, xlabel="accuracy gained")
    zero, *dots = ax.lines
    assert list(zero.get_xdata()) == [0, 0]
    assert [dot.get_xdata()[0] for dot in dots] == [0.2, 0.1, -0.2]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True, False]
    np.testing.assert_allclose([bar.get_segments()[0][:, 0] for bar in ax.collections], [r[1:] for r in rows.values()])
    assert texts(ax.get_yticklabels()) == list(rows)
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "accuracy gained"


# Planes.


def test_points_are_one_collection_a_class():
    ax = plot.points(POINTS, LABELS, xlabel="first", ylabel="second")
    assert [len(dots.get_offsets()) for dots in ax.collections] == [10, 10, 10]
    assert [dots.get_label() for dots in ax.collections] == ["class 0", "class 1", "class 2"]
    assert len({tuple(dots.get_facecolor()[0]) for dots in ax.collections}) == 3
    assert len({len(dots.get_paths()[0].vertices) for dots in ax.collections}) > 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first", "second")


def test_points_bear_the_names_of_their_classes():
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
    same = plot.decision_regions(nearest, np.ones((2, 2)), [0, 1])  # both points at one place
    assert same.get_xlim() == (0, 2)


# Grids.


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
    plot.heat_map([[2, 2]], ["a"], [1, 2], log=True).figure.draw_without_rendering()  # no range at all


def test_a_confusion_shows_counts_and_shares_of_its_rows():
    ax = plot.confusion([[90, 10, 0], [0, 5, 0], [0, 0, 0]], names=["cat", "dog", "eel"])
    assert texts(ax.texts) == ["90", "10", "0", "0", "5", "0", "0", "0", "0"]
    np.testing.assert_allclose(ax.collections[0].get_array(), [[0.9, 0.1, 0], [0, 1, 0], [0, 0, 0]])
    assert texts(ax.get_xticklabels()) == texts(ax.get_yticklabels()) == ["cat", "dog", "eel"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert texts(plot.confusion([[1, 0], [0, 1]]).get_xticklabels()) == ["0", "1"]


# Misuse.

IMAGES = np.zeros((2, 3, 3))
WRONG = [
    (lambda: plot.curves({}), "at least one"),
    (
        lambda: plot.curves({"a": [0.5, 0.4]}),
        r"'a' must have the axes \(runs, epochs\).*got shape \(2,\).*values\[None",
    ),
    (lambda: plot.curves({"a": [[0.5, 0.4], [0.5]]}), "rows of different lengths: pad"),
    (lambda: plot.curves({"a": [["x"]]}), "real numbers, got dtype"),
    (lambda: plot.curves({"a": np.zeros((0, 3))}), r"none empty, got shape \(0, 3\)"),
    (lambda: plot.curves({"a": [[0.5, np.inf]]}), "finite, got 1 values of 2"),
    (lambda: plot.curves({"a": [[0.5, np.nan, 0.5]]}), "only after a run's last epoch"),
    (lambda: plot.curves({"a": [[np.nan, np.nan], [0.5, 0.5]]}), "only after a run's last epoch"),
    (lambda: plot.curves({"a": [[0.5, 0.4]]}, x=[0]), "each of the 2 epochs of 'a', got 1"),
    (lambda: plot.boxes({}), "at least one"),
    (lambda: plot.boxes({"a": RUNS}), r"'a' must have the axes \(runs,\)"),
    (lambda: plot.boxes({"a": [0.5, np.nan]}), "finite, got 1 values of 2"),
    (lambda: plot.boxes({"a": [0.5]}, intervals={"b": (0, 1)}), r"name groups of \['a'\], got \['b'\]"),
    (lambda: plot.boxes({"a": [0.5]}, intervals={"a": (1, 0)}), "low <= high"),
    (lambda: plot.boxes({"a": [0.5]}, intervals={"a": 0.1}), r"give \(low, high\)"),
    (lambda: plot.differences({}), "at least one"),
    (lambda: plot.differences({"a": (0.1, 0.2)}), "must be 3 numbers, got 2"),
    (lambda: plot.differences({"a": (0.1, 0.2, 0.1)}), "low <= high"),
    (lambda: plot.points(POINTS[:, :1], LABELS), r"shape \(30, 2\).*got \(30, 1\)"),
    (lambda: plot.points(POINTS[:5], LABELS), r"a row for each label, got \(5, 2\)"),
    (lambda: plot.points(POINTS, np.eye(3)[LABELS]), "argmax"),
    (lambda: plot.points(POINTS, LABELS / 2), "integers >= 0"),
    (lambda: plot.points(POINTS, LABELS - 1), "integers >= 0"),
    (lambda: plot.points(POINTS, LABELS, names=["a", "b"]), "reach class 2, got 2"),
    (lambda: plot.decision_regions(lambda x: likely(x)[:, :1], POINTS, LABELS), r"return p\[:, 0\] > 0.5"),
    (lambda: plot.decision_regions(lambda x: likely(x)[:, 0], POINTS, LABELS), "class indices"),
    (lambda: plot.decision_regions(lambda x: nearest(x)[:5], POINTS, LABELS), r"got shape \(5,\)"),
    (lambda: plot.decision_regions(lambda x: nearest(x) - 1, POINTS, LABELS), "class indices"),
    (lambda: plot.decision_regions(lambda x: likely(x) * np.nan, POINTS, LABELS), "finite"),
    (lambda: plot.image_grid(IMAGES[0]), r"\(n, h, w\).*images\[None\]"),
    (lambda: plot.image_grid(IMAGES + 255), r"in \[0, 1\], got 255 to 255"),
    (lambda: plot.image_grid(IMAGES - 0.5), r"in \[0, 1\]"),
    (lambda: plot.image_grid(IMAGES, columns=0), "at least 1, got 0"),
    (lambda: plot.image_grid(IMAGES, titles=["a"]), "titles must be 2 in number, got 1"),
    (lambda: plot.image_grid(IMAGES, row_labels=["a", "b"]), "row labels must be 1"),
    (lambda: plot.image_grid(IMAGES, column_labels=["a"]), "column labels must be 2"),
    (lambda: plot.heat_map([0.5], ["a"], ["b"]), r"\(rows, cols\)"),
    (lambda: plot.heat_map([[0.5]], ["a", "b"], ["c"]), "row labels must be 1 in number, got 2"),
    (lambda: plot.heat_map([[0.5]], ["a"], []), "column labels must be 1 in number, got 0"),
    (lambda: plot.heat_map([[0.5]], ["a"], ["b"], limits=(1, 0)), "limits must be .* low <= high"),
    (lambda: plot.heat_map([[0.5, 0]], ["a"], ["b", "c"], log=True), "log=True, values and limits .* got 0 among"),
    (lambda: plot.heat_map([[0.5]], ["a"], ["b"], limits=(-1, 1), log=True), "must be positive, got -1"),
    (lambda: plot.confusion([[1, 2]]), r"\(k, k\) integers >= 0, got shape \(1, 2\)"),
    (lambda: plot.confusion([[0.5]]), "integers >= 0.*float64"),
    (lambda: plot.confusion([[-1]]), "integers >= 0"),
    (lambda: plot.confusion([[1]], names=["a", "b"]), "names must be 1 in number, got 2"),
]


@pytest.mark.parametrize(("misuse", "message"), WRONG)
def test_misuse_says_what_must_hold_and_what_came(misuse, message):
    with pytest.raises(ValueError, match=message):
        misuse()
