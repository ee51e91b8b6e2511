"""What `summary` and `explain` share: they watch the innermost layers of a model, and print a table."""

from collections.abc import Callable, Sequence

from fnn.layer import Layer
from fnn.tree import Path

__all__ = ["table", "with_innermost"]


def with_innermost(model: Layer, change: Callable[[Path, Layer], Layer], path: Path = ()) -> Layer:
    """The model with `change(path, layer)` in the place of each of its innermost layers."""
    if not model.parts or model.combine is None:
        return change(path, model)
    return model.combine(**{name: with_innermost(part, change, (*path, name)) for name, part in model.parts.items()})


def table(lines: Sequence[Sequence[str]], sides: str) -> str:
    """Lines of cells as a table. `sides` has "<" for each column aligned left and ">" for each aligned right.

    A line without cells is a rule.

    >>> print(table([("layer", "parameters"), (), ("linear(64)", "50,240")], "<>"))
    layer       parameters
    ----------  ----------
    linear(64)      50,240
    """
    widths = [max(map(len, column)) for column in zip(*filter(None, lines), strict=True)]
    rule = ["-" * width for width in widths]
    rows = (zip(line or rule, sides, widths, strict=True) for line in lines)
    return "\n".join("  ".join(f"{cell:{side}{width}}" for cell, side, width in row).rstrip() for row in rows)
