"""Results as tables, in Markdown."""

from collections.abc import Iterator, Mapping

from recipes.bench.measure import Measured

__all__ = ["TOLERANCE", "duration", "table"]

TOLERANCE = 0.05  # of the base's score, by which another may differ and still be said to do the same work


def duration(seconds: float) -> str:
    """Three figures with the unit that suits them.

    >>> duration(1.2345), duration(0.012345), duration(5.6e-5)
    ('1.23 s', '12.3 ms', '56.0 µs')
    """
    scale, unit = (1, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * scale:.3g} {unit}" if seconds * scale >= 100 else f"{seconds * scale:#.3g} {unit}"


def ratio(base: Measured, other: Measured) -> str:
    """The base's time over another's with the spread over the rounds; nothing where there is no base."""
    if base.missing:
        return ""
    middle, least, most = base.over(other)
    return f"{middle:.2f} ({least:.2f} to {most:.2f})"


def scored(base: Measured, other: Measured) -> str:
    """The score, marked where it is further from the base's than `TOLERANCE`."""
    if other.score is None:
        return ""
    if base.score is None or abs(other.score - base.score) <= TOLERANCE * abs(base.score):
        return f"{other.score:.4f}"
    return f"{other.score:.4f}: **not the same work** (more than {TOLERANCE:.0%} from {base.score:.4f})"


def table(title: str, results: Mapping[str, Measured], steps: int | None = None, base: str = "fnn") -> Iterator[str]:
    """One workload: each peer's median, a step's share of it, the base's time over its own, and its score."""
    head = ("", "median", *(["a step"] if steps else []), f"{base} / it", "score after")
    yield from ("", f"**{title}**", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|")
    for name, measured in results.items():
        if measured.missing:
            yield f"| {name} | not available: {measured.missing}{' |' * (len(head) - 1)}"
            continue
        a_step = [f"{measured.median / steps * 1e6:.0f} µs"] if steps else []
        compared = (ratio(results[base], measured), scored(results[base], measured))
        row = (name, duration(measured.median), *a_step, *compared)
        yield f"| {' | '.join(row)} |"
