"""A summary: what a model is made of, as a table."""

from typing import Any

import attrs

from fnn.arrays import Shape
from fnn.layer import Layer, check_is_layer
from fnn.random import Key
from fnn.tree import Params, leaves

__all__ = ["Row", "Summary", "summary"]


@attrs.frozen
class Row:
    """One layer of a model: its path, name, output shape (of one example) and number of parameters."""

    path: tuple[str, ...]
    layer: str
    shape: Shape
    n_params: int


@attrs.frozen(repr=False)
class Summary:
    """The layers of a model in the order of their work; prints as a table."""

    shape: Shape
    rows: tuple[Row, ...]

    @property
    def n_params(self) -> int:
        """The number of parameters of the whole model."""
        return sum(row.n_params for row in self.rows)

    def __repr__(self) -> str:
        head = ("path", "layer", "output", "parameters")
        body = [(".".join(row.path), row.layer, str(row.shape), f"{row.n_params:,}") for row in self.rows]
        lines = [head, ("", "input", str(self.shape), ""), *body, ("", "", "total", f"{self.n_params:,}")]
        widths = [max(len(line[column]) for line in lines) for column in range(4)]
        rule = "  ".join("-" * width for width in widths)

        def show(line: tuple[str, ...]) -> str:
            *left, number = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            return "  ".join([*left, number.strip().rjust(widths[-1])]).rstrip()

        return "\n".join([show(head), rule, *map(show, lines[1:-1]), rule, show(lines[-1])])


def summary(model: Layer, shape: Shape) -> Summary:
    """The table of a model's layers for examples of this shape; raises `LayerError` where the shapes do not fit.

    >>> from fnn.compose import chain
    >>> from fnn.layers import linear, relu
    >>> summary(chain(linear(64), relu, linear(10)), (784,))
    path  layer       output  parameters
    ----  ----------  ------  ----------
          input       (784,)
    0     linear(64)  (64,)       50,240
    1     relu        (64,)            0
    2     linear(10)  (10,)          650
    ----  ----------  ------  ----------
                      total       50,890
    """
    check_is_layer("summary", model)
    rows: list[Row] = []

    def watched(layer: Layer, path: tuple[str, ...]) -> Layer:
        """The same layer, writing down a row for each of its innermost parts as it is initialised."""
        if layer.parts and layer.combine is not None:
            return layer.combine(**{name: watched(part, (*path, name)) for name, part in layer.parts.items()})

        def init(key: Any, shape: Shape) -> tuple[Params, Shape]:
            params, out_shape = layer.init(key, shape)
            rows.append(Row(path, repr(layer), out_shape, sum(leaf.size for leaf in leaves(params))))
            return params, out_shape

        return attrs.evolve(layer, init=init)

    watched(model, ()).init(Key(0), shape)
    return Summary(shape, tuple(rows))
