"""The laws of a layer, each a function of a layer and examples for it.

Its first line states the law; it raises `LawError` where the layer breaks it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np

from fnn import tree
from fnn.arrays import Shape
from fnn.checks.derivative import check_vjp, normal, require
from fnn.layer import Layer
from fnn.random import Key, fold_in
from fnn.tree import Params, show

__all__ = ["LAWS", "Case"]


def _difference(a: Any, b: Any) -> float:
    """The greatest difference of two arrays of one shape, relative to their greatest element."""
    return float(np.max(np.abs(a - b), initial=0) / max(np.max(np.abs(b), initial=0), 1e-300))


def _same_bits(a: Any, b: Any) -> bool:
    return Params({"a": np.asarray(a)}) == Params({"a": np.asarray(b)})


@attrs.frozen(eq=False)
class Case:
    """A layer, parameters for it, and inputs with any leading axes."""

    layer: Layer
    shape: Shape
    key: Key

    def params(self, i: int = 0, dtype: Any = np.float64) -> Params:
        """The `i`-th parameters."""
        return tree.cast(self.layer.init(fold_in(self.key, i), self.shape)[0], dtype)

    def x(self, lead: Shape = (), batch: int = 5, dtype: Any = np.float64) -> np.ndarray:
        """An input with these leading axes."""
        return normal(fold_in(self.key, 99), (*lead, batch, *self.shape)).astype(dtype)

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


def _init(case: Case, law: str) -> None:
    """init is pure: it returns the same Params with read-only leaves, and a shape, for the same key"""
    once, again = case.layer.init(case.key, case.shape), case.layer.init(case.key, case.shape)
    require(isinstance(once[0], Params) and isinstance(once[1], tuple), case.layer, law, f"it returns {once!r}")
    require(once == again, case.layer, law, "a second call gives other parameters")
    writable = [show(path) for path, leaf in tree.items(once[0]) if leaf.flags.writeable]
    require(not writable, case.layer, law, f"writable leaves at {writable}")


def _shapes(case: Case, law: str) -> None:
    """apply returns the features that init predicts, in x's dtype, behind x's leading axes and batch"""
    _, out_shape = case.layer.init(case.key, case.shape)
    lead = case.networks()
    for dtype in (np.float32, np.float64):
        params = case.params(dtype=dtype)
        for x in case.variations():
            y = case.layer.apply(params, x.astype(dtype))
            outer = x.shape[: x.ndim - len(case.shape)]
            expected = np.broadcast_shapes(outer[:-1], lead) + outer[-1:] + out_shape
            require(y.shape == expected, case.layer, law, f"x {x.shape} gives {y.shape}, expected {expected}")
            keyed, _ = case.layer.vjp(params, x.astype(dtype), fold_in(case.key, 5))
            require(
                y.dtype == keyed.dtype == dtype, case.layer, law, f"{np.dtype(dtype)} gives {y.dtype}, {keyed.dtype}"
            )
            require(y.shape == keyed.shape, case.layer, law, f"with a key, {y.shape} becomes {keyed.shape}")


def _forward(case: Case, law: str) -> None:
    """vjp(params, x)[0] equals apply(params, x)"""
    for x in case.variations():
        same = _same_bits(case.layer.vjp(case.params(), x)[0], case.layer.apply(case.params(), x))
        require(same, case.layer, law, f"they differ for x of shape {x.shape}")


def _structure(case: Case, law: str) -> None:
    """dparams has the names, shapes and dtypes of params, dx those of x, and need_dx=False changes no dparams"""

    def form(leaf: Any) -> str:
        return f"{leaf.shape} {leaf.dtype}"

    for x in case.variations():
        params = case.params(dtype=np.float32)
        x = x.astype(np.float32)
        y, back = case.layer.vjp(params, x)
        dparams, dx = back(y)
        expected, got = tree.map(form, dict(params)), tree.map(form, dict(dparams))
        require(got == expected, case.layer, law, f"for x {form(x)}, expected dparams {expected}, got {got}")
        require(form(dx) == form(x), case.layer, law, f"expected dx {form(x)}, got {form(dx)}")
        without = back(y, need_dx=False)[0]
        same = all(tree.leaves(tree.map(_same_bits, dict(dparams), without)))
        require(same, case.layer, law, "with need_dx=False, dparams is another")


def _linear(case: Case, law: str) -> None:
    """back is linear, and may be called again"""
    y, back = case.layer.vjp(case.params(), case.x())
    u, v = normal(fold_in(case.key, 1), y.shape), normal(fold_in(case.key, 2), y.shape)
    pulls = [Params({"params": dparams, "x": dx}) for dparams, dx in map(back, (u, v, 2 * u - 3 * v, u))]
    require(pulls[0] == pulls[3], case.layer, law, "a second call with the same cotangent gives another gradient")
    for path, (a, b, both) in tree.items(tree.map(lambda *leaves: leaves, *pulls[:3])):
        error = _difference(both, 2 * a - 3 * b)
        require(error < 1e-10, case.layer, law, f"off by {error:.1e} at {show(path)}")


def _leading_axes(case: Case, law: str) -> None:
    """axes in front of (batch, features) are free: stacking inputs or parameters stacks the outputs"""
    params, others, xs = case.params(0), case.params(1), case.x((3,))
    stacked = case.layer.apply(params, np.expand_dims(xs, tuple(range(1, 1 + len(case.networks())))))
    one_by_one = np.stack([case.layer.apply(params, x) for x in xs])
    error = _difference(stacked, one_by_one)
    require(error < 1e-12, case.layer, law, f"3 stacked inputs are off by {error:.1e}")
    if tree.leaves(params) and not case.networks():
        both = case.layer.apply(tree.stack([params, others]), xs[0])
        error = _difference(both, np.stack([case.layer.apply(each, xs[0]) for each in (params, others)]))
        require(error < 1e-12, case.layer, law, f"2 stacked parameters are off by {error:.1e}")


def _examples(case: Case, law: str) -> None:
    """examples of a batch do not see one another: a part of the batch has that part of the outputs"""
    x = case.x()
    out_axes = len(case.layer.init(case.key, case.shape)[1])
    whole, alone = case.layer.apply(case.params(), x), case.layer.apply(case.params(), x[:2])
    error = _difference(whole[(..., slice(2), *(slice(None),) * out_axes)], alone)
    require(error < 1e-12, case.layer, law, f"the first 2 of 5 examples are off by {error:.1e}")


def _other_features(case: Case, law: str) -> None:
    """apply refuses x of one feature if the parameters were initialised for several: it is not broadcast"""
    narrow = case.x()[..., :1]

    def shapes(features: Shape) -> Any:
        return tree.map(np.shape, dict(case.layer.init(case.key, features)[0]))

    try:
        if shapes(narrow.shape[1:]) == shapes(case.shape):  # the parameters do not depend on the features
            return
        y = case.layer.apply(case.params(), narrow)
    except ValueError:
        return
    detail = f"x of shape {narrow.shape} gives {y.shape}; declare the shapes that it takes (fnn.layer), or check x"
    require(False, case.layer, law, detail)


def _purity(case: Case, law: str) -> None:
    """inputs are never written to, may be read-only or strided, and equal inputs give equal bits"""
    params, x = case.params(), case.x()
    before, key = x.copy(), fold_in(case.key, 3)

    def run(x: np.ndarray) -> tuple[Any, ...]:
        y, back = case.layer.vjp(params, x, key)
        cotangent = np.ones_like(y)
        dparams, dx = back(cotangent)
        require((cotangent == 1).all(), case.layer, law, "back writes to its cotangent")
        return y, case.layer.apply(params, x), Params(dparams), dx

    once = run(x)
    require(_same_bits(x, before), case.layer, law, "x has changed")
    x.flags.writeable = False
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    for what, again in (("repeated", run(x)), ("strided", run(strided))):
        parts = zip(once, again, strict=True)
        same = all(a == b if isinstance(a, Params) else _same_bits(a, b) for a, b in parts)
        require(same or what == "strided", case.layer, law, f"the {what} call gives other bits")
        close = all(_difference(a, b) < 1e-12 for a, b in zip(once[:2], again[:2], strict=True))
        require(close, case.layer, law, f"the {what} call gives another value")


def _derivative(case: Case, law: str) -> None:
    """back is the exact transposed derivative of apply, and with a key that of the stochastic pass"""
    for lead in case.leads():
        check_vjp(case.layer, case.params(), case.x(lead))
    check_vjp(case.layer, case.params(), case.x(), key=fold_in(case.key, 4))


LAWS: tuple[Callable[[Case, str], None], ...] = (
    _init,
    _shapes,
    _forward,
    _structure,
    _linear,
    _leading_axes,
    _examples,
    _other_features,
    _purity,
    _derivative,
)
