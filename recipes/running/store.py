"""Results on disk: a finished run is a file under a name that its configuration, seed and data determine."""

import json
import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from fnn import Progress, checkpoint
from fnn.checkpoint.files import replace
from recipes.training import Scan, Watch, unwatched

__all__ = ["digest", "is_kept", "keeping", "seconds_until", "write_bytes", "write_text"]


def digest(description: Mapping[str, Any]) -> str:
    """A name for whatever the description, plain values throughout, describes.

    >>> digest({"seed": 1, "epochs": 20}) == digest({"epochs": 20, "seed": 1})
    True
    """
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:20]


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, [content])


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode())


def is_kept(path: Path) -> bool:
    """Whether a result is there and whole; one that is not is set aside, and said to be."""
    try:
        checkpoint.load(path)
    except FileNotFoundError:
        return False
    except checkpoint.CheckpointError as error:
        _set_aside(path, error, "this run is repeated")
        return False
    return True


def keeping(path: Path, begin: float, watch: Watch = unwatched) -> Watch:
    """A watch that keeps the last progress in a file, and goes on from the one that it finds there.

    With it stand the seconds since `begin`, a value of `perf_counter`.
    """

    def keep(start: Progress, scan: Scan) -> Iterator[Progress]:
        for progress in watch(_found(path, start), scan):
            checkpoint.save(path, progress, meta={"seconds": perf_counter() - begin})
            yield progress

    return keep


def seconds_until(path: Path) -> float:
    """What a training had taken until its progress was kept in a file; 0 where there is none, or none to go on from."""
    try:
        return float(checkpoint.read_meta(path).get("seconds", 0))
    except (FileNotFoundError, checkpoint.CheckpointError):
        return 0.0


def _found(path: Path, start: Progress) -> Progress:
    try:
        return checkpoint.load(path, like=start)
    except FileNotFoundError:
        return start
    except checkpoint.CheckpointError as error:
        _set_aside(path, error, "this run begins anew")
        return start


def _set_aside(path: Path, error: Exception, then: str) -> None:
    """Give a refused file another name, in place of one refused before, so that nothing is lost by beginning anew."""
    aside = path.with_name(f"{path.name}.refused")
    os.replace(path, aside)
    print(f"{error}; it is now {aside.name}, and {then}")
