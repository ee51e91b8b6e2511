"""Sample calls of the functions that read files, write files or draw pictures, each in a folder of its own."""

import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

import fnn
from fnn import Key, checkpoint, plot
from fnn.checkpoint import files
from tests.support.idx_files import write_idx
from tests.support.table import normal

RUNS = {"a": np.linspace(0, 1, 12).reshape(3, 4), "b": np.linspace(1, 2, 12).reshape(3, 4)}
GROUPS = {"a": np.linspace(0, 1, 5), "b": np.linspace(1, 2, 5)}


def of_files(read):
    """`read(folder)` for a folder with two IDX files, as a function of their arrays."""

    def call(images, labels):
        with tempfile.TemporaryDirectory() as folder:
            write_idx(Path(folder, "images"), images)
            write_idx(Path(folder, "labels"), labels)
            return read(Path(folder))

    return call, np.arange(24).reshape(2, 3, 4), np.arange(2)


def saved(values):
    with tempfile.TemporaryDirectory() as folder:
        figure = Figure(figsize=(1, 1))
        figure.add_subplot().plot(values)
        return [path.read_bytes() for path in plot.save(figure, Path(folder, "picture"), dpi=30)]


def drawn(f):
    """`f`, but returning the picture it draws as numbers and words: lines, positions, colours, texts."""

    def described(*inputs):
        told = []
        for artist in f(*inputs).findobj():
            told.append((type(artist).__name__, artist.get_text() if isinstance(artist, Text) else ""))
            for what in ("get_xydata", "get_offsets", "get_array", "get_facecolor", "get_extent"):
                told.append(np.asarray(getattr(artist, what, lambda: None)(), float))
        return told

    return described


def quietened():
    plot.canvas.quiet(axes := Figure(figsize=(2, 2)).add_subplot(), "x")
    return axes


def written(write):
    """`write(path, *inputs)` in an empty folder: what it returns, and the files that it leaves."""

    def call(*inputs):
        with tempfile.TemporaryDirectory() as folder:
            came = write(Path(folder, "file.npz"), *inputs)
            return came, {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}

    return call


def checkpointed(path, value):
    checkpoint.save(path, value, meta={"epochs": 3})
    return checkpoint.load(path, like=value), checkpoint.read_meta(path)


def a_training():
    state = fnn.adam().init(fnn.linear(2).init(Key(1), (3,))[0])
    return {"state": state, "key": Key(3), "data": normal(1, (3, 2)), "progress": fnn.Progress.start(state)}


def replaced(path, pieces):
    files.replace(files.checked_name(path), pieces)
    with files.reading(path) as file:
        return file.read()


def removed(path, pieces):
    files.replace(path, pieces)
    files.remove(path)


FILES = {
    "fnn.checkpoint.save": lambda: (written(checkpoint.save), a_training()),
    "fnn.checkpoint.load": lambda: (written(checkpointed), a_training()),
    "fnn.checkpoint.read_meta": lambda: (written(checkpointed), {"weights": normal(1, (3, 2))}),
    "fnn.checkpoint.files.checked_name": lambda: (written(replaced), [b"a", b"bc"]),
    "fnn.checkpoint.files.reading": lambda: (written(replaced), [b"a", b"bc"]),
    "fnn.checkpoint.files.replace": lambda: (written(replaced), [np.arange(3)]),
    "fnn.checkpoint.files.remove": lambda: (written(removed), [b"a", b"bc"]),
    "fnn.data.read_idx": lambda: of_files(lambda folder: fnn.data.read_idx(folder / "images")),
    "fnn.data.read_labelled_images": lambda: of_files(
        lambda folder: fnn.data.read_labelled_images(folder / "images", folder / "labels")
    ),
    "fnn.plot.boxes": lambda: (drawn(plot.boxes), GROUPS),
    "fnn.plot.curves": lambda: (drawn(plot.curves), RUNS),
    "fnn.plot.differences": lambda: (drawn(plot.differences), {"a - b": (0.1, 0.05, 0.2)}),
    "fnn.plot.points": lambda: (drawn(plot.points), normal(1, (9, 2)), np.arange(9) % 3),
    "fnn.plot.decision_regions": lambda: (
        drawn(lambda x, labels: plot.decision_regions(lambda x: (x[:, 0] > 0).astype(int), x, labels)),
        normal(1, (9, 2)),
        np.arange(9) % 2,
    ),
    "fnn.plot.heat_map": lambda: (drawn(plot.heat_map), RUNS["a"], ["x", "y", "z"], [1, 2, 3, 4]),
    "fnn.plot.confusion": lambda: (drawn(plot.confusion), np.arange(4).reshape(2, 2)),
    "fnn.plot.image_grid": lambda: (drawn(plot.image_grid), np.linspace(0, 1, 24).reshape(2, 3, 4)),
    "fnn.plot.save": lambda: (saved, np.arange(3.0)),
    "fnn.plot.canvas.axes_or_new": lambda: (drawn(lambda: plot.canvas.axes_or_new(None, 2, 3)),),
    "fnn.plot.canvas.quiet": lambda: (drawn(quietened),),
    "fnn.plot.canvas.checked_each": lambda: (plot.canvas.checked_each, "boxes: group", GROUPS, "(runs,)"),
    "fnn.plot.canvas.checked": lambda: (plot.canvas.checked, "boxes: group", np.ones(3), "(runs,)"),
    "fnn.plot.canvas.interval": lambda: (plot.canvas.interval, "a - b", (0.1, 0.2)),
}  # fmt: skip
