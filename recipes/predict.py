"""`python -m recipes predict RESULT IMAGE...`: a trained network reads pictures of one's own."""

import argparse
import ast
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

import fnn
from fnn import checkpoint, plot
from recipes.data.pictures import read_picture

__all__ = ["Reader", "drawn", "main", "network_of", "reader"]

SUMMARY = "A trained network reads pictures of your own, such as digits drawn with a pen or a mouse."


@attrs.frozen
class Reader:
    """A trained network of a result's folder.

    name      its run and group
    network, params    itself
    side      that of its images, in pixels
    among     the number of networks in the folder, of which it reads best
    """

    name: str
    network: fnn.Layer
    params: Mapping[str, Any]
    side: int
    among: int

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The probability of each class for images (n, side, side): (n, n_classes)."""
        logits = fnn.predict(self.network, self.params, images.reshape(len(images), -1))
        return fnn.softmax.apply({}, logits)


def reader(folder: str | Path) -> Reader:
    """The network of a result's folder that reads best: the run of the best validation accuracy.

    Raises `FileNotFoundError` for a folder without results, and `ValueError` if they have no network that reads images.
    """
    folder = Path(folder)
    if not (folder / "result.json").is_file():
        raise FileNotFoundError(f"{folder} has no results; `python -m recipes mnist` writes some to results/mnist")
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    groups = result.get("groups") or {result["recipe"]: result}
    best = {
        (max(curve), name, i): group
        for name, group in groups.items()
        if "network" in group
        for i, curve in enumerate(group["curves"]["validation_accuracy"])
    }
    if not best:
        raise ValueError(
            f"{folder} has no network that reads images; results of mnist have one, and those of a study of your own "
            "if it says network=..., as in recipes/README.md"
        )
    _, name, i = max(best)
    params = checkpoint.load(folder / "parameters.npz")[name][str(i)]
    side, _ = result["data"]["shape"]
    return Reader(f"run {i} of {name}", network_of(groups[name]["network"]), params, side, len(best))


def network_of(text: str) -> fnn.Layer:
    """The network whose repr is a text: calls of fnn's own layers with numbers and words, and nothing else.

    Raises `ValueError` for any other text.

    >>> network_of("chain(linear(64), relu, linear(10))")
    chain(linear(64), relu, linear(10))
    """
    found = _value(ast.parse(text, mode="eval").body)
    if not isinstance(found, fnn.Layer):
        raise ValueError(f"expected the repr of a network, got {text!r}")
    return found


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Tuple():
            return tuple(map(_value, node.elts))
        case ast.Name() if node.id in fnn.__all__:
            return getattr(fnn, node.id)
        case ast.Call(func=ast.Name(), args=args, keywords=keywords):
            return _value(node.func)(*map(_value, args), **{str(word.arg): _value(word.value) for word in keywords})
    raise ValueError(f"the network has {ast.unparse(node)}, which is not fnn's: read the pictures with fnn.predict")


def drawn(names: Sequence[str], images: np.ndarray, chances: np.ndarray, title: str) -> Figure:
    """Each image as the network sees it, with the probability of each class beside it.

    names    those of the pictures
    images   (n, side, side)
    chances  (n, n_classes)
    title    that of the figure
    """
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4.4 * columns, 0.4 + 2.1 * rows), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(rows, 2 * columns, width_ratios=(1, 1.3) * columns, squeeze=False).reshape(-1, 2)
    for (left, right), name, image, chance in zip(axes, names, images, chances, strict=False):
        left.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="none")
        left.set_title(name if len(name) < 24 else f"...{name[-21:]}", fontsize=9)
        left.set(xticks=[], yticks=[])
        classes = np.arange(len(chance))
        colours = [plot.COLOURS[int(i == chance.argmax())] for i in classes]
        right.barh(classes, 100 * chance, color=colours)
        right.set_title(f"read as {told(chance, chance.argmax())}", fontsize=9)
        right.set(xlim=(0, 100), yticks=classes, ylim=(len(chance) - 0.5, -0.5))
        right.set_xlabel("probability (%)", fontsize=8)
        right.set_ylabel("class", fontsize=8)
        right.tick_params(labelsize=7)
        right.spines[["top", "right"]].set_visible(False)
    for left, right in axes[len(names) :]:
        left.set_axis_off()
        right.set_axis_off()
    return figure


def told(chance: np.ndarray, i: Any) -> str:
    """A class and its probability, in words.

    >>> told(np.array([0.1, 0.9]), 1)
    '1 (90.0 %)'
    """
    return f"{i} ({100 * chance[i]:.1f} %)"


def lines(names: Sequence[str], chances: np.ndarray) -> Iterator[str]:
    """A line for each picture, with its three most probable classes.

    >>> list(lines(["a.png"], np.array([[0.05, 0.9, 0.02, 0.03]])))
    ['a.png: 1 (90.0 %), 0 (5.0 %), 3 (3.0 %)']
    """
    for name, chance in zip(names, chances, strict=True):
        yield f"{name}: " + ", ".join(told(chance, i) for i in np.argsort(-chance)[:3])


def main(arguments: Sequence[str]) -> int:
    """Carry out the command; returns the exit status."""
    program = "python -m recipes predict"
    command = argparse.ArgumentParser(prog=program, description=SUMMARY)
    command.add_argument("result", metavar="RESULT", help="the folder of a result, such as results/mnist")
    command.add_argument(
        "images", metavar="IMAGE", nargs="+", help="pictures of one digit each, dark on light or light on dark"
    )
    given = command.parse_args(arguments)
    try:
        read = reader(given.result)
        images = np.stack([read_picture(path, read.side) for path in given.images])
    except OSError as error:
        said = f"cannot read {error.filename}: {str(error.strerror).lower()}" if error.filename else error
        print(f"{program}: {said}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    names, chances = [Path(path).name for path in given.images], read(images)
    best = f", the best of {read.among} by validation accuracy" if read.among > 1 else ""
    print(f"read by {read.name}{best}:", *lines(names, chances), sep="\n")
    png, _ = plot.save(drawn(names, images, chances, f"Read by {read.name}"), Path(given.result) / "predict")
    print("written to", png)
    return 0
