"""Runs that differ in their keys alone are one task on a GPU, where they train together; each keeps its own result."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from toolz import groupby

from fnn import checkpoint
from fnn.checkpoint.files import remove
from recipes.running.failures import traceback_of
from recipes.running.plan import Task
from recipes.running.store import digest, write_text
from recipes.running.workers import Done, Failed, Outcome, Several

__all__ = ["bundled", "keep_all", "progress_of"]


def progress_of(path: Path) -> Path:
    """Where the progress of a run is kept until its result is."""
    return path.absolute().with_suffix(".progress")


def bundled(todo: Mapping[Path, Task], apart: bool) -> dict[tuple[Path, ...], Task]:
    """The tasks by the paths of their results; on a GPU, runs that differ in their keys alone become one task."""

    def without_key(path: Path) -> Any:
        return digest({**todo[path].identity(), "key": None}) if todo[path].engine.on_gpu and not apart else path

    bundles: dict[tuple[Path, ...], Task] = {}
    for paths in map(tuple, groupby(without_key, todo).values()):
        first, keys = todo[paths[0]], tuple(todo[path].key for path in paths)
        together = f".and-{digest({'others': [path.name for path in paths]})}.progress"
        progress = first.progress and first.progress.with_suffix(together)
        bundles[paths] = first if len(paths) == 1 else attrs.evolve(first, key=keys, progress=progress)  # type: ignore[arg-type]
    return bundles


def keep_all(paths: tuple[Path, ...], task: Task, outcome: Outcome) -> dict[Path, Failed]:
    """Keep the results of a task at these paths, each with its share of the cost; returns the failures."""
    each: Sequence[Done | Failed]
    if isinstance(outcome, Several):
        each = outcome.each
    elif isinstance(outcome, Failed) or len(paths) == 1:
        each = [outcome] * len(paths)
    else:
        cost = {**outcome.cost, "seconds": outcome.cost["seconds"] / len(paths), "together": len(paths)}
        each = [Done(result, cost) for result in outcome.result]
    failures = {path: failed for path, one in zip(paths, each, strict=True) if (failed := _keep(path, one)) is not None}
    if not failures and task.progress:
        remove(task.progress)
    return failures


def _keep(path: Path, outcome: Done | Failed) -> Failed | None:
    """Keep a result and, beside it, its cost; returns the failure if the run, or keeping its result, failed.

    The result is written last: if it exists, so does the rest, and a sweep that was killed before writes both anew.
    """
    if isinstance(outcome, Failed):
        return outcome
    try:
        write_text(path.with_suffix(".json"), json.dumps(outcome.cost))
        checkpoint.save(path, outcome.result)
        remove(progress_of(path))
    except (OSError, ValueError) as error:
        return Failed(traceback_of(error))
    return None
