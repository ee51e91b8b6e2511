"""Pictures of runs: curves, boxes and differences show the numbers that they should."""

import numpy as np
import pytest

from fnn import plot
from fnn.metrics import iqm, iqr
from tests.fnn.plot.test_plot import RUNS, texts


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


def test_curves_can_be_drawn_at_given_places():
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
    assert len(ax.patches) == 0


@pytest.mark.parametrize("margin", [-0.1, np.nan, np.inf, "0.1"])
def test_a_margin_is_a_number_from_0_up(margin):
    with pytest.raises(ValueError, match=r"differences\(margin\) must be a number"):
        plot.differences({"a": (0.0, -1.0, 1.0)}, margin=margin)


def test_differences_within_a_margin_are_squares_in_front_of_its_band():
    rows = {"small": (0.05, 0.01, 0.09), "large": (0.15, 0.05, 0.25), "either": (0.0, -0.2, 0.09), "at it": (0, 0, 0.1)}
    ax = plot.differences(rows, margin=0.1)
    (band,) = ax.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((-0.1, 0.2))
    _, *dots = ax.lines
    assert [dot.get_marker() for dot in dots] == ["s", "o", "o", "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, False, True, True]
