"""Errors as the author of a recipe needs them: the traceback begins at the author's own code."""

import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

import fnn
from recipes.running.source import INSTALLED

__all__ = ["RefusedError", "traceback_of"]

RECIPES = Path(__file__).parent.parent
CARRIES_OUT = (RECIPES / "running", RECIPES / "command.py")  # what calls the code of a recipe
PROJECT = (RECIPES, Path(fnn.__file__).parent, Path(sysconfig.get_path("stdlib")))


class RefusedError(ValueError):
    """Runs cannot be carried out as they are written or asked for; the message says why, and what to do."""


def traceback_of(error: BaseException) -> str:
    """The traceback of an error from the first line of code that is neither installed nor this project's.

    Without such a line, it begins below the code that carries recipes out.
    """
    whole, trace = list[TracebackType](), error.__traceback__
    while trace is not None:
        whole.append(trace)
        trace = trace.tb_next
    for places in (PROJECT, CARRIES_OUT):
        for each in whole:
            if not _lies_in(each.tb_frame.f_code.co_filename, places):
                return "".join(traceback.format_exception(type(error), error, each))
        if isinstance(error, SyntaxError):  # it names the line itself
            return "".join(traceback.format_exception_only(error))
    return "".join(traceback.format_exception(error))


def _lies_in(file: str, places: tuple[Path, ...]) -> bool:
    """Whether a file of code lies in some places, or is installed."""
    path = Path(file)
    return file.startswith("<frozen") or bool(set(INSTALLED) & set(path.parts)) or any(map(path.is_relative_to, places))
