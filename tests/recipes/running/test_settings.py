"""`--set` changes settings by the types of a configuration's fields, and judges no claims then."""

import json
from typing import Literal

import attrs
import pytest

from recipes.command import main
from recipes.pictures import sized
from recipes.recipe import OptionError
from recipes.running import experiment
from recipes.running.catalogue import find, names
from recipes.running.settings import read, types_of, with_settings
from tests.support.idx_files import write_bright_rows


@pytest.mark.parametrize(
    ("text", "hint", "value"),
    [
        ("3", int, 3),
        ("1e-2", float, 0.01),
        ("3", float, 3.0),
        ("relu", str, "relu"),
        ("Yes", bool, True),
        ("false", bool, False),
        ("128,64", tuple[int, ...], (128, 64)),
        ("128", tuple[int, ...], (128,)),
        ("(128, 64)", tuple[int, ...], (128, 64)),
        ("128,64", tuple[int, int], (128, 64)),
        ("0.5,a", tuple[float, str], (0.5, "a")),
        ("1,2", list[int], [1, 2]),
        ("", tuple[int, ...], ()),
        ("none", int | None, None),
        ("3", int | None, 3),
        ("3", int | str, 3),
        ("x", int | str, "x"),
        ("sum", Literal["mean", "sum"], "sum"),
    ],
)
def test_a_value_is_read_by_its_type(text, hint, value):
    found = read("x", text, hint)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "hint", "said"),
    [
        ("0.5", int, "a whole number, got '0.5'"),
        ("fast", float, "a number, got 'fast'"),
        ("maybe", bool, "true or false, got 'maybe'"),
        ("64,x", tuple[int, ...], "whole numbers with commas, got '64,x'"),
        ("64", tuple[int, int], "2 whole numbers with commas, got '64'"),
        ("x", int | None, "a whole number or none, got 'x'"),
        ("max", Literal["mean", "sum"], "one of mean, sum, got 'max'"),
        ("x", dict[str, int], "a value that cannot be typed here, got 'x'"),
    ],
)
def test_a_value_of_another_type_is_refused(text, hint, said):
    with pytest.raises(OptionError, match=f"--set x takes {said}"):
        read("x", text, hint)


@pytest.mark.parametrize("name", names)
def test_all_settings_of_all_recipes_can_be_typed(name):
    recipe = find(name)
    for field, hint in types_of(recipe).items():
        configs = [config for config in recipe.groups.values() if hasattr(config, field)]
        value = getattr(configs[0], field)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        assert read(field, text, hint) == value


def test_a_changed_recipe_is_another_one():
    recipe = find("mnist")
    changed = with_settings(recipe, ["rate=0.01", "hidden=8,4"])
    assert changed.groups == {"mnist": attrs.evolve(recipe.groups["mnist"], rate=0.01, hidden=(8, 4))}
    assert (changed.name, changed.trains, changed.papers) == ("mnist+rate=0.01+hidden=8,4", "mnist", {})
    assert changed.claims({}, None) == []
    of_all = with_settings(find("batch_size"), ["rate=0.5"]).groups
    assert {config.rate for config in of_all.values()} == {0.5}
    assert [config.batch_size for config in of_all.values()] == [8, 16, 32, 64, 128, 256]


@pytest.mark.parametrize(
    ("called", "said"),
    [
        (["mnist", "--set", "rate"], "--set takes NAME=VALUE, as in --set rate=0.01, got 'rate'"),
        (["mnist", "--set", "rat=1"], "mnist has no setting 'rat'; did you mean 'rate'?"),
        (["mnist", "--set", "rate=fast"], "--set rate takes a number, got 'fast'"),
        (["mnist", "--set", "epochs=3"], "--set takes no epochs: give --epochs 3"),
        (["xor", "--set", "runs=3"], "--set takes no runs: give --runs 3"),
        (["batch_size", "--set", "batch_size=8"], "batch_size+batch_size=8: the groups 'batch 8' and 'batch 16' would"),
        (["activations", "--set", "activation=gelu"], "activations+activation=gelu, group 'ReLU': ValueError: "),
        (["paper", "--set", "rate=1"], "--set is for one recipe, not for paper"),
        (["optimizers", "--set", "activation=gelu"], "optimizers+activation=gelu, group 'SGD': ValueError: expected "),
        (["mnist", "--set", "rate=-1"], "mnist+rate=-1, group 'mnist': ValueError: adam"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_setting_is_answered_in_one_line(called, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(called) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m recipes: {said}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("called", "folder", "picture"),
    [
        (["mnist", "--set", "rate=0.01", "hidden=8,4"], "mnist+rate=0.01+hidden=8,4", True),
        (["latent_space", "--set", "latent=2"], "latent_space+latent=2", False),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_the_command_trains_with_other_settings_and_judges_nothing(
    called, folder, picture, tmp_path, capsys, monkeypatch
):
    footers = []
    monkeypatch.setattr(experiment, "sized", lambda figure, words: footers.append(words) or sized(figure, words))
    small = write_bright_rows(tmp_path / "digits") if (tmp_path / "digits").mkdir() is None else None
    options = ["--epochs", "1", "--runs", "1", "--jobs", "1", "--data", small, "--out", str(tmp_path / "out")]
    assert main([*called, *options]) == 0
    said = capsys.readouterr().out
    assert ("the paper" in said.replace("not the paper's size", ""), "holds" in said) == (False, False)
    written = json.loads((tmp_path / "out" / folder / "result.json").read_text(encoding="utf-8"))
    assert written["claims"] == []
    assert {words.partition(";")[0] for words in footers} == ({" ".join(called[2:])} if picture else set())
    assert bool(list((tmp_path / "out" / folder).glob("*.png"))) is picture
    assert picture or "no picture: that of latent_space does not fit these settings (" in said
