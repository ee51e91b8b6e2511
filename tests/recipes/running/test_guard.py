"""A script that would start its runs again in each worker process is told so before the first one starts."""

import runpy
import sys
from types import ModuleType

import pytest

from fnn import Key
from recipes.recipe import no_data
from recipes.running.failures import RefusedError
from recipes.running.guard import check_main
from recipes.running.plan import Task

START = "from recipes.running.guard import check_main\n"


@pytest.mark.parametrize(
    ("body", "statement"),
    [
        ("check_main([])", "check_main([])"),
        ("def main():\n    check_main([])\n\nmain()", "main()"),
        ("for _ in range(2):\n    check_main([])", "for _ in range(2):"),
        ("if True:\n    check_main([])", "if True:"),
        ("if __name__ == '__main__':\n    check_main([])", None),
        ("if __name__ == '__main__':\n    for _ in range(2):\n        check_main([])", None),
        ("main = __name__ == '__main__'\nif main:\n    check_main([])", None),
        ("import sys\nif __name__ != '__main__':\n    sys.exit()\ncheck_main([])", None),
        ("with open(__file__, 'rb'):\n    if '__main__' == __name__:\n        check_main([])", None),
    ],
)
def test_a_statement_without_a_guard_is_shown_with_one(body, statement, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(START + body, encoding="utf-8")
    if statement is None:
        runpy.run_path(str(script), run_name="__main__")
        return
    with pytest.raises(ValueError, match=r"script.py, line \d, starts processes without a guard") as caught:
        runpy.run_path(str(script), run_name="__main__")
    assert f'Write\n\nif __name__ == "__main__":\n    {statement}\n\nor give jobs=1' in str(caught.value)


def test_a_sweep_of_a_script_without_a_guard_starts_no_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from recipes.classifiers import mnist\nfrom recipes.running import Options, run_recipe\n"
        f"run_recipe(mnist.RECIPE, Options(out={str(tmp_path)!r}, runs=2, jobs=2))\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=r"script.py, line 3, starts processes without a guard"):
        runpy.run_path(str(script), run_name="__main__")


def interactive(config, key, data):
    raise NotImplementedError


def test_what_an_interactive_session_defines_is_named(monkeypatch):
    task = Task("x", interactive, no_data, None, None, Key(0))
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    check_main([task])
    monkeypatch.setattr(interactive, "__module__", "__main__")
    with pytest.raises(ValueError, match="cannot import interactive, which this session defines"):
        check_main([task])


def test_a_script_that_is_no_file_is_named(monkeypatch):
    session = ModuleType("__main__")
    session.__file__ = "<stdin>"
    monkeypatch.setitem(sys.modules, "__main__", session)
    with pytest.raises(ValueError, match="<stdin> is no file: save it, or give jobs=1"):
        check_main([])


def test_the_traceback_of_a_script_without_a_guard_has_no_call_of_the_sweep(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from recipes.classifiers import mnist\nfrom recipes.running import Options, run_recipe\n"
        f"run_recipe(mnist.RECIPE, Options(out={str(tmp_path)!r}, runs=2, jobs=2))\n",
        encoding="utf-8",
    )
    with pytest.raises(RefusedError, match=r"^\S+script.py, line 3, starts processes") as caught:
        runpy.run_path(str(script), run_name="__main__")
    assert [each.name for each in caught.traceback][-2:] == ["<module>", "run_recipe"]
    assert caught.value.__cause__ is None
