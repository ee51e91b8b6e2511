"""The command line: `python -m recipes` lists the recipes, `python -m recipes NAME` carries one out."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import attrs

from fnn import Key
from recipes import predict
from recipes.claims import NOT_JUDGED
from recipes.recipe import Command, OptionError, Recipe, no_data
from recipes.reporting.printed import describe
from recipes.reporting.usage import usage
from recipes.running import Options, SweepError, commands, did_you_mean, find, names, run_recipe
from recipes.running.engine import FOLDS
from recipes.running.plan import size_of
from recipes.running.settings import try_out, with_settings

__all__ = ["main"]

PROGRAM = "python -m recipes"
INTERRUPTED, BROKEN_PIPE = 130, 141  # the exit statuses that a shell gives to SIGINT and SIGPIPE


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without the usage; for an unknown option, with the options that are near."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help lists all options\n")

    def unknown(self, word: str) -> NoReturn:
        """Say what there is instead of a word that is not known."""
        if not word.startswith("-"):
            self.error(f"one recipe at a time, got {word!r} too")
        name = word.partition("=")[0]
        known = [option for option in self._option_string_actions if option.startswith("--")]
        self.error(f"no option {name}; {did_you_mean(name.replace('_', '-'), known)}")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, got {text!r}")
    return int(text)


def parser() -> _Parser:
    """The parser of the command line."""
    listing = "\n".join(f"  {name:20} {find(name).summary}" for name in (*names, *commands))
    listing += f"\n  {'predict':20} {predict.SUMMARY}"
    command = _Parser(
        prog=PROGRAM,
        description="Experiments of the paper and beyond it, one a recipe:\n\n" + listing,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    command.add_argument(
        "recipe", nargs="?", help="the recipe's name, or path/to/own.py or package.own; without one, they are listed"
    )
    command.add_argument("-h", "--help", action="store_true", help="this, or of a recipe its settings, sizes and times")
    command.add_argument(
        "--runs", type=_positive, help="the number of runs of each configuration, or of rounds of the benchmark"
    )
    command.add_argument("--epochs", type=_positive, help="the largest number of epochs of a run")
    command.add_argument("--jobs", type=_positive, help="the number of runs side by side (default: one for each core)")
    command.add_argument("--seed", type=int, default=0, help="the seed from which all randomness follows (default: 0)")
    command.add_argument("--data", metavar="DIR", help="a directory of IDX files like MNIST's (default: MNIST)")
    command.add_argument("--out", metavar="DIR", default="results", help="where results go (default: results)")
    command.add_argument(
        "--set", nargs="+", action="extend", metavar="NAME=VALUE", help="other settings, as in rate=0.01 hidden=128,64"
    )
    size = command.add_mutually_exclusive_group()
    size.add_argument("--paper", action="store_true", help="as many runs and epochs as in the paper")
    size.add_argument("--quick", action="store_true", help="few runs and epochs, enough to see everything at work")
    command.add_argument("--executor", metavar="dask:ADDRESS", help="a cluster whose workers carry out the runs")
    command.add_argument(
        "--only", metavar="NAMES", help="the parts of the benchmark to measure, as in a128,e1 (default: all)"
    )
    command.add_argument(
        "--gallery", metavar="DIR", help="of a report and benchmark: write the Markdown and its pictures to DIR too"
    )
    command.add_argument(
        "--fold",
        choices=FOLDS,
        default="numpy",
        help="what carries out trainings (default: numpy); jax compiles them",
    )
    command.add_argument("--apart", action="store_true", help="on a GPU, do not train runs of a configuration together")
    command.add_argument("--against", metavar="DIR", help="for engines: the folder of the other engine's results")
    again = command.add_mutually_exclusive_group()
    again.add_argument("--fresh", action="store_true", help="repeat runs that are kept, and begin all anew")
    again.add_argument("--kept", action="store_true", help="for a report: train nothing, judge kept results")
    command.add_argument("--any-code", action="store_true", help="also use results of other code or another engine")
    command.add_argument("--explain", action="store_true", help="say of each claim what was measured, and why")
    return command


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
        command.print_help()
        return 0
    try:
        recipe, options = find(name), Options(**given)
        refuse_others(recipe, options)
        if isinstance(recipe, Recipe):
            recipe = with_settings(recipe, words) if words else recipe
            data = recipe.load(options.data)
            if words:
                try_out(recipe, data)
            if asked:
                for line in usage(recipe, options):
                    print(line, flush=True)
                print(f"\nOptions: {_typed(taken_by(recipe))}, --set")
                return 0
        elif asked:
            print(f"{recipe.name}: {recipe.summary}\nOptions: {_typed(taken_by(recipe))}")
            return 0
        elif words:
            raise OptionError(f"--set is for one recipe, not for {recipe.name}")
        Key(options.seed)
        Path(options.out).mkdir(parents=True, exist_ok=True)
    except (KeyError, ValueError, OSError) as error:
        return _said(error.args[0] if isinstance(error, KeyError) else error, 2)
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
    except (OptionError, SweepError, OSError) as error:
        return _said(error, 2 if isinstance(error, OptionError) else 1)
    return 0


def _said(what: object, status: int) -> int:
    """Print a line on stderr; returns the exit status."""
    print(f"{PROGRAM}: {what}", file=sys.stderr)
    return status


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
