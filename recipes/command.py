"""The command line: `python -m recipes` lists the recipes, `python -m recipes NAME` carries one out."""

import os
import shlex
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

import attrs

from fnn import Key
from recipes import predict
from recipes.arguments import PROGRAM, listing, meanings, parser
from recipes.claims import NOT_JUDGED
from recipes.recipe import Command, OptionError, Recipe, no_data
from recipes.reporting.printed import describe
from recipes.reporting.usage import usage
from recipes.running import (
    Options,
    RefusedError,
    SweepError,
    find,
    run_recipe,
    size_of,
    with_settings,
)
from recipes.running.failures import traceback_of
from recipes.running.settings import try_out

__all__ = ["main"]

INTERRUPTED, BROKEN_PIPE = 130, 141  # the exit statuses that a shell gives to SIGINT and SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command; returns the exit status.

    That is 0, 1 if something failed, 2 for a wrong call, 130 after Ctrl-C, or 141 if nobody reads the output any more.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a sign that its encoding lacks must not end the command
    try:
        try:
            return _main(sys.argv[1:] if arguments is None else arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["predict"]:
        return predict.main(arguments[1:])
    command = parser()
    known, unknown = command.parse_known_args(arguments)
    if unknown:
        command.unknown(unknown[0])
    given = vars(known)
    name, words, asked = given.pop("recipe"), given.pop("set") or [], given.pop("help")
    if name is None:
        command.description = listing()
        command.print_help()
        return 0
    try:
        recipe = find(name)
    except OptionError as error:
        return _said(error, 2)
    except Exception as error:  # whatever the file of a recipe raises
        return _failed(name, error)
    try:
        options = Options(**given)
        refuse_others(recipe, options)
        if isinstance(recipe, Recipe):
            recipe = with_settings(recipe, words) if words else recipe
            data = recipe.load(options.data)
            if words:
                try_out(recipe, data)
            if asked:
                for line in usage(recipe, options):
                    print(line, flush=True)
                print(f"\n{meanings([*taken_by(recipe), 'set'])}")
                return 0
        elif asked:
            print(f"{recipe.name}: {recipe.summary}\n\n{meanings(taken_by(recipe))}")
            return 0
        elif words:
            raise OptionError(f"--set is for one recipe, not for {recipe.name}")
        Key(options.seed)
        Path(options.out).mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        return _said(error, 2)
    except Exception as error:
        return _failed(name, error)
    try:
        print(f"{recipe.name}: {recipe.summary}")
        if isinstance(recipe, Command):
            recipe.run(options)
        else:
            results, claims = run_recipe(recipe, options)
            size = size_of(recipe, options)
            print("\n".join(describe(recipe, size, results, claims, options.explain)))
            if words:
                print(f"with {' '.join(words)} in place of the recipe's own settings; no claim is judged")
            print("written to", Path(options.out) / recipe.name)
            judged = [claim for claim in recipe.told(size, claims) if claim.verdict != NOT_JUDGED]
            if judged and not options.explain:
                print("--explain says what was measured of each claim, and why it does not hold")
    except KeyboardInterrupt:
        return _said(f"interrupted; {how_to_go_on(recipe, options, arguments)}", INTERRUPTED)
    except BrokenPipeError:
        raise
    except (OptionError, RefusedError, SweepError, OSError) as error:
        return _said(error, 2 if isinstance(error, ValueError) else 1)
    except Exception as error:  # whatever a recipe's claims and figures raise
        return _failed(name, error)
    return 0


def _said(what: object, status: int) -> int:
    """Print a line on stderr; returns the exit status."""
    print(f"{PROGRAM}: {what}", file=sys.stderr)
    return status


def _failed(name: str, error: Exception) -> int:
    """Print what the code of a recipe raised, on stderr; returns the exit status."""
    return _said(f"{name} has failed.\n{traceback_of(error).rstrip()}", 1)


def how_to_go_on(called: Recipe | Command, options: Options, arguments: Sequence[str]) -> str:
    """What an interrupted command keeps, and the command that goes on from it."""
    if isinstance(called, Command) and "jobs" not in called.takes:
        return f"finished parts are kept in {Path(options.out) / called.name}; go on with --only and the other parts"
    again = [word for word in arguments if not (len(word) > 2 and "--fresh".startswith(word))]
    return f"all progress is kept in {options.folder}; go on with: {PROGRAM} {shlex.join(again)}"


def refuse_others(called: Recipe | Command, options: Options) -> None:
    """Raise a `ValueError` if an option is given that the recipe or command would ignore."""
    default, takes = attrs.asdict(Options()), taken_by(called)
    given = [name for name, value in attrs.asdict(options).items() if value != default[name]]
    if options.kept and (idle := sorted({"jobs", "executor"} & set(given))):
        raise ValueError(f"--kept trains nothing, and takes no {_typed(idle)}")
    if ignored := sorted(set(given) - set(takes)):
        raise ValueError(f"{called.name} takes no {_typed(ignored)}; it takes {_typed(takes)}")


def taken_by(called: Recipe | Command) -> Sequence[str]:
    """The names of the options that a recipe or command uses."""
    if isinstance(called, Command):
        return sorted(called.takes)
    foreign = {"only", "kept", "gallery", "against", *(["data"] if called.load is no_data else [])}
    return sorted(attrs.asdict(Options()).keys() - foreign)


def _typed(names: Sequence[str]) -> str:
    """Options as they are typed.

    >>> _typed(["any_code", "data"])
    '--any-code, --data'
    """
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)
