"""What a model is made of, as a table."""

from collections.abc import Callable
from typing import Any

import attrs

from fnn.arrays import Shape
from fnn.layer import Layer, check_is_layer
from fnn.random import Key
from fnn.tree import Params, Path, leaves
from fnn.tree.display import html_table, text_table

__all__ = ["Row", "Summary", "summary", "with_innermost"]

SIDES = "<<<>"  # to which the table's columns are aligned


@attrs.frozen
class Row:
    """One layer of a model: its path, name, output shape (of one example) and number of parameters."""

    path: Path
    layer: str
    shape: Shape
    n_params: int


@attrs.frozen(repr=False)
class Summary:
    """The layers of a model in the order of their work; shown as a table."""

    shape: Shape
    rows: tuple[Row, ...]

    @property
    def n_params(self) -> int:
        """The number of parameters of the whole model."""
        return sum(row.n_params for row in self.rows)

    def __repr__(self) -> str:
        return text_table(self._lines(), SIDES)

    def _repr_html_(self) -> str:
        return html_table(self._lines(), SIDES)

    def _lines(self) -> list[tuple[str, ...]]:
        rows = [(".".join(row.path), row.layer, str(row.shape), f"{row.n_params:,}") for row in self.rows]
        head, total = ("path", "layer", "output", "parameters"), ("", "", "total", f"{self.n_params:,}")
        return [head, (), ("", "input", str(self.shape), ""), *rows, (), total]


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

    def watched(path: Path, layer: Layer) -> Layer:
        """The same layer, writing down a row as it is initialised."""

        def init(key: Any, shape: Shape) -> tuple[Params, Shape]:
            params, out_shape = layer.init(key, shape)
            rows.append(Row(path, repr(layer), out_shape, sum(leaf.size for leaf in leaves(params))))
            return params, out_shape

        return attrs.evolve(layer, init=init)

    with_innermost(model, watched).init(Key(0), shape)
    return Summary(shape, tuple(rows))


def with_innermost(model: Layer, change: Callable[[Path, Layer], Layer], path: Path = ()) -> Layer:
    """The model with `change(path, layer)` in the place of each of its innermost layers."""
    if not model.parts or model.combine is None:
        return change(path, model)
    return model.combine(**{name: with_innermost(part, change, (*path, name)) for name, part in model.parts.items()})
