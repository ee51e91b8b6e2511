"""The findings of the benchmark, and their tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from matplotlib.figure import Figure

from recipes.bench.measure import Measured
from recipes.reporting.gallery import table as markdown_table

__all__ = ["TOLERANCE", "Finding", "duration", "ratio", "table", "titled"]

TOLERANCE = 0.05  # peers do the same work if their scores differ by at most this fraction of the base's score


@attrs.frozen
class Finding:
    """The result of one part of the benchmark.

    lines     Markdown
    values    what result.json keeps; None for a part that cannot be measured here, and then the lines say why
    picture   a picture or None
    """

    lines: list[str]
    values: Any
    picture: Figure | None = None


def duration(seconds: float) -> str:
    """A time with three digits and a suitable unit.

    >>> duration(1.2345), duration(0.012345), duration(5.6e-5)
    ('1.23 s', '12.3 ms', '56.0 µs')
    """
    scale, unit = (1, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * scale:.3g} {unit}" if seconds * scale >= 100 else f"{seconds * scale:#.3g} {unit}"


def ratio(a: Measured, b: Measured) -> str:
    """The time of `a` divided by that of `b`: the median over the rounds, the least and the greatest.

    >>> ratio(Measured((1.0, 2.0, 4.0)), Measured((2.0, 2.0, 2.0)))
    '1.00 (0.50 to 2.00)'
    """
    middle, least, most = a.ratio_to(b)
    return f"{middle:.2f} ({least:.2f} to {most:.2f})"


def score(base: Measured, other: Measured) -> str:
    """The score of `other`, marked if it differs from the base's by more than `TOLERANCE`."""
    if other.score is None:
        return ""
    if base.score is None or abs(other.score - base.score) <= TOLERANCE * abs(base.score):
        return f"{other.score:.4f}"
    return f"{other.score:.4f}: **not the same work** (more than {TOLERANCE:.0%} from {base.score:.4f})"


def titled(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table under its title."""
    return ["", f"**{title}**", "", *markdown_table(head, rows)]


def table(title: str, results: Mapping[str, Measured], steps: int | None = None, base: str = "fnn") -> list[str]:
    """The lines of one workload: a row for each peer with its time, the base's time divided by it, and its score.

    title      the workload
    results    the measurements by peer
    steps      the number of training steps in a round, if it trains; then the table has the time per step too
    base       the peer with which the others are compared
    """
    head = ("peer", "median", *(["per step"] if steps else []), f"{base} / peer", "score")

    def row(peer: str, measured: Measured) -> tuple[str, ...]:
        if measured.missing:
            return peer, f"not available: {measured.missing}", *[""] * (len(head) - 2)
        per_step = [f"{measured.median / steps * 1e6:.0f} µs"] if steps else []
        compared = "" if results[base].missing else ratio(results[base], measured)
        return peer, duration(measured.median), *per_step, compared, score(results[base], measured)

    return titled(title, head, [row(*each) for each in results.items()])
