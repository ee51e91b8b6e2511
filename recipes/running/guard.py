"""What worker processes need of the main script: they import it first, so it must not start the same runs again."""

import ast
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path

from recipes.running.failures import RefusedError
from recipes.running.plan import Task

__all__ = ["check_main", "defined_here"]

GUARD = 'if __name__ == "__main__":'
GUARDS = "__name__", "current_process"  # a script without any of these words cannot tell a worker from itself


def check_main(tasks: Iterable[Task]) -> None:
    """Raise a `RefusedError` if worker processes would start these runs again, or could not import what they need."""
    main = sys.modules["__main__"]
    path = str(getattr(main, "__file__", None))
    if not _imported_by_workers():
        if named := defined_here(tasks):
            raise RefusedError(
                f"worker processes cannot import {', '.join(named)}, which this session defines: put the "
                "definitions into a file, and import them, or give jobs=1"
            )
    elif not Path(path).exists():
        raise RefusedError(f"worker processes import the main script, and {path} is no file: save it, or give jobs=1")
    elif (line := _line_of(vars(main))) and (statement := _unguarded(Path(path), line)):
        raise RefusedError(
            f"{path}, line {line}, starts processes without a guard. Each process imports this file first, and "
            f"would start the runs again. Write\n\n{GUARD}\n    {statement}\n\nor give jobs=1"
        )


def defined_here(tasks: Iterable[Task]) -> list[str]:
    """The names of what tasks need and worker processes cannot import, since a notebook or a prompt defines it."""
    things = {thing for task in tasks for thing in (task.run, task.load, type(task.config))}
    named = {thing.__qualname__ for thing in things if thing.__module__ == "__main__"}
    return [] if _imported_by_workers() else sorted(named)


def _imported_by_workers() -> bool:
    """Whether worker processes import the main module: they import a script, and neither a session nor a `-m`."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    in_a_file = getattr(main, "__file__", None) is not None
    return in_a_file and not (spec is not None and spec.name.endswith("__main__"))


def _line_of(module: dict[str, object]) -> int | None:
    """The line of a module that is running now, at its top level; None if none is."""
    line, frame = None, inspect.currentframe()
    while frame is not None:
        if frame.f_globals is module and frame.f_code.co_name == "<module>":
            line = frame.f_lineno
        frame = frame.f_back
    return line


def _unguarded(script: Path, line: int) -> str:
    """The statement at a line of a script, or its first line; "" if the script has a guard somewhere."""
    source = script.read_text(encoding="utf-8")
    around = [each for each in ast.parse(source).body if each.lineno <= line <= (each.end_lineno or each.lineno)]
    guarded = any(word in source for word in GUARDS)
    return "" if guarded or not around else ast.unparse(around[0]).splitlines()[0]
