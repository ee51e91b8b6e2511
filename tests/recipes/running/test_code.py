"""The digest of a run's code covers every module that is not installed: of scripts, of packages and of notebooks."""

import sys
from importlib import invalidate_caches
from types import ModuleType, SimpleNamespace

import pytest

from recipes.running import source
from recipes.running.source import code_of

STUDY = """
import attrs
{imports}

@attrs.frozen
class Config:
    rate: float = 0.1

def run(config, key, data):
    return {use}

def figures(results, data):
    return "drawn"
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    """What gives the digest of `run` and `Config` of study.py, as a new process would find it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    named = [SimpleNamespace(__module__="study", __qualname__=name) for name in ("run", "Config")]

    def ask():
        invalidate_caches()
        for cache in (source._code_of, source._place):
            cache.cache_clear()
        return code_of(*named)

    yield ask
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder, **files):
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("imports", "use"),
    [
        ("import helper", "helper.scaled(1)"),
        ("import helper as h", "h.scaled(1)"),
        ("from helper import scaled", "scaled(1)"),
        ("from helper import scaled as by", "by(1)"),
        ("from helper import *", "scaled(1)"),
        ("import helper", "getattr(helper, 'scaled')(1)"),
        ("import helper", "[f for f in (helper.scaled,)]"),
        ("from far import through", "through(1)"),
        ("import folder.near", "folder.near.through(1)"),
        ("from folder import near", "near.through(1)"),
        (
            "",
            "__import__('helper') and imported(1)\n\ndef imported(x):\n    import helper\n    return helper.scaled(x)",
        ),
    ],
)
def test_a_module_of_one_s_own_counts(imports, use, code, tmp_path):
    write(
        tmp_path,
        study=STUDY.format(imports=imports, use=use),
        helper="SCALE = 1\nOTHER = 2\n\ndef scaled(x):\n    return SCALE * x\n",
        far="import helper\n\ndef through(x):\n    return helper.scaled(x)\n",
        folder__near="from . import deep\n\ndef through(x):\n    return deep.scaled(x)\n",
        folder__deep="from helper import scaled\n",
    )
    before = code()
    helper = (tmp_path / "helper.py").read_text(encoding="utf-8")
    write(tmp_path, helper=helper.replace("OTHER = 2", "OTHER = 3  # nothing that the run uses"))
    assert (code() == before) is ("getattr" not in use)
    write(tmp_path, helper=helper.replace("SCALE = 1", "SCALE = 100"))
    assert code() != before


@pytest.mark.parametrize(
    ("statement", "changed"),
    [
        ("SCALE *= 1", "SCALE *= 100"),
        ("if True:\n    SCALE = 1", "if True:\n    SCALE = 100"),
        ("for SCALE in range(2):\n    pass", "for SCALE in range(3):\n    pass"),
        ("TABLE.update(a=1)", "TABLE.update(a=100)"),
        ("TABLE['a'] = 1", "TABLE['a'] = 100"),
        ("try:\n    SCALE = 1\nexcept NameError:\n    pass", "try:\n    SCALE = 100\nexcept NameError:\n    pass"),
    ],
)
def test_a_statement_that_changes_what_a_run_uses_counts(statement, changed, code, tmp_path):
    text = STUDY.format(imports="SCALE, TABLE = 1, {}\n{}", use="SCALE, TABLE")
    write(tmp_path, study=text.replace("{}\n{}", f"{{}}\n{statement}"))
    before = code()
    write(tmp_path, study=text.replace("{}\n{}", f"{{}}\n{changed}"))
    assert code() != before


def test_figures_claims_and_the_guard_of_a_script_do_not_count(code, tmp_path):
    text = STUDY.format(imports="", use="config.rate")
    write(tmp_path, study=text)
    before = code()
    write(tmp_path, study=text.replace('"drawn"', '"drawn anew"') + "\nif __name__ == '__main__':\n    run(1, 2, 3)\n")
    assert code() == before
    write(tmp_path, study=text.replace("rate: float = 0.1", "rate: float = 0.2"))
    assert code() != before


def test_what_is_installed_does_not_count(code, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "lib" / "site-packages")
    write(tmp_path, study=STUDY.format(imports="import helper", use="helper.SCALE"))
    write(tmp_path, **{"lib__site-packages__helper": "SCALE = 1"})
    before = code()
    write(tmp_path, **{"lib__site-packages__helper": "SCALE = 100"})
    assert code() == before


@pytest.fixture
def cells(monkeypatch):
    """The cells of a notebook, and what runs one more of them."""
    session = ModuleType("__main__")
    session.In = [""]
    monkeypatch.setitem(sys.modules, "__main__", session)

    def cell(text):
        session.In.append(text)
        exec(text, vars(session))
        return session

    return cell


def test_the_cells_of_a_notebook_count_each_name_as_it_was_defined_last(cells):
    cells("SCALE = 1")
    first = code_of(cells("def run(config, key, data):\n    return SCALE").run)
    assert code_of(cells("print").run) == first
    cells("SCALE = 100")
    assert code_of(sys.modules["__main__"].run) != first
    cells("SCALE = 1")
    assert code_of(sys.modules["__main__"].run) == first
    assert code_of(cells("def run(config, key, data):\n    return 2 * SCALE").run) != first


def test_what_is_defined_at_a_prompt_has_no_source(cells):
    run = cells("def run(config, key, data):\n    return 1").run
    sys.modules["__main__"].In = []
    with pytest.raises(ValueError, match="the code of run cannot be read: put its definition into a file"):
        code_of(run)
