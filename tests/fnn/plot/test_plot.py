"""What holds for all pictures: the same data give the same bytes, and nothing else changes."""

import copy
import subprocess
import sys
from contextlib import contextmanager

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from fnn import plot

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


# Each function that draws on axes, with data to draw.
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
    """A function that draws one picture; each call makes a new one."""
    if request.param == "image_grid":
        return lambda: plot.image_grid(RUNS.reshape(2, 5, 3, 3), titles=["a\nb"] * 10, row_labels=["x", "y"])
    draw, data = ON_AXES[request.param]
    return lambda: draw(*data).figure


def texts(artists):
    return [text.get_text() for text in artists]


# All pictures.


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
    svg = plot.save(plot.decision_regions(nearest, POINTS, LABELS).figure, tmp_path / "regions")[1].read_text(
        encoding="utf-8"
    )
    defined = {part.split('"')[0] for part in svg.split(' id="')[1:]}
    used = {part.split('"')[0] for part in svg.split('href="#')[1:]} | {
        part.split(")")[0] for part in svg.split("url(#")[1:]
    }
    assert used
    assert used <= defined
    assert {"id0", "id1"} <= used


def test_save_saves_the_whole_figure_of_a_part(tmp_path):
    whole = Figure(figsize=(2, 1))
    part = whole.subfigures(1, 2)[0]
    plot.boxes({"a": [1.0, 2.0]}, ax=part.add_subplot())
    of_part, of_whole = (plot.save(f, tmp_path / n)[0].read_bytes() for f, n in [(part, "a"), (whole, "b")])
    assert of_part == of_whole


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_save_rejects_a_suffix(suffix, tmp_path):
    with pytest.raises(ValueError, match=r"without a suffix.*write '.*figure'"):
        plot.save(Figure(), tmp_path / f"figure{suffix}")


@contextmanager
def files_of_at_most(size):
    """Let each write beyond `size` bytes fail, as on a full disk."""
    import resource  # which Windows does not have

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits on the size of files")
@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_file_that_cannot_be_written_is_named_and_keeps_what_it_was(suffix, existing, tmp_path):
    def drawn(heights):
        return plot.boxes({str(height): [height, height + 1.0] for height in heights}).figure

    png, svg = plot.save(drawn([2, 3]), tmp_path / "other", dpi=50)
    sizes = [path.stat().st_size for path in (png, svg)]
    assert sizes[0] < sizes[1]
    if existing:
        plot.save(drawn([1]), tmp_path / "figure", dpi=50)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with (
        files_of_at_most(sizes[suffix == ".svg"] - 1),
        pytest.raises(OSError, match=rf"File too large: '{tmp_path}/figure\{suffix}'"),
    ):
        plot.save(drawn([2, 3]), tmp_path / "figure", dpi=50)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    whole = {"figure.png": before["other.png"]} if suffix == ".svg" else {}
    assert after == before | whole


def test_save_makes_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"No such file or directory: '{tmp_path}/none/figure\.png'"):
        plot.save(Figure(figsize=(1, 1)), tmp_path / "none" / "figure")
