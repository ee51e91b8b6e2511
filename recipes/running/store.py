"""Files of results and of unfinished trainings, each written whole or not at all."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from fnn import Progress, checkpoint
from fnn.checkpoint.files import replace

__all__ = ["digest", "is_kept", "keeping", "resumed", "seconds_until", "write_bytes", "write_text"]


EVERY = 3  # seconds, the most that a killed training has to repeat, or one epoch if that takes longer


def digest(description: Mapping[str, Any]) -> str:
    """A digest of a description that consists of plain values.

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
    """Whether a file holds a whole result."""
    return _loaded(path, "this run is repeated") is not None


def resumed(path: Path, start: Progress) -> Progress:
    """The progress of a training that a file keeps; `start` if there is no such file, or a damaged one."""
    kept = _loaded(path, "this run begins anew", like=start)
    return start if kept is None else kept


def keeping(path: Path, progresses: Iterable[Progress], begin: float) -> Iterator[Progress]:
    """The same progresses; the latest is kept in a file every few seconds, and at the end or at an interrupt.

    It is kept with the seconds since `begin`, a value of `perf_counter`.
    """
    kept, unkept = perf_counter(), None

    def keep(progress: Progress) -> None:
        checkpoint.save(path, progress, meta={"seconds": perf_counter() - begin})

    try:
        for progress in progresses:
            unkept = progress
            if perf_counter() - kept >= EVERY:
                keep(progress)
                kept, unkept = perf_counter(), None
            yield progress
    finally:
        if unkept is not None:
            keep(unkept)


def seconds_until(path: Path) -> float:
    """The seconds that a training had taken when its progress was kept; 0 without such a file, or for a damaged one."""
    try:
        return float(checkpoint.read_meta(path).get("seconds", 0))
    except (FileNotFoundError, checkpoint.CheckpointError):
        return 0.0


def _loaded(path: Path, then: str, **how: Any) -> Any:
    """What a file holds, None without such a file or for a damaged one.

    A damaged file is renamed, in place of one set aside before, so that beginning anew does not overwrite it. A line
    says so, and what happens then.
    """
    try:
        return checkpoint.load(path, **how)
    except FileNotFoundError:
        return None
    except checkpoint.CheckpointError as error:
        aside = path.with_name(f"{path.name}.refused")
        os.replace(path, aside)
        print(f"{error}; it is now {aside.name}, and {then}")
        return None
