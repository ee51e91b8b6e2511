"""Markdown: tables, and files with their pictures, small enough to be kept in a repository."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from recipes.running.store import write_bytes, write_text

__all__ = ["UNSEEN", "WIDTH", "shrink", "table", "thumbnail", "write_markdown"]

UNSEEN = 8  # of 255: a change of colour so small that it cannot be seen
WIDTH = 1000  # pixels: the width of a page of Markdown on a screen
SMALL = 320, 240  # pixels: the most that a small picture has


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    r"""The lines of a table.

    >>> table(("verdict", "claim"), [("holds", "a | b")])
    ['| verdict | claim |', '|---|---|', '| holds | a \\| b |']
    """

    def row(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"

    return [row(head), "|" + "---|" * len(head), *map(row, rows)]


def write_markdown(path: Path, text: str, pictures: Mapping[str, bytes]) -> None:
    """Write a Markdown file, and the pictures (PNG) at the paths, relative to it, that its links name."""
    write_text(path, text)
    for name, png in pictures.items():
        write_bytes(path.parent / name, shrink(png))


def shrink(png: bytes) -> bytes:
    """A picture of `WIDTH` pixels, in 256 colours if that changes no colour by more than `UNSEEN`.

    The 256 colours are chosen as far apart as possible, so that a thin line keeps its own colour.
    """
    picture, file = Image.open(BytesIO(png)).convert("RGB"), BytesIO()
    size = WIDTH, round(picture.height * WIDTH / picture.width)
    resized = picture.resize(size, Image.Resampling.LANCZOS)
    few = resized.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    changes = np.asarray(few.convert("RGB"), dtype=int) - np.asarray(resized, dtype=int)
    (few if np.abs(changes).max() <= UNSEEN else resized).save(file, "png", optimize=True)
    return file.getvalue()


def thumbnail(png: bytes) -> bytes:
    """A small picture, in 64 colours."""
    picture, file = Image.open(BytesIO(png)).convert("RGB"), BytesIO()
    picture.thumbnail(SMALL, Image.Resampling.LANCZOS)
    picture.quantize(64, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return file.getvalue()
