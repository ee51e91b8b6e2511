"""Pictures of one's own become images like MNIST's, and the network of a result reads them."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import fnn
from recipes.classifiers import mnist
from recipes.command import main
from recipes.data.digits import load
from recipes.data.pictures import like_mnist, read_picture
from recipes.predict import drawn, lines, network_of, reader
from recipes.running import Options, find, names, run_recipe
from tests.support.idx_files import write_bright_rows
from tests.support.undrawn import undrawn


def enlarged(image, by=7, edges=(30, 90, 120, 10)):
    """A digit of MNIST, many times larger and off the centre."""
    h, w = image.shape
    large = np.asarray(Image.fromarray(image).resize((by * w, by * h), Image.Resampling.BICUBIC)).clip(0, 1)
    return np.pad(large, (edges[:2], edges[2:]))


@pytest.fixture(scope="module")
def test_digits():
    x, labels = load().test
    return x.reshape(-1, 28, 28)[:40], labels[:40]


def test_digits_of_mnist_stay_what_they_are(test_digits):
    found = np.stack([like_mnist(digit) for digit in test_digits[0]])
    assert np.abs(found - test_digits[0]).mean() < 0.02


@pytest.mark.parametrize(
    "as_picture",
    [
        lambda ink: ink,
        lambda ink: 1 - ink,
        lambda ink: 0.8 - 0.5 * ink,
        lambda ink: (0.9 - 0.7 * ink) * np.linspace(1, 0.75, ink.shape[1]),  # in a shadow
        lambda ink: 0.9 - 0.7 * ink + 0.02 * np.random.default_rng(0).normal(size=ink.shape),  # on rough paper
    ],
    ids=["white on black", "black on white", "pale", "shaded", "rough"],
)
def test_a_picture_becomes_the_digit_that_it_shows(as_picture, test_digits):
    likeness = []
    for digit in test_digits[0]:
        found = like_mnist(as_picture(enlarged(digit)).astype(np.float32))
        assert (found.shape, found.dtype) == ((28, 28), np.float32)
        assert (found.min(), found.max()) == (0, 1)
        likeness.append(np.corrcoef(found.ravel(), digit.ravel())[0, 1])
    assert np.median(likeness) > 0.93
    assert min(likeness) > 0.5  # some are a pixel further


def test_a_digit_fills_a_box_of_20_pixels_and_its_mass_lies_at_the_centre(test_digits):
    for digit in test_digits[0]:
        found = like_mnist(enlarged(digit, edges=(0, 200, 0, 200)))
        rows, columns = (np.flatnonzero(found.max(axis=axis) > 0) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
        centre = [np.arange(28) @ found.sum(axis=axis) / found.sum() for axis in (1, 0)]
        assert np.abs(np.array(centre) - 14).max() < 0.6


def test_a_dot_and_a_line_are_scaled_too():
    dot, line = np.ones((50, 50)), np.ones((50, 50))
    dot[7, 9] = line[3:40, 20] = 0
    assert like_mnist(dot)[4:24, 4:24].mean() > 0.9
    assert np.flatnonzero(like_mnist(line).max(axis=0)).tolist() in ([13], [14])


def test_a_picture_is_read_upright_and_on_white(tmp_path):
    ink = np.zeros((60, 40), np.uint8)
    ink[10:50, 18:24] = 255  # a one
    black = np.zeros((60, 40, 3), np.uint8)
    Image.fromarray(np.dstack([black, ink])).save(tmp_path / "transparent.png")
    turned = Image.fromarray(255 - ink).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees"
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    for name in ("transparent.png", "turned.jpg"):
        found = read_picture(tmp_path / name)
        assert np.ptp(np.flatnonzero(found.max(axis=1) > 0.3)) > 2 * np.ptp(np.flatnonzero(found.max(axis=0) > 0.3))


def test_a_blank_picture_and_a_file_that_is_none_are_refused(tmp_path):
    Image.new("L", (30, 30), 200).save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    with pytest.raises(ValueError, match=r"blank.png: the picture is blank: it shows no digit darker or lighter than"):
        read_picture(tmp_path / "blank.png")
    with pytest.raises(ValueError, match=r"text.png is no picture that Pillow can read"):
        read_picture(tmp_path / "text.png")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    small = write_bright_rows(folder)
    for recipe in (mnist.RECIPE, find("optimizers"), find("linear_regression")):
        data = None if recipe.name == "linear_regression" else small
        run_recipe(undrawn(recipe), Options(runs=2, epochs=3, jobs=1, data=data, out=str(folder)))
    return folder


def test_the_network_that_reads_best_is_taken(trained):
    written = json.loads((trained / "optimizers" / "result.json").read_text(encoding="utf-8"))
    best = {name: max(map(max, group["curves"]["validation_accuracy"])) for name, group in written["groups"].items()}
    found = reader(trained / "optimizers")
    assert max(best, key=best.get) == found.name.partition(" of ")[2]
    x, labels = load(str(trained)).test
    chances = found(x.reshape(-1, *load(str(trained)).shape))
    assert chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.mean(chances.argmax(axis=1) == labels) > 0.5


def test_the_command_reads_pictures_and_draws_them(trained, test_digits, tmp_path, capsys):
    for i in range(3):
        grey = 255 * enlarged(1 - test_digits[0][i], edges=(0, 0, 0, 0))
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / f"{i}.png")
    assert main(["predict", str(trained / "mnist"), *(str(tmp_path / f"{i}.png") for i in range(3))]) == 0
    first, *read, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"read by run [01] of mnist, the best of 2 by validation accuracy:", first)
    assert [line[:7] for line in read] == ["0.png: ", "1.png: ", "2.png: "]
    assert all("%)" in line for line in read)
    assert last == f"written to {trained / 'mnist' / 'predict.png'}"
    assert (trained / "mnist" / "predict.png").stat().st_size > 10_000


def test_the_picture_says_what_the_terminal_says():
    names, chances = ["a.png", "b.png", "c.png"], np.array([[0.25, 0.75], [0.9996, 0.0004], [0.5, 0.5]])
    figure = drawn(names, np.zeros((3, 8, 8)), chances, "Read by run 3 of mnist")
    assert figure.get_suptitle() == "Read by run 3 of mnist"
    images, bars = figure.axes[0:6:2], figure.axes[1:6:2]
    assert [ax.get_title() for ax in images] == names
    for ax, chance, line in zip(bars, chances, lines(names, chances), strict=True):
        assert line.partition(": ")[2].startswith(ax.get_title().removeprefix("read as "))
        assert [bar.get_width() for bar in ax.patches] == pytest.approx(100 * chance)
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim()) == ("probability (%)", "class", (0, 100))


@pytest.mark.parametrize(
    ("folder", "picture", "said"),
    [
        ("absent", "0.png", "absent has no results; `python -m recipes mnist` writes some"),
        ("linear_regression", "0.png", "linear_regression has no network that reads images; results of mnist have one"),
        ("linear_regression", "0.png", "those of a study of your own if it says network=..., as in recipes/README.md"),
        ("mnist", "absent.png", "cannot read absent.png: no such file or directory"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(folder, picture, said, trained, capsys):
    assert main(["predict", str(trained / folder), picture]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m recipes predict: ")
    assert said in line


@pytest.mark.parametrize("name", names)
def test_the_networks_of_all_recipes_can_be_read_from_their_text(name):
    recipe = find(name)
    for config in recipe.groups.values() if recipe.network else ():
        model = recipe.network(config, 10)
        assert network_of(repr(model)) == model
        assert model.init(fnn.Key(0), (784,))[1] == (10,)


@pytest.mark.parametrize(
    "text", ["__import__('os').getcwd()", "print(1)", "linear.__class__", "open('x')", "64", "own()"]
)
def test_a_text_of_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"expected the repr of a network|which is not fnn's"):
        network_of(text)
