"""The recurrent layer: a fold of a cell over time. Backpropagation through time is the fold backward."""

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.layer import Back, Layer
from fnn.layers.cells import Cell, Pull
from fnn.layers.declared import layer
from fnn.tree import Tree
from fnn.values import constructor

__all__ = ["recurrent"]


@constructor
def recurrent(cell: Cell, states: str = "last", reverse: bool = False) -> Layer:
    """A cell folded over time, from a state of zeros.

    cell      `elman(n)`, `gru(n)`, `lstm(n)`, or one's own (see `Cell`)
    states    "last": x (..., batch, time, n_in) gives the cell's outputs at the end, (..., batch, n);
              "all": those of every time, (..., batch, time, n)
    reverse   whether to begin at the last time; the outputs are in the order of time nevertheless

    For both ways, take `concat(recurrent(gru(8)), recurrent(gru(8), reverse=True))`. For another first state, as in
    truncated backpropagation, see `unroll`. The time to compile, under `jax.jit`, grows with the number of steps.

    Raises `TypeError` unless `cell` is a `Cell`, and `ValueError` for other `states`.

    >>> import fnn
    >>> model = fnn.chain(fnn.recurrent(fnn.gru(128)), fnn.linear(10))    # reads an image row by row
    >>> model.init(fnn.Key(0), (28, 28))[1]
    (10,)
    """
    if not isinstance(cell, Cell):
        came = getattr(cell, "__name__", type(cell).__name__)
        raise TypeError(f"recurrent(cell): expected a cell such as gru(8), got {came}; make one by a call")
    if states not in ("last", "all"):
        raise ValueError(f'recurrent(states) must be "last" or "all", got {states!r}')
    every = states == "all"

    def turned(x: Array) -> Array:
        """From the order of time, axis -2, to the order of the steps, or back."""
        return x.__array_namespace__().flip(x, axis=-2) if reverse else x

    def outputs(hs: Sequence[Array]) -> Array:
        """The layer's output, from the first state and those after each step."""
        if not every:
            return hs[-1][..., : cell.n]
        if len(hs) == 1:  # of no time
            return hs[0][..., None, : cell.n][..., :0, :]
        return turned(hs[0].__array_namespace__().stack([h[..., : cell.n] for h in hs[1:]], axis=-2))

    def apply(params: Tree, x: Array) -> Array:
        x = turned(x)
        steps, times = (lambda h, t: cell.step(params, h, x[..., t, :])[0]), range(x.shape[-2])
        if every:
            return outputs([*accumulate(times, steps, initial=_zeros(cell, params, x))])
        return reduce(steps, times, _zeros(cell, params, x))[..., : cell.n]

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        hs, pull = unroll(cell, params, turned(x))

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            if every:
                dy = turned(dy)
                dhs = [None, *(_widened(cell, dy[..., t, :]) for t in range(dy.shape[-2]))]
            else:
                dhs = [*[None] * (len(hs) - 1), _widened(cell, dy)]
            dparams, _, dx = pull(dhs, need_dx)
            return dparams, turned(dx) if need_dx else None

        return outputs(hs), back

    return layer(apply, vjp, x=("time", "n_in"), y=("time", cell.n) if every else (cell.n,), **cell.parameters)


def unroll(cell: Cell, params: Tree, x: Array, h: Array | None = None) -> tuple[list[Array], Pull]:
    """Fold a cell over x (..., batch, time, n_in), from the state `h` or from zeros.

    Returns the states, with the first one, and their pullback: pull(dhs, need_dx=True) -> (dparams, the gradient of the
    first state, dx), where `dhs` has the gradient of each state, or None.
    In truncated backpropagation, each piece of a sequence starts from the last state of the piece before.

    >>> import fnn, numpy as np
    >>> cell, x = fnn.gru(3), np.ones((5, 8, 2), np.float32)
    >>> params, _ = fnn.recurrent(cell).init(fnn.Key(0), (8, 2))
    >>> early, _ = unroll(cell, params, x[:, :6])
    >>> late, _ = unroll(cell, params, x[:, 6:], early[-1])
    >>> np.array_equal(late[-1], fnn.recurrent(cell).apply(params, x))
    True
    """
    hs, pulls = [_zeros(cell, params, x) if h is None else h], []
    for t in range(x.shape[-2]):
        after, pull_step = cell.step(params, hs[-1], x[..., t, :])
        hs.append(after)
        pulls.append(pull_step)

    def pull(dhs: Sequence[Array | None], need_dx: bool = True) -> tuple[dict[str, Array], Array, Any]:
        xp, last = x.__array_namespace__(), len(pulls) - 1
        dh = xp.zeros_like(hs[-1]) if dhs[-1] is None else dhs[-1]
        dparams = {} if pulls else {name: xp.zeros_like(leaf) for name, leaf in params.items()}
        dxs = []
        for t in range(last, -1, -1):
            parts, dh, dx = pulls[t](dh, need_dx)
            dxs.append(dx)
            dh = dh if dhs[t] is None else dh + dhs[t]
            for name, part in parts.items():
                if t < last - 1:
                    dparams[name] += part  # the array was made here, one step before
                else:
                    dparams[name] = part if t == last else dparams[name] + part
        return dparams, dh, (xp.stack(dxs[::-1], axis=-2) if pulls else x) if need_dx else None

    return hs, pull


def _zeros(cell: Cell, params: Tree, x: Array) -> Array:
    """The state in which a fold begins: (..., batch, size), with the leading axes of x and of the parameters."""
    leads = [params[name].shape[: params[name].ndim - len(own)] for name, (_, own) in cell.parameters.items()]
    lead = np.broadcast_shapes(x.shape[:-3], *leads)
    return x.__array_namespace__().zeros((*lead, x.shape[-3], cell.size), dtype=x.dtype)


def _widened(cell: Cell, dy: Array) -> Array:
    """The gradient of a state, of which only the outputs have one."""
    if cell.size == cell.n:
        return dy
    xp = dy.__array_namespace__()
    return xp.concat([dy, xp.zeros((*dy.shape[:-1], cell.size - cell.n), dtype=dy.dtype)], axis=-1)
