"""The command line says what is wrong with a call in one line, and how to go on after an interruption."""

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper

import attrs
import pytest

from recipes import command
from recipes.command import main
from recipes.running import Options, find
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("called", "said"),
    [
        (["mnist", "--only", "a8"], "mnist takes no --only; it takes --any-code, --apart, "),
        (["benchmark", "--any-code"], "benchmark takes no --any-code; it takes --data, "),
        (["linear"], "no recipe 'linear'; did you mean 'linear_regression' or 'linear_classification'?"),
        (["Denoise"], "no recipe 'Denoise'; did you mean 'denoising'?"),
        (["my_study"], "no recipe 'my_study'; did you mean the file my_study.py?"),
        (["zzz"], "no recipe 'zzz'; there are linear_regression, linear_classification, xor, "),
        ([""], "no recipe ''; there are linear_regression, "),
        (["mnist", "--any_code"], "no option --any_code; did you mean '--any-code'?"),
        (["mnist", "--Epoch=3"], "no option --Epoch; did you mean '--epochs'?"),
        (["mnist", "xor"], "one recipe at a time, got 'xor' too"),
        (["mnist", "--e"], "ambiguous option: --e could match --epochs, --executor, --explain"),
        (["mnist", "--runs", "few"], "argument --runs: expected a whole number from 1 up, got 'few'"),
        (["mnist", "--out", ""], "--out takes the name of a folder, got ''; the current folder is '.'"),
        (["mnist", "--data="], "--data takes the name of a folder, got ''"),
        (["paper", "--gallery", ""], "--gallery takes the name of a folder, got ''"),
        (["benchmark", "--only", "a8,A12"], "benchmark --only: no part 'A12'; did you mean 'a128'?"),
        (["xor", "--executor", "dask:1.2.3.4:5"], "--executor dask:ADDRESS needs Dask: pip install -e "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_answered_in_one_line(called, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)  # as where it is not installed
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_study.py").touch()
    try:
        status = main(called)
    except SystemExit as end:
        status = end.code
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert line.startswith(f"python -m recipes: {said}")
    assert [path.name for path in tmp_path.glob("*.*")] == ["my_study.py"]


@pytest.mark.parametrize("name", ["MNIST", "Linear-Regression", "xor-tanh"])
def test_a_recipe_is_found_in_any_case_with_dashes(name):
    assert find(name) is find(name.lower().replace("-", "_"))


@pytest.mark.parametrize("option", ["out", "data", "gallery"])
def test_options_refuse_an_empty_folder_too(option):
    with pytest.raises(ValueError, match=f"--{option} takes the name of a folder"):
        Options(**{option: ""})


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_signs_that_the_output_cannot_encode_are_replaced(encoding, tmp_path, monkeypatch):
    shown = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(shown, encoding=encoding))
    monkeypatch.setattr(command, "run_recipe", lambda *_: ({}, []))
    monkeypatch.setattr(command, "describe", lambda *_: ["holds: tanh \N{MINUS SIGN} relu", "turned by 3°"])
    assert main(["xor", "--out", str(tmp_path)]) == 0
    degree = {"ascii": b"?", "cp1252": b"\xb0"}[encoding]
    assert shown.getvalue().splitlines()[1:3] == [b"holds: tanh ? relu", b"turned by 3" + degree]


@pytest.mark.parametrize(
    ("called", "kept", "further"),
    [
        (["xor", "--jobs", "2"], "all progress is kept in results/runs", "with: python -m recipes xor --jobs 2"),
        (
            ["xor", "--out", "a b", "--fresh"],
            "all progress is kept in a b/runs",
            "with: python -m recipes xor --out 'a b'",
        ),
        (["paper"], "all progress is kept in results/runs", "with: python -m recipes paper"),
        (["benchmark"], "finished parts are kept in results/benchmark", "with --only and the other parts"),
    ],
    ids=["recipe", "fresh", "report", "benchmark"],
)
def test_after_an_interrupt_it_says_what_is_kept_and_how_to_go_on(called, kept, further, tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    found = find(called[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "run_recipe", interrupted)
    monkeypatch.setattr(command, "find", lambda name: attrs.evolve(found, run=interrupted))
    assert main(called) == 130
    assert capsys.readouterr().err == f"python -m recipes: interrupted; {kept}; go on {further}\n"


@pytest.mark.parametrize("called", [[], ["--help"]])
def test_it_ends_quietly_when_nobody_reads_on(called):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "recipes", *called]
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}  # else argparse itself writes, and swallows the error
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
