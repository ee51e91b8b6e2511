"""How trees and tables are shown: as text, or in HTML, which Jupyter shows in place of a repr."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

__all__ = ["html_table", "leaf_rows", "text_lines", "text_table"]

ALIGN = {"<": "left", ">": "right"}


def html_table(lines: Sequence[Sequence[str]], sides: str, caption: str = "") -> str:
    """Lines of cells as a table in HTML; a line without cells ends the head, or a section of the body.

    `sides` has "<" for each column aligned left and ">" for each aligned right.

    >>> html_table([("layer",), (), ("<lambda>",)], "<")  # doctest: +NORMALIZE_WHITESPACE
    '<table><thead><tr><th style="text-align: left">layer</th></tr></thead><tbody><tr><td style="text-align:
    left">&lt;lambda&gt;</td></tr></tbody></table>'
    """
    from html import escape  # here, since it takes a millisecond that training does not need

    def rows(section: Sequence[Sequence[str]], tag: str) -> str:
        styled = [f'{tag} style="text-align: {ALIGN[side]}"' for side in sides]
        return "".join(
            "<tr>" + "".join(f"<{t}>{escape(cell)}</{tag}>" for t, cell in zip(styled, line, strict=True)) + "</tr>"
            for line in section
        )

    head, *bodies = [list(section) for has_cells, section in groupby(lines, bool) if has_cells]
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(f"<tbody>{rows(section, 'td')}</tbody>" for section in bodies)
    return f"<table>{title}<thead>{rows(head, 'th')}</thead>{body}</table>"


def text_table(lines: Sequence[Sequence[str]], sides: str) -> str:
    """Lines of cells as a table in text, such as a `summary`, with a rule for a line without cells."""
    widths = [max(map(len, column)) for column in zip(*filter(None, lines), strict=True)]
    rule = ["-" * width for width in widths]
    rows = (zip(line or rule, sides, widths, strict=True) for line in lines)
    return "\n".join("  ".join(f"{cell:{side}{width}}" for cell, side, width in row).rstrip() for row in rows)


def text_lines(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    """The lines of a tree: a name and a leaf a line, with the leaves of one mapping aligned.

    >>> print(*text_lines({"0": {"bias": 3, "weights": (2, 3)}}, ""), sep="\\n")
    0
      bias     3
      weights  (2, 3)
    """
    width = max((len(name) for name in tree if not isinstance(tree[name], Mapping)), default=0)
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}" + ("" if value else "  (none)")
            yield from text_lines(value, indent + "  ")
        else:
            yield f"{indent}{name:{width}}  {' '.join(_shape_and_dtype(value))}".rstrip()


def leaf_rows(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """The path, the shape and the dtype of each leaf, as text.

    >>> list(leaf_rows({"0": {"bias": 3}, "1": {}}))
    [('0.bias', '3', ''), ('1', '(none)', '')]
    """
    for name, value in tree.items():
        if not isinstance(value, Mapping):
            yield prefix + name, *_shape_and_dtype(value)
        elif value:
            yield from leaf_rows(value, f"{prefix}{name}.")
        else:
            yield prefix + name, "(none)", ""


def _shape_and_dtype(leaf: Any) -> tuple[str, str]:
    """The shape and the dtype of what has both; anything else, such as a number, as it is."""
    if hasattr(leaf, "shape") and hasattr(leaf, "dtype"):
        return str(tuple(leaf.shape)), str(leaf.dtype)
    return repr(leaf), ""
