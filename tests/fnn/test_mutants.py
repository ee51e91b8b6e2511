"""The table of mutants fits the code. Three mutants are killed here, all of them by `python -m tests.mutants`."""

import pytest

from fnn import Key, generator
from tests import mutants

TABLE = mutants.table()
FEW = generator(Key(5)).choice(TABLE, size=3, replace=False)


def test_every_fragment_occurs_once_and_every_mutant_compiles():
    for mutant in TABLE:
        text = mutant.planted()
        assert text != (mutants.ROOT / mutant.file).read_text(encoding="utf-8")
        compile(text, mutant.file, "exec")
    assert len({(mutant.file, mutant.what) for mutant in TABLE}) == len(TABLE) >= 40


def test_a_fragment_that_occurs_twice_or_never_is_an_error():
    for fragment, n in (("import", ".*"), ("no such fragment", "0")):
        with pytest.raises(ValueError, match=f"occurs {n} times in fnn/losses/reduction.py; adapt the table"):
            mutants.Mutant("something else", "fnn/losses/reduction.py", fragment, "").planted()


@pytest.mark.parametrize("mutant", FEW, ids=lambda mutant: mutant.what)
def test_a_few_are_killed(mutant):
    assert mutants.is_killed(*mutants.kill(mutant)[:2])


def test_a_timeout_counts_only_for_a_mutant_without_end(monkeypatch):
    monkeypatch.setattr(mutants, "TIMEOUT", 0.1)
    assert mutants.first_to_fail(["schedules"]) == mutants.TIMED_OUT
    usual, endless = (mutants.Mutant(what, "", "", "") for what in ("a slip", "a loop without end"))
    assert not mutants.is_killed(usual, mutants.TIMED_OUT)
    assert mutants.is_killed(endless, mutants.TIMED_OUT)
    assert mutants.is_killed(usual, "schedules")


def test_a_mutant_that_changes_no_result_survives():
    harmless = mutants.Mutant("another word", "fnn/optimizers/schedules.py", "a smooth decay", "a gentle decay")
    assert mutants.first_to_fail(["schedules"], harmless) is None
