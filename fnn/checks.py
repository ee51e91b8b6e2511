"""Checks: the laws of a layer, as functions that anyone can run on a layer of their own.

Each law is a function of a layer and examples for it whose first line states the law; it raises `LawError` where the
layer breaks it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np

from fnn import tree
from fnn.layer import Layer, Shape
from fnn.params import Array, Params, Tree, show
from fnn.random import Key, fold, generator

__all__ = ["LawError", "check_layer", "check_vjp"]

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # of central differences: where rounding and truncation weigh the same


class LawError(AssertionError):
    """A layer breaks a law; the message says which, where, and by how much."""


def _normal(key: Key, shape: Shape) -> np.ndarray:
    return generator(key).standard_normal(shape)


def _require(holds: Any, layer: Layer, law: str, detail: str) -> None:
    if not holds:
        raise LawError(f"{layer.name} breaks the law “{law}”: {detail}")


def _difference(a: Any, b: Any) -> float:
    """The greatest difference of two arrays of one shape, relative to their greatest element."""
    return float(np.max(np.abs(a - b), initial=0) / max(np.max(np.abs(b), initial=0), 1e-300))


def _same_bits(a: Any, b: Any) -> bool:
    return Params({"a": np.asarray(a)}) == Params({"a": np.asarray(b)})


def check_vjp(layer: Layer, params: Tree, x: Array, *, key: Key | None = None, rtol: float = 1e-6) -> None:
    """Compare a layer's pullback with central differences, in float64; raises `LawError` where they differ.

    For a random cotangent u and a random direction (t, s), ⟨dparams, t⟩ + ⟨dx, s⟩ must be the derivative of
    ⟨u, f(params + h t, x + h s)⟩ by h: for each leaf on its own, for x, and for all jointly. The tolerance is relative
    to √Σ (gradient · direction)², what such a sum is of the order of. With a key, f is the stochastic pass.
    """
    names = [show(path) for path, _ in tree.items(params)] + ["x"]
    leaves = [np.asarray(leaf, np.float64) for leaf in (*tree.leaves(params), x)]
    places = iter(range(len(leaves)))
    index = tree.map(lambda _: next(places), dict(params))  # each leaf's place in `leaves`, in the tree's own form

    def f(values: list[np.ndarray]) -> tuple[np.ndarray, Any]:
        return layer.vjp(tree.map(lambda i: values[i], index), values[-1], key)

    y, back = f(leaves)
    u = _normal(Key(0, (0,)), y.shape)
    dparams, dx = back(u)
    gradients = [g for _, g in sorted(tree.leaves(tree.map(lambda i, g: (i, g), index, dparams)), key=lambda p: p[0])]
    gradients.append(dx)
    directions = [(i, v, max(1.0, float(np.max(np.abs(v), initial=0)))) for i, v in enumerate(leaves)]
    for place in [*range(len(leaves)), None]:
        ts = [_normal(Key(0, (1, i)), v.shape) * (scale * (place in (i, None))) for i, v, scale in directions]
        above, below = (
            float(np.sum(u * f([v + sign * STEP * t for v, t in zip(leaves, ts, strict=True)])[0])) for sign in (1, -1)
        )
        expected = (above - below) / (2 * STEP)
        got = sum(float(np.sum(g * t)) for g, t in zip(gradients, ts, strict=True))
        size = sum(float(np.sum(np.square(g * t))) for g, t in zip(gradients, ts, strict=True)) ** 0.5
        noise = 8 * EPS / STEP * float(np.sum(np.abs(u * y)))
        what = "all jointly" if place is None else names[place]
        law = "back is the exact transposed derivative of apply"
        detail = f"for {what}: the pullback gives {got:.12g}, central differences {expected:.12g}"
        _require(abs(got - expected) <= rtol * max(size, abs(expected)) + noise, layer, law, detail)


@attrs.frozen(eq=False)
class _Case:
    """A layer, parameters for it, and inputs with any leading axes."""

    layer: Layer
    shape: Shape
    key: Key

    def params(self, i: int = 0, dtype: Any = np.float64) -> Params:
        return tree.cast(self.layer.init(fold(self.key, i), self.shape)[0], dtype)

    def x(self, lead: Shape = (), batch: int = 5, dtype: Any = np.float64) -> np.ndarray:
        return _normal(fold(self.key, 99), (*lead, batch, *self.shape)).astype(dtype)

    def leads(self) -> tuple[Shape, ...]:
        """Leading axes to try: (), (3,) and (2, 3), where 3 is the number of networks for an ensemble."""
        own = self.networks() or (3,)
        return (), own, (2, *own)

    def networks(self) -> Shape:
        """The leading axes that an ensemble anywhere in the layer gives its output."""

        def leads(node: Params) -> Iterator[Shape]:
            yield node.lead if tree.leaves(node) else ()
            for part in node.values():
                yield from leads(part) if isinstance(part, Params) else ()

        return max(leads(self.params()), key=len)

    def variations(self) -> Iterator[np.ndarray]:
        """Inputs with several leading axes, and batches of 5, 1 and 0 examples."""
        for lead in self.leads():
            for batch in (5, 1, 0):
                yield self.x(lead, batch)


def _init(case: _Case, law: str) -> None:
    """init is pure: it returns the same Params with read-only leaves, and a shape, for the same key"""
    once, again = case.layer.init(case.key, case.shape), case.layer.init(case.key, case.shape)
    _require(isinstance(once[0], Params) and isinstance(once[1], tuple), case.layer, law, f"it returns {once!r}")
    _require(once == again, case.layer, law, "a second call gives other parameters")
    writable = [show(path) for path, leaf in tree.items(once[0]) if leaf.flags.writeable]
    _require(not writable, case.layer, law, f"writable leaves at {writable}")


def _shapes(case: _Case, law: str) -> None:
    """apply returns the features that init predicts, in x's dtype, behind x's leading axes and batch"""
    _, out_shape = case.layer.init(case.key, case.shape)
    lead = case.networks()
    for dtype in (np.float32, np.float64):
        params = case.params(dtype=dtype)
        for x in case.variations():
            y = case.layer.apply(params, x.astype(dtype))
            outer = x.shape[: x.ndim - len(case.shape)]
            expected = np.broadcast_shapes(outer[:-1], lead) + outer[-1:] + out_shape
            _require(y.shape == expected, case.layer, law, f"x {x.shape} gives {y.shape}, expected {expected}")
            keyed, _ = case.layer.vjp(params, x.astype(dtype), fold(case.key, 5))
            _require(
                y.dtype == keyed.dtype == dtype, case.layer, law, f"{np.dtype(dtype)} gives {y.dtype}, {keyed.dtype}"
            )
            _require(y.shape == keyed.shape, case.layer, law, f"with a key, {y.shape} becomes {keyed.shape}")


def _forward(case: _Case, law: str) -> None:
    """vjp(params, x)[0] equals apply(params, x)"""
    for x in case.variations():
        same = _same_bits(case.layer.vjp(case.params(), x)[0], case.layer.apply(case.params(), x))
        _require(same, case.layer, law, f"they differ for x of shape {x.shape}")


def _structure(case: _Case, law: str) -> None:
    """dparams has the names, shapes and dtypes of params, dx those of x, and need_dx=False changes no dparams"""

    def form(leaf: Any) -> tuple[Any, ...]:
        return leaf.shape, leaf.dtype

    for x in case.variations():
        params = case.params(dtype=np.float32)
        x = x.astype(np.float32)
        y, back = case.layer.vjp(params, x)
        dparams, dx = back(y)
        same = tree.map(form, Params(dparams, lead=params.lead)) == tree.map(form, params)
        _require(same, case.layer, law, f"for x of shape {x.shape}, dparams is {Params(dparams)!r}")
        _require(form(dx) == form(x), case.layer, law, f"dx has {form(dx)}, x {form(x)}")
        without = back(y, need_dx=False)[0]
        _require(Params(without) == Params(dparams), case.layer, law, "with need_dx=False, dparams is another")


def _linear(case: _Case, law: str) -> None:
    """back is linear, and may be called again"""
    y, back = case.layer.vjp(case.params(), case.x())
    u, v = _normal(fold(case.key, 1), y.shape), _normal(fold(case.key, 2), y.shape)
    pulls = [Params({"params": dparams, "x": dx}) for dparams, dx in map(back, (u, v, 2 * u - 3 * v, u))]
    _require(pulls[0] == pulls[3], case.layer, law, "a second call with the same cotangent gives another gradient")
    for path, (a, b, both) in tree.items(tree.map(lambda *leaves: leaves, *pulls[:3])):
        error = _difference(both, 2 * a - 3 * b)
        _require(error < 1e-10, case.layer, law, f"off by {error:.1e} at {show(path)}")


def _leading_axes(case: _Case, law: str) -> None:
    """axes in front of (batch, features) are free: stacking inputs or parameters stacks the outputs"""
    params, others, xs = case.params(0), case.params(1), case.x((3,))
    stacked = case.layer.apply(params, np.expand_dims(xs, tuple(range(1, 1 + len(case.networks())))))
    one_by_one = np.stack([case.layer.apply(params, x) for x in xs])
    error = _difference(stacked, one_by_one)
    _require(error < 1e-12, case.layer, law, f"3 stacked inputs are off by {error:.1e}")
    if tree.leaves(params) and not case.networks():
        both = case.layer.apply(tree.stack([params, others]), xs[0])
        error = _difference(both, np.stack([case.layer.apply(each, xs[0]) for each in (params, others)]))
        _require(error < 1e-12, case.layer, law, f"2 stacked parameters are off by {error:.1e}")


def _examples(case: _Case, law: str) -> None:
    """examples of a batch do not see one another: a part of the batch has that part of the outputs"""
    x = case.x()
    out_axes = len(case.layer.init(case.key, case.shape)[1])
    whole, alone = case.layer.apply(case.params(), x), case.layer.apply(case.params(), x[:2])
    error = _difference(whole[(..., slice(2), *(slice(None),) * out_axes)], alone)
    _require(error < 1e-12, case.layer, law, f"the first 2 of 5 examples are off by {error:.1e}")


def _purity(case: _Case, law: str) -> None:
    """inputs are never written to, may be read-only or strided, and equal inputs give equal bits"""
    params, x = case.params(), case.x()
    before, key = x.copy(), fold(case.key, 3)

    def run(x: np.ndarray) -> tuple[Any, ...]:
        y, back = case.layer.vjp(params, x, key)
        cotangent = np.ones_like(y)
        dparams, dx = back(cotangent)
        _require((cotangent == 1).all(), case.layer, law, "back writes to its cotangent")
        return y, case.layer.apply(params, x), Params(dparams), dx

    once = run(x)
    _require(_same_bits(x, before), case.layer, law, "x has changed")
    x.flags.writeable = False
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    for what, again in (("repeated", run(x)), ("strided", run(strided))):
        parts = zip(once, again, strict=True)
        same = all(a == b if isinstance(a, Params) else _same_bits(a, b) for a, b in parts)
        _require(same or what == "strided", case.layer, law, f"the {what} call gives other bits")
        close = all(_difference(a, b) < 1e-12 for a, b in zip(once[:2], again[:2], strict=True))
        _require(close, case.layer, law, f"the {what} call gives another value")


def _derivative(case: _Case, law: str) -> None:
    """back is the exact transposed derivative of apply, and with a key that of the stochastic pass"""
    for lead in case.leads():
        check_vjp(case.layer, case.params(), case.x(lead))
    check_vjp(case.layer, case.params(), case.x(), key=fold(case.key, 4))


LAWS: tuple[Callable[[_Case, str], None], ...] = (
    _init,
    _shapes,
    _forward,
    _structure,
    _linear,
    _leading_axes,
    _examples,
    _purity,
    _derivative,
)


def check_layer(layer: Layer, shape: Shape, *, key: Key = Key(0)) -> None:  # noqa: B008
    """Run every law of `fnn.layer` on a layer, for examples of this shape; raises `LawError` for the first it breaks.

    >>> from fnn import chain, linear, relu
    >>> check_layer(chain(linear(8), relu, linear(3)), (4,))
    """
    for law in LAWS:
        statement = (law.__doc__ or law.__name__).strip()
        try:
            law(_Case(layer, tuple(shape), key), statement)
        except LawError:
            raise
        except Exception as error:
            raise LawError(f"{layer.name} breaks the law “{statement}”: {type(error).__name__}: {error}") from error
