"""The pictures of recipes: few runs are points, differences stand before their margin, and words keep their places."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from fnn.plot import boxes
from recipes.claims import ACCURACY, Estimate, judged
from recipes.classifiers.study import comparison
from recipes.pictures import differences, hollow, legible, minus, sized


def named(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def groups_of(n):
    return {"a": [0.5] * n, "b c": np.linspace(0.1, 0.2, n)}


@pytest.mark.parametrize("n", [1, 2, 4])
def test_few_runs_are_points_and_nothing_else(n):
    (ax,) = comparison(groups_of(n), [("a", "b c")], "x", {}).axes
    assert [list(dots.get_ydata()) for dots in named(ax, "o")] == [list(values) for values in groups_of(n).values()]
    for i, dots in enumerate(named(ax, "o")):
        assert (dots.get_xdata().min() + dots.get_xdata().max()) / 2 == pytest.approx(i)
        assert len(set(dots.get_xdata())) == n
    assert (len(ax.lines), len(ax.patches), ax.get_legend()) == (2, 0, None)
    assert ax.get_title() == f"{n} run{'s' * (n > 1)} of each (too few to judge)"


def test_markers_can_be_emptied():
    ax = Figure().subplots()
    ax.plot([0, 1], [0, 1], "o")
    hollow(ax)
    assert [line.get_markerfacecolor() for line in ax.lines] == ["white"]


def test_five_runs_have_boxes_and_differences():
    left, right = comparison(groups_of(5), [("a", "b c")], "x", {}).axes
    assert (len(left.patches), left.get_title()) == (2, "5 runs of each")
    assert right.get_yticklabels()[0].get_text() == "a − b c"
    (left,) = comparison(groups_of(5), [], "x", {}).axes  # nothing is compared
    assert len(left.patches) == 2


def drawn(*intervals):
    ax = Figure(figsize=(6, 3), layout="constrained").subplots()
    rows = {minus(f"a{i}", "b"): (np.mean(ends), *ends) for i, ends in enumerate(intervals)}
    differences(rows, ax, ACCURACY, "difference")
    return ax


def test_a_difference_is_marked_as_a_claim_would_be_judged():
    intervals = (0.001, 0.003), (-0.03, -0.01), (-0.0015, -0.0005), (-0.001, 0.001), (-0.001, 0.003)
    ax = drawn(*intervals)
    _, *marks = ax.lines
    shown = [(mark.get_marker(), mark.get_markerfacecolor()) for mark in marks]
    legend = ax.figure.legends[0]
    *words, _ = (text.get_text() for text in legend.get_texts())
    lines = [(line.get_marker(), line.get_markerfacecolor()) for line in legend.get_lines()]
    explained = dict(zip(lines, words, strict=True))
    verdicts = [judged(Estimate(np.mean(ends), ends, 15), above=0, measure=ACCURACY) for ends in intervals]
    differs = {"holds": "a difference", "fails": "a difference"}
    assert [explained[mark] for mark in shown] == [differs.get(verdict, verdict) for verdict in verdicts]
    assert [explained[mark] for mark in shown] == [
        "a difference",
        "a difference",
        "no difference that matters",  # though the interval excludes zero
        "no difference that matters",
        "undecided",
    ]
    bars = [bar.get_segments()[0][:, 0] for bar in ax.collections]
    np.testing.assert_allclose(bars[-1], [-0.001, 0.003])


def test_the_margin_is_a_band_with_its_name_and_lies_wholly_in_sight():
    ax = drawn((0.01, 0.012))
    (band,) = ax.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-ACCURACY.margin, ACCURACY.margin))
    low, high = ax.get_xlim()
    assert low < -ACCURACY.margin < ACCURACY.margin < high
    *_, name = ax.figure.legends[0].get_texts()
    assert name.get_text() == "margin: within ±0.002, too small to matter"
    assert ax.figure.legends[0].get_patches()[0].get_facecolor() == band.get_facecolor()


@pytest.mark.parametrize("high", [0.0021, 0.005, 0.013, 0.02, 0.07])
def test_an_axis_of_differences_has_three_ticks_or_more_which_do_not_touch(high):
    ax = drawn((0.001, high))
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    places = [tick.get_window_extent() for tick in ax.get_xticklabels() if low <= tick.get_position()[0] <= high]
    assert len(places) >= 3
    assert all(a.x1 < b.x0 for a, b in pairwise(places))


def test_only_long_labels_have_two_lines():
    long = "Sigmoid, wrong gradient"
    pairs = ("mean of 64, 128", "mean of 8, 16"), ("TanH", long), (long, long)
    assert [minus(a, b) for a, b in pairs] == ["mean of 64, 128 − mean of 8, 16", f"TanH − {long}", f"{long}\n− {long}"]


def test_a_grid_does_not_run_through_a_legend():
    figure = boxes({"a": [1.0, 2.0], "b": [1.0, 3.0]}).figure
    assert legible(figure) is figure
    (ax,) = figure.axes
    legend, (grid, *_) = ax.get_legend(), ax.get_ygridlines()
    assert legend.get_frame_on()
    assert legend.get_frame().get_facecolor() == (1, 1, 1, 1)
    below, above = ax.xaxis.get_zorder() if ax.get_axisbelow() is not True else 0.5, ax.lines[0].get_zorder()
    assert grid.get_visible()
    assert below < legend.get_zorder() < min(above, *(patch.get_zorder() for patch in ax.patches))


def test_a_legend_without_a_grid_stays_as_it_is():
    ax = Figure().subplots()
    ax.plot([0, 1], [0, 1], label="line")
    before = ax.legend(frameon=False).get_zorder()
    legible(ax.figure)
    assert (ax.get_legend().get_frame_on(), ax.get_legend().get_zorder()) == (False, before)


def test_words_that_are_too_long_for_a_figure_go_on_in_the_next_line():
    words = "hidden=64,64 rate=0.002 patience=3 activation=tanh; 1 run of 1 epoch; the paper's size: 15 of 50"
    figure = sized(drawn((0.001, 0.002)).figure, words)
    figure.draw_without_rendering()
    (text,) = figure.texts
    assert text.get_text().replace("\n", " ") == words
    place, legend = text.get_window_extent(), figure.legends[0].get_window_extent()
    assert 0 <= place.x0 < place.x1 <= figure.bbox.width
    assert 0 <= place.y0 < place.y1 <= legend.y0
    assert legend.y1 <= figure.axes[0].get_tightbbox().y0
