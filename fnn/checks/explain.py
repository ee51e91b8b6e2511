"""What passes through every layer of a model, as a table."""

from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array
from fnn.checks.summary import with_innermost
from fnn.layer import Back, Layer, check_is_layer
from fnn.losses import Loss
from fnn.random import Key, generator
from fnn.tree import Path, Tree, leaves
from fnn.tree.display import html_table, text_table

__all__ = ["Explanation", "LayerFlow", "Numbers", "explain"]

FACTOR = 1e3  # by which a gradient may shrink or grow between the model's output and a layer's
DEAD = 0.99  # the share of outputs that are zero from which on a layer is dead
COLUMNS = {  # of the table: what is shown of each array
    "output": ("mean", "std", "largest", "zero"),
    "gradient": ("std", "largest", "zero"),
    "dparams": ("std", "largest"),
}
HEADS = [name for names in COLUMNS.values() for name in names]
SIDES = "<<" + ">" * len(HEADS) + "<"  # to which the table's columns are aligned


@attrs.frozen
class Numbers:
    """Of the finite elements of an array the mean, standard deviation, root mean square and largest size, else NaN.

    `zero` and `not_finite` are shares of all elements.
    """

    mean: float
    std: float
    rms: float
    largest: float
    zero: float
    not_finite: float

    @classmethod
    def of(cls, *arrays: Array) -> "Numbers":
        """The statistics of all elements of some arrays, taken in float64.

        >>> Numbers.of(np.array([3.0, -3.0, np.inf, np.nan]))
        Numbers(mean=0.0, std=3.0, rms=3.0, largest=3.0, zero=0.0, not_finite=0.5)
        """
        every = np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])
        v = every[np.isfinite(every)]
        if not v.size:
            return cls(np.nan, np.nan, np.nan, np.nan, np.nan, 1.0)
        largest = float(np.max(np.abs(v)))
        v = v / (largest or 1.0)  # so that no square is beyond all floats
        mean, std, rms = (float(moment) * largest for moment in (np.mean(v), np.std(v), np.sqrt(np.mean(v * v))))
        return cls(mean, std, rms, largest, float(np.mean(every == 0)), 1 - len(v) / len(every))


@attrs.frozen
class LayerFlow:
    """What passed through one layer: its output y, dL/dy, the gradient of its parameters if any, and what is wrong."""

    path: Path
    layer: str
    output: Numbers
    gradient: Numbers
    dparams: Numbers | None
    mark: str = ""


@attrs.frozen(repr=False)
class Explanation:
    """A row for each innermost layer, in the order of their work; shown as a table."""

    rows: tuple[LayerFlow, ...]

    def __repr__(self) -> str:
        return text_table(self._lines(), SIDES)

    def _repr_html_(self) -> str:
        return html_table(self._lines(), SIDES)

    def _lines(self) -> list[tuple[str, ...]]:
        groups = [what if name == names[0] else "" for what, names in COLUMNS.items() for name in names]
        return [("", "", *groups, ""), ("path", "layer", *HEADS, "mark"), (), *map(_cells, self.rows)]


def _cells(row: LayerFlow) -> tuple[str, ...]:
    """A row as text, with empty cells for NaN and for numbers that the layer does not have."""

    def show(name: str, number: float) -> str:
        return "" if np.isnan(number) else f"{number:.0%}" if name == "zero" else f"{number:.1e}"

    shown = [(name, getattr(getattr(row, what), name, np.nan)) for what, names in COLUMNS.items() for name in names]
    return (".".join(row.path), row.layer, *(show(name, number) for name, number in shown), row.mark)


def _mark(flow: LayerFlow, given: float) -> str:
    """What is wrong with a layer; `given` is the root mean square of the model's own gradient."""
    output, gradient, dparams = flow.output, flow.gradient, flow.dparams
    for what in COLUMNS:
        if getattr(getattr(flow, what), "not_finite", 0) > 0:
            return f"not finite: {what}"
    if output.zero >= DEAD or (given > 0 and dparams is not None and dparams.zero == 1):
        return "dead"
    if given > 0 and gradient.rms < given / FACTOR:
        return "vanishing"
    return "exploding" if gradient.rms > given * FACTOR else ""


def explain(
    model: Layer, params: Tree, x: Array, target: Array | None = None, loss: Loss | None = None, *, key: Key = Key(0)
) -> Explanation:
    """The statistics of every layer's output y, of dL/dy, and of its parameters' gradient, for a batch x.

    L is the loss against the target. Without one it is ⟨u, model(x)⟩ with Gaussian numbers u drawn from the key: a
    gradient of size one at the output. An ensemble's networks count together. Marks, the first that fits:

    - not finite: an infinity or NaN in the output or in a gradient;
    - dead: 99 % of the output are zero, or all of the parameters' gradient is, though the model's is not;
    - vanishing, exploding: the root mean square of dL/dy is less than a thousandth of that at the model's output, or
      more than a thousand times it.

    Raises `ValueError` for a loss without target or the reverse, and for no examples.

    >>> from fnn import chain, linear, sigmoid
    >>> model = chain(linear(8), sigmoid, linear(8), sigmoid, linear(3))
    >>> params, _ = model.init(Key(0), (4,))
    >>> explain(model, params, generator(Key(1)).standard_normal((16, 4), dtype=np.float32))
                       output                          gradient                 dparams
    path  layer          mean      std  largest  zero       std  largest  zero      std  largest  mark
    ----  ---------  --------  -------  -------  ----  --------  -------  ----  -------  -------  ----
    0     linear(8)   2.9e-02  1.5e+00  6.0e+00    0%   3.7e-02  1.4e-01    0%  7.9e-02  1.6e-01
    1     sigmoid     5.0e-01  2.5e-01  9.8e-01    0%   1.7e-01  6.2e-01    0%
    2     linear(8)   3.2e-01  6.0e-01  1.5e+00    0%   1.8e-01  5.7e-01    0%  2.9e-01  7.7e-01
    3     sigmoid     5.7e-01  1.4e-01  8.1e-01    0%   8.0e-01  2.6e+00    0%
    4     linear(3)  -5.0e-01  2.2e-01  8.7e-01    0%   8.8e-01  2.3e+00    0%  9.8e-01  3.2e+00
    """
    check_is_layer("explain", model)
    if (target is None) != (loss is None):
        raise ValueError("explain: a loss needs its target, and a target its loss; give both, or neither")
    flows: dict[Path, Any] = {}

    def watched(path: Path, layer: Layer) -> Layer:
        """The same layer, with a note of what passes through it."""

        def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
            y, back_of_layer = layer.vjp(params, x, key)
            flows[path] = None  # the order of the work is that of the outputs

            def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
                dparams, dx = back_of_layer(dy, need_dx)
                own = Numbers.of(*leaves(dparams)) if leaves(dparams) else None
                flows[path] = LayerFlow(path, repr(layer), Numbers.of(y), Numbers.of(dy), own)
                return dparams, dx

            return y, back

        return attrs.evolve(layer, vjp=vjp)

    with np.errstate(all="ignore"):  # what is not finite is what is looked for
        y, back = with_innermost(model, watched).vjp(params, x)
        if 0 in y.shape:
            raise ValueError(f"explain: there is nothing to see in an output of shape {y.shape}; give some examples")
        drawn = y.__array_namespace__().asarray(generator(key).standard_normal(y.shape), dtype=y.dtype)
        dy = drawn if loss is None else loss(y, target)[1]()
        back(dy)
        given = Numbers.of(dy).rms
    return Explanation(tuple(attrs.evolve(flow, mark=_mark(flow, given)) for flow in flows.values()))
