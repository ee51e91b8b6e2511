"""Wrong calls of the functions that draw: each error says what must hold and what came."""

import numpy as np
import pytest

from fnn import plot
from tests.fnn.plot.test_plot import LABELS, POINTS, RUNS, likely, nearest

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
    (lambda: plot.differences({"a": (0.1, 0.2)}), r"the axes \(3,\), .*got shape \(2,\): give \(estimate, low, high\)"),
    (lambda: plot.differences({"a": (0.1, 0.2, 0.1)}), "low <= high"),
    (lambda: plot.points(POINTS[:, :1], LABELS), r"the axes \(n, 2\), .*got shape \(30, 1\): pick two columns"),
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
def test_an_error_says_what_must_hold_and_what_came(misuse, message):
    with pytest.raises(ValueError, match=message):
        misuse()
