"""Cells: one step of a recurrent layer each, from one state to the next, with its pullback.

A cell takes the input of its step as a_t = x_t W + b. The layer `recurrent` computes it for all times in one product.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from fnn.arrays import Array, Shape
from fnn.initializers import Initializer, constant, glorot_uniform, orthogonal, zeros
from fnn.random import Key, fold_in
from fnn.tree import Tree
from fnn.values import Call, constructor, value, whole

__all__ = ["Cell", "elman", "gru", "lstm"]

Step = Callable[[Tree, Array, Array], tuple[Array, Callable[[Array], tuple[Tree, Array, Array]]]]


@value
@attrs.frozen(eq=False, repr=False)
class Cell:
    """One step of a recurrent layer.

    n            the number of its outputs, which are the first n numbers of a state
    step         step(params, h, a) -> (the next state, pull), with pull(dh) -> (dparams, the gradient of h, da);
                 h (..., batch, size) is the state so far, and a = x_t W + b of shape (..., batch, width)
    parameters   name: (initializer, shape), as `fnn.layer` takes them. Among them are "weights", W ("n_in", width), and
                 "bias", b (width,), of which `dparams` has no gradient: `recurrent` computes them from da
    size         the size of a state, if it is more than its outputs

    A gradient in `dparams` may keep the batch's axis: `recurrent` sums it. Decorate the function that makes a cell with
    `fnn.constructor`.

    >>> import fnn
    >>> @fnn.constructor
    ... def leaky(n, rate=0.5):                                  # h' = (1 - rate) h + rate relu(a + h U)
    ...     def step(params, h, a):
    ...         xp = h.__array_namespace__()
    ...         y = xp.maximum(a + h @ params["recurrent"], 0.0)
    ...         def pull(dh):
    ...             da = rate * dh * xp.astype(y > 0, y.dtype)
    ...             return {"recurrent": h.mT @ da}, (1 - rate) * dh + da @ params["recurrent"].mT, da
    ...         return (1 - rate) * h + rate * y, pull
    ...     own = {"weights": (fnn.glorot_uniform, ("n_in", n)), "bias": (fnn.zeros, (n,))}
    ...     return fnn.Cell(n, step, own | {"recurrent": (fnn.orthogonal, (n, n))})
    >>> fnn.check_layer(fnn.recurrent(leaky(3)), (5, 2))
    """

    n: int
    step: Step
    parameters: Mapping[str, Any]
    size: int = attrs.field(default=attrs.Factory(lambda self: self.n, takes_self=True))
    name: str = "cell"
    call: Call | None = attrs.field(default=None, init=False)

    def functions(self) -> tuple[Any, ...]:
        """What it is made of."""
        return (self.step,)

    def remember(self, call: Call) -> "Cell":
        """The same cell, shown, compared and pickled by the call that made it."""
        made = attrs.evolve(self, name=repr(call))
        object.__setattr__(made, "call", call)
        return made


def gates(*initializers: Initializer) -> Initializer:
    """Parts of equal width side by side along the last axis, each drawn by its own initializer with its own fans."""

    def draw(key: Key, shape: Shape) -> Array:
        part = (*shape[:-1], shape[-1] // len(initializers))
        drawn = [each(fold_in(key, i), part) for i, each in enumerate(initializers)]
        return drawn[0].__array_namespace__().concat(drawn, axis=-1)

    return draw


def sigmoid(xp: Any, x: Array) -> Array:
    """1 / (1 + e⁻ˣ) = ½ + ½ tanh(x / 2): fast, and precise beside 1, which is what a gate needs."""
    y = xp.tanh(0.5 * x)
    y *= 0.5
    y += 0.5
    return y


@constructor
def elman(n: int, *, weights: Initializer = glorot_uniform, recurrent: Initializer = orthogonal) -> Cell:
    """The simple recurrent cell: h' = tanh(x W + b + h U) (Elman 1990).

    Its parameters are "weights" W (n_in, n), "bias" b (n,) and "recurrent" U (n, n).
    Raises `ValueError` unless `n` is a positive integer.
    """
    n = whole("elman(n)", n)

    def step(params: Tree, h: Array, a: Array) -> tuple[Array, Any]:
        xp = a.__array_namespace__()
        y = h @ params["recurrent"]
        y += a
        y = xp.tanh(y)

        def pull(dy: Array) -> tuple[Tree, Array, Array]:
            da = dy * (1 - y * y)
            return {"recurrent": h.mT @ da}, da @ params["recurrent"].mT, da

        return y, pull

    own = {"weights": (weights, ("n_in", n)), "bias": (zeros, (n,)), "recurrent": (recurrent, (n, n))}
    return Cell(n, step, own)


@constructor
def gru(n: int, *, weights: Initializer = glorot_uniform, recurrent: Initializer = orthogonal) -> Cell:
    """The gated recurrent unit: h' = (1 - z) c + z h (Cho et al. 2014).

    r = σ(x Wᵣ + bᵣ + h Uᵣ), z = σ(x W_z + b_z + h U_z) and c = tanh(x W_c + b_c + r (h U_c + d)): the reset gate r
    stands behind the product, as in PyTorch and cuDNN. The parameters are "weights" [Wᵣ, W_z, W_c] (n_in, 3 n), "bias"
    (3 n,), "recurrent" [Uᵣ, U_z, U_c] (n, 3 n) and "recurrent_bias" d (n,). Initializers draw each gate on its own.
    Raises `ValueError` unless `n` is a positive integer.
    """
    n = whole("gru(n)", n)

    def step(params: Tree, h: Array, a: Array) -> tuple[Array, Any]:
        xp = a.__array_namespace__()
        u = h @ params["recurrent"]
        both = sigmoid(xp, a[..., : 2 * n] + u[..., : 2 * n])
        r, z = both[..., :n], both[..., n:]
        q = u[..., 2 * n :] + params["recurrent_bias"][..., None, :]
        c = r * q
        c += a[..., 2 * n :]
        c = xp.tanh(c)
        y = h - c
        y *= z
        y += c

        def pull(dy: Array) -> tuple[Tree, Array, Array]:
            direct = dy * z
            dc = (dy - direct) * (1 - c * c)
            dboth = xp.concat([dc * q, dy * (h - c)], axis=-1)
            dboth *= both
            dboth *= 1 - both
            dq = dc * r
            du = xp.concat([dboth, dq], axis=-1)
            dh = du @ params["recurrent"].mT
            dh += direct
            return {"recurrent": h.mT @ du, "recurrent_bias": dq}, dh, xp.concat([dboth, dc], axis=-1)

        return y, pull

    own = {
        "weights": (gates(*[weights] * 3), ("n_in", 3 * n)),
        "bias": (zeros, (3 * n,)),
        "recurrent": (gates(*[recurrent] * 3), (n, 3 * n)),
        "recurrent_bias": (zeros, (n,)),
    }
    return Cell(n, step, own)


@constructor
def lstm(
    n: int,
    *,
    weights: Initializer = glorot_uniform,
    recurrent: Initializer = orthogonal,
    forget_bias: Initializer = constant(1.0),
) -> Cell:
    """Long short-term memory: c' = f c + i g and h' = o tanh(c') (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    The gates i, f, o = σ(x W + b + h U) and g = tanh(x W + b + h U) have their own columns of "weights" (n_in, 4 n),
    "bias" (4 n,) and "recurrent" U (n, 4 n), in this order. PyTorch has the order i, f, g, o and two biases, whose sum
    this one is. The state is h and c side by side. The forget gate's bias starts at 1 (Jozefowicz et al. 2015).
    Initializers draw each gate on its own. Raises `ValueError` unless `n` is a positive integer.
    """
    n = whole("lstm(n)", n)

    def step(params: Tree, state: Array, a: Array) -> tuple[Array, Any]:
        xp = a.__array_namespace__()
        h, c = state[..., :n], state[..., n:]
        z = h @ params["recurrent"]
        z += a
        ifo, g = sigmoid(xp, z[..., : 3 * n]), xp.tanh(z[..., 3 * n :])
        i, f, o = ifo[..., :n], ifo[..., n : 2 * n], ifo[..., 2 * n :]
        memory = f * c
        memory += i * g
        m = xp.tanh(memory)

        def pull(dstate: Array) -> tuple[Tree, Array, Array]:
            dh = dstate[..., :n]
            dc = dh * o
            dc *= 1 - m * m
            dc += dstate[..., n:]
            difo = xp.concat([dc * g, dc * c, dh * m], axis=-1)
            difo *= ifo
            difo *= 1 - ifo
            da = xp.concat([difo, dc * i * (1 - g * g)], axis=-1)
            before = xp.concat([da @ params["recurrent"].mT, dc * f], axis=-1)
            return {"recurrent": h.mT @ da}, before, da

        return xp.concat([o * m, memory], axis=-1), pull

    own = {
        "weights": (gates(*[weights] * 4), ("n_in", 4 * n)),
        "bias": (gates(zeros, forget_bias, zeros, zeros), (4 * n,)),
        "recurrent": (gates(*[recurrent] * 4), (n, 4 * n)),
    }
    return Cell(n, step, own, size=2 * n)
