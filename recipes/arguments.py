"""What can be typed behind `python -m recipes`: the names of recipes, the options, and what each means."""

import argparse
from collections.abc import Container
from typing import NoReturn

from recipes import predict
from recipes.running import commands, did_you_mean, find, names
from recipes.running.engine import FOLDS

__all__ = ["PROGRAM", "listing", "meanings", "parser"]

PROGRAM = "python -m recipes"


class Parser(argparse.ArgumentParser):
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


def listing() -> str:
    """All recipes and commands, each with its summary; it imports every one of them."""
    summaries = {**{name: find(name).summary for name in (*names, *commands)}, "predict": predict.SUMMARY}
    width = max(map(len, summaries))
    lines = [f"  {name:{width}} {summary}" for name, summary in summaries.items()]
    return "\n".join(["Experiments of the paper and beyond it, one a recipe:\n", *lines])


def parser() -> Parser:
    """The parser of the command line."""
    command = Parser(
        prog=PROGRAM,
        usage="%(prog)s [RECIPE [options]]\n       %(prog)s predict RESULT IMAGE...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    command.add_argument(
        "recipe",
        metavar="RECIPE",
        nargs="?",
        help="the recipe's name, or path/to/own.py or package.own; without one, they are listed",
    )
    command.add_argument("-h", "--help", action="store_true", help="this, or of a recipe its settings, sizes and times")
    command.add_argument(
        "--runs", type=_positive, help="the number of runs of each configuration, or of rounds of the benchmark"
    )
    command.add_argument("--epochs", type=_positive, help="the largest number of epochs of a run")
    command.add_argument("--jobs", type=_positive, help="the number of runs side by side (default: one for each core)")
    command.add_argument("--seed", type=int, default=0, help="the seed from which all randomness follows (default: 0)")
    command.add_argument("--data", metavar="DIR", help="a directory of IDX files like MNIST's (default: MNIST)")
    command.add_argument(
        "--out",
        metavar="DIR",
        default="results",
        help="where results go (default: results): the folder of a recipe's name has those of its last size",
    )
    command.add_argument(
        "--set",
        nargs="+",
        action="extend",
        metavar="NAME=VALUE",
        help="other settings for all groups, as in rate=0.01 hidden=128,64, but not the one that the groups vary",
    )
    size = command.add_mutually_exclusive_group()
    size.add_argument("--paper", action="store_true", help="the full size; for an experiment of the paper, the paper's")
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


def meanings(options: Container[str]) -> str:
    """What some options mean, a paragraph each."""
    formatter = argparse.HelpFormatter(PROGRAM, max_help_position=30, width=100)
    formatter.start_section("Options")
    formatter.add_arguments(action for action in parser()._actions if action.dest in options)
    formatter.end_section()
    return formatter.format_help().strip()
