"""Mutation testing: plant mistakes in copies of the library, one at a time, and see whether a test fails.

`python -m tests.mutants` plants all of them, a few seconds each, and ends with `killed N of N`. Arguments choose the
mutants whose name or file contains one of them. A mutant that no test notices survives: a test is missing, and the
command exits with 1. A timeout counts as a survivor too, unless the mutant's name says that it runs `without end`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import attrs

from tests.support.mutant_table import MUTANTS, TESTS

ROOT = Path(__file__).parent.parent
OPTIONS = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
OPTIONS += ["--hypothesis-profile=first failure"]
TIMEOUT, TIMED_OUT = 600, "a timeout"  # seconds, and the verdict on tests that take longer


@attrs.frozen
class Mutant:
    """A mistake: in `file`, `before` is replaced by `after`."""

    what: str
    file: str
    before: str
    after: str

    def planted(self) -> str:
        """The file's text with the mistake in it; raises `ValueError` unless `before` occurs once."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        if (found := text.count(self.before)) != 1:
            raise ValueError(f"{self.what}: {self.before!r} occurs {found} times in {self.file}; adapt the table")
        return text.replace(self.before, self.after)


def table() -> list[Mutant]:
    """All mutants, file by file."""
    return [Mutant(what, file, before, after) for file, rows in MUTANTS.items() for what, before, after in rows]


def first_to_fail(tests: Iterable[str], mutant: Mutant | None = None) -> str | None:
    """The first of these tests that fails in a copy of the project with this mutant planted; `None` if all pass.

    Returns `TIMED_OUT` if a test takes too long, which may be due to the machine or to the mutant.
    """
    with tempfile.TemporaryDirectory() as folder:
        for part in ("fnn", "tests"):
            shutil.copytree(ROOT / part, Path(folder, part), ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        if mutant is not None:
            Path(folder, mutant.file).write_text(mutant.planted(), encoding="utf-8")
        for each in tests:
            name, _, words = each.partition(":")
            command = [
                sys.executable,
                "-m",
                "pytest",
                str(next(Path(folder).glob(f"tests/fnn/**/test_{name}.py"))),
                "-k",
                words,
                *OPTIONS,
            ]
            try:
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT
                )
            except subprocess.TimeoutExpired:
                return TIMED_OUT
            if done.returncode == 1:
                return each
            if done.returncode != 0:  # neither passed nor failed: the tests could not be run
                raise RuntimeError(f"{each} with {mutant}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return None


def kill(mutant: Mutant) -> tuple[Mutant, str | None, float]:
    """The mutant, the tests that noticed it (or `None`), and the seconds they took."""
    begin = monotonic()
    return mutant, first_to_fail(TESTS[mutant.file].split(), mutant), monotonic() - begin


def is_killed(mutant: Mutant, noticed: str | None) -> bool:
    """Whether the mutant counts as killed; a timeout counts only for a mutant that runs without end."""
    return noticed is not None and (noticed != TIMED_OUT or "without end" in mutant.what)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Plant mistakes; count those noticed.")
    parser.add_argument("words", nargs="*", help="only mutants whose name or file contains one of these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time (default: a core each)")
    options = parser.parse_args()
    chosen = [m for m in table() if not options.words or any(word in m.what + m.file for word in options.words)]
    for mutant in chosen:
        mutant.planted()
    begin = monotonic()
    tests = dict.fromkeys(each for mutant in chosen for each in TESTS[mutant.file].split())
    if (failed := first_to_fail(tests)) is not None:
        print(f"{failed} without any mutant: these tests must pass")
        return 1
    killed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, noticed, seconds in pool.map(kill, chosen):
            killed += is_killed(mutant, noticed)
            verdict = f"{'killed by' if is_killed(mutant, noticed) else 'SURVIVED'} {noticed or ''}"
            print(f"{seconds:4.0f} s  {verdict:29} {mutant.file}: {mutant.what}", flush=True)
    print(f"killed {killed} of {len(chosen)} in {monotonic() - begin:.0f} s")
    return 0 if killed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
