"""Cells: one step of a recurrent layer each, from one state to the next, with its pullback."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from fnn.arrays import Array, Shape
from fnn.initializers import Initializer, constant, glorot_uniform, orthogonal, zeros
from fnn.random import Key, fold_in
from fnn.tree import Tree
from fnn.values import Call, constructor, value, whole

__all__ = ["Cell", "elman", "gru", "lstm"]

Pull = Callable[..., tuple[dict[str, Array], Array, Any]]
Step = Callable[[Tree, Array, Array], tuple[Array, Pull]]


@value
@attrs.frozen(eq=False, repr=False)
class Cell:
    """One step of a recurrent layer.

    n            the number of its outputs, which are the first n numbers of a state
    step         step(params, h, x) -> (the next state, pull), with pull(dh, need_dx=True) -> (dparams, the gradient of
                 h, dx); h (..., batch, size) is the state so far, x (..., batch, n_in) the input at one time
    parameters   name: (initializer, shape), as `fnn.layer` takes them; the name "n_in" stands for x's features
    size         the size of a state, if it is more than its outputs

    A gradient in `dparams` may keep the batch's axis, as in `fnn.layer`.

    >>> import fnn
    >>> @fnn.constructor
    ... def leaky(n, rate=0.5):                                      # h' = (1 - rate) h + rate tanh(x W + h U)
    ...     def step(params, h, x):
    ...         w, u = params["weights"], params["recurrent"]
    ...         y = h.__array_namespace__().tanh(x @ w + h @ u)
    ...         def pull(dh, need_dx=True):
    ...             da = rate * dh * (1 - y * y)
    ...             return {"weights": x.mT @ da, "recurrent": h.mT @ da}, (1 - rate) * dh + da @ u.mT, da @ w.mT
    ...         return (1 - rate) * h + rate * y, pull
    ...     own = {"weights": (fnn.glorot_uniform, ("n_in", n)), "recurrent": (fnn.orthogonal, (n, n))}
    ...     return fnn.Cell(n, step, own)
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
    """Parts of equal width side by side, each drawn by its own initializer with its own fans."""

    def draw(key: Key, shape: Shape) -> Array:
        part = (*shape[:-1], shape[-1] // len(initializers))
        drawn = [each(fold_in(key, i), part) for i, each in enumerate(initializers)]
        return drawn[0].__array_namespace__().concat(drawn, axis=-1)

    return draw


def affine(params: Tree, h: Array, x: Array) -> Array:
    """x W + h U + b."""
    a = x @ params["weights"]
    a += h @ params["recurrent"]
    a += params["bias"][..., None, :]
    return a


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

    def step(params: Tree, h: Array, x: Array) -> tuple[Array, Pull]:
        y = affine(params, h, x)
        y = y.__array_namespace__().tanh(y)

        def pull(dy: Array, need_dx: bool = True) -> tuple[dict[str, Array], Array, Any]:
            da = dy * (1 - y * y)
            dx = da @ params["weights"].mT if need_dx else None
            grads = {"weights": x.mT @ da, "bias": da, "recurrent": h.mT @ da}
            return grads, da @ params["recurrent"].mT, dx

        return y, pull

    own = {"weights": (weights, ("n_in", n)), "bias": (zeros, (n,)), "recurrent": (recurrent, (n, n))}
    return Cell(n, step, own)


@constructor
def gru(n: int, *, weights: Initializer = glorot_uniform, recurrent: Initializer = orthogonal) -> Cell:
    """The gated recurrent unit: h' = (1 - z) c + z h (Cho et al. 2014).

    r = σ(x Wᵣ + bᵣ + h Uᵣ), z = σ(x W_z + b_z + h U_z) and c = tanh(x W_c + b_c + r (h U_c + d)): the reset gate r
    stands behind the product, as in PyTorch. The parameters are "weights" [Wᵣ, W_z, W_c] (n_in, 3 n), "bias"
    (3 n,), "recurrent" [Uᵣ, U_z, U_c] (n, 3 n) and "recurrent_bias" d (n,). Initializers draw each gate on its own.
    Raises `ValueError` unless `n` is a positive integer.
    """
    n = whole("gru(n)", n)

    def step(params: Tree, h: Array, x: Array) -> tuple[Array, Pull]:
        xp = x.__array_namespace__()
        a, u = x @ params["weights"], h @ params["recurrent"]
        a += params["bias"][..., None, :]
        both = sigmoid(xp, a[..., : 2 * n] + u[..., : 2 * n])
        r, z = both[..., :n], both[..., n:]
        q = u[..., 2 * n :] + params["recurrent_bias"][..., None, :]
        c = r * q
        c += a[..., 2 * n :]
        c = xp.tanh(c)
        y = h - c
        y *= z
        y += c

        def pull(dy: Array, need_dx: bool = True) -> tuple[dict[str, Array], Array, Any]:
            direct = dy * z
            dc = (dy - direct) * (1 - c * c)
            dboth = xp.concat([dc * q, dy * (h - c)], axis=-1)
            dboth *= both
            dboth *= 1 - both
            dq = dc * r
            da, du = xp.concat([dboth, dc], axis=-1), xp.concat([dboth, dq], axis=-1)
            dh = du @ params["recurrent"].mT
            dh += direct
            dx = da @ params["weights"].mT if need_dx else None
            grads = {"weights": x.mT @ da, "bias": da, "recurrent": h.mT @ du, "recurrent_bias": dq}
            return grads, dh, dx

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
    Initializers and errors are as for `gru`.
    """
    n = whole("lstm(n)", n)

    def step(params: Tree, state: Array, x: Array) -> tuple[Array, Pull]:
        xp = x.__array_namespace__()
        h, c = state[..., :n], state[..., n:]
        a = affine(params, h, x)
        ifo, g = sigmoid(xp, a[..., : 3 * n]), xp.tanh(a[..., 3 * n :])
        i, f, o = ifo[..., :n], ifo[..., n : 2 * n], ifo[..., 2 * n :]
        memory = f * c
        memory += i * g
        m = xp.tanh(memory)

        def pull(dstate: Array, need_dx: bool = True) -> tuple[dict[str, Array], Array, Any]:
            dh = dstate[..., :n]
            dc = 1 - m * m
            dc *= o
            dc *= dh
            dc += dstate[..., n:]
            difo = xp.concat([dc * g, dc * c, dh * m], axis=-1)
            difo *= ifo
            difo *= 1 - ifo
            da = xp.concat([difo, dc * i * (1 - g * g)], axis=-1)
            before = xp.concat([da @ params["recurrent"].mT, dc * f], axis=-1)
            dx = da @ params["weights"].mT if need_dx else None
            return {"weights": x.mT @ da, "bias": da, "recurrent": h.mT @ da}, before, dx

        return xp.concat([o * m, memory], axis=-1), pull

    own = {
        "weights": (gates(*[weights] * 4), ("n_in", 4 * n)),
        "bias": (gates(zeros, forget_bias, zeros, zeros), (4 * n,)),
        "recurrent": (gates(*[recurrent] * 4), (n, 4 * n)),
    }
    return Cell(n, step, own, size=2 * n)
