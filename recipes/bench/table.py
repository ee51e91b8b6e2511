"""Results as tables, in Markdown."""

from collections.abc import Iterator, Mapping

from recipes.bench.measure import Measured

__all__ = ["duration", "table"]


def duration(seconds: float) -> str:
    """Three figures with the unit that suits them.

    >>> duration(1.2345), duration(0.012345), duration(5.6e-5)
    ('1.23 s', '12.3 ms', '56.0 µs')
    """
    scale, unit = (1, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * scale:.3g} {unit}" if seconds * scale >= 100 else f"{seconds * scale:#.3g} {unit}"


def table(title: str, results: Mapping[str, Measured], base: str = "fnn") -> Iterator[str]:
    """One workload: each peer's median, the base's time over its own with the spread over the rounds, and its score."""
    yield from ("", f"**{title}**", "", f"| | median | {base} / it | score after |", "|---|---|---|---|")
    for name, measured in results.items():
        if measured.missing:
            yield f"| {name} | not available: {measured.missing} | | |"
            continue
        middle, least, most = results[base].over(measured)
        score = "" if measured.score is None else f"{measured.score:.4f}"
        yield f"| {name} | {duration(measured.median)} | {middle:.2f} ({least:.2f} to {most:.2f}) | {score} |"
