"""The laws of a layer, each a function of a layer and examples for it.

Its first line states the law. It yields `Verdicts`; `check_law` raises an error for the first that does not hold.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn import tree
from fnn.arrays import Shape
from fnn.checks.probes import Case, LawError, Verdicts, derivative, normal, on_rounded, require
from fnn.layer import Layer, check_is_layer, check_shape
from fnn.random import Key, fold_in
from fnn.tree import Params, show

__all__ = ["LAWS", "check_law", "check_layer"]


def _close(what: str, a: Any, b: Any, tolerance: float = 1e-12, least: float = 1e-300) -> tuple[bool, str]:
    """Whether two arrays agree, relative to the greatest element of the second, or to `least`."""
    error = float(np.max(np.abs(a - b), initial=0) / max(np.max(np.abs(b), initial=0), least))
    return error < tolerance, f"{what} off by {error:.1e}"


def _equal(a: Any, b: Any) -> bool:
    """Whether two arrays, or trees, agree in shapes, dtypes and values; NaN equals NaN."""
    return Params({"a": a}) == Params({"a": b})


def _init(case: Case) -> Verdicts:
    """init is pure: it returns the same Params with read-only leaves, and a shape, for the same key"""
    once, again = case.layer.init(case.key, case.shape), case.layer.init(case.key, case.shape)
    yield isinstance(once[0], Params) and isinstance(once[1], tuple), f"it returns {once!r}"
    yield once == again, "a second call gives other parameters"
    writable = [show(path) for path, leaf in tree.items(once[0]) if leaf.flags.writeable]
    yield not writable, f"writable leaves at {writable}"


def _shapes(case: Case) -> Verdicts:
    """apply returns the features that init predicts, in x's dtype, behind x's leading axes and batch"""
    _, out_shape = case.layer.init(case.key, case.shape)
    lead = case.networks()
    for dtype in (np.float32, np.float64):
        params = case.params(dtype=dtype)
        for x in case.variations(dtype):
            y, (keyed, _) = case.layer.apply(params, x), case.layer.vjp(params, x, fold_in(case.key, 5))
            outer = x.shape[: x.ndim - len(case.shape)]
            expected = np.broadcast_shapes(outer[:-1], lead) + outer[-1:] + out_shape
            yield y.shape == expected, f"x {x.shape} gives {y.shape}, expected {expected}"
            yield y.dtype == keyed.dtype == dtype, f"{np.dtype(dtype)} gives {y.dtype}, {keyed.dtype}"
            yield y.shape == keyed.shape, f"with a key, {y.shape} becomes {keyed.shape}"


def _forward(case: Case) -> Verdicts:
    """vjp(params, x)[0] equals apply(params, x)"""
    params = case.params()
    for x in case.variations():
        y, _ = case.layer.vjp(params, x)
        yield _equal(y, case.layer.apply(params, x)), f"they differ for x of shape {x.shape}"


def _structure(case: Case) -> Verdicts:
    """dparams has the names, shapes and dtypes of params, dx those of x, and need_dx=False changes no dparams"""

    def form(leaf: Any) -> str:
        return f"{leaf.shape} {leaf.dtype}"

    params = case.params(dtype=np.float32)
    for x in case.variations(np.float32):
        y, back = case.layer.vjp(params, x)
        dparams, dx = back(y)
        expected, got = tree.map(form, dict(params)), tree.map(form, dict(dparams))
        yield got == expected, f"for x {form(x)}, expected dparams {expected}, got {got}"
        yield form(dx) == form(x), f"expected dx {form(x)}, got {form(dx)}"
        without, _ = back(y, need_dx=False)
        yield all(tree.leaves(tree.map(_equal, dict(dparams), without))), "with need_dx=False, dparams is another"


def _linear(case: Case) -> Verdicts:
    """back is linear, and may be called again"""
    y, back = case.layer.vjp(case.params(), case.x())
    u, v = normal(fold_in(case.key, 1), y.shape), normal(fold_in(case.key, 2), y.shape)
    pulls = [Params({"params": dparams, "x": dx}) for dparams, dx in map(back, (u, v, 2 * u - 3 * v, u))]
    yield pulls[0] == pulls[3], "a second call with the same cotangent gives another gradient"
    for path, (a, b, both) in tree.items(tree.map(lambda *leaves: leaves, *pulls[:3])):
        yield _close(f"{show(path)} is", both, 2 * a - 3 * b, 1e-10, least=1e-3)  # terms of size 1 may cancel


def _leading_axes(case: Case) -> Verdicts:
    """axes in front of (batch, features) are free: stacking inputs or parameters stacks outputs and gradients"""
    params, others, xs = case.params(0), case.params(1), case.x((3,))
    stacked = case.layer.apply(params, np.expand_dims(xs, tuple(range(1, 1 + len(case.networks())))))
    yield _close("3 stacked inputs are", stacked, np.stack([case.layer.apply(params, x) for x in xs]))
    if tree.leaves(params) and not case.networks():
        y, back = case.layer.vjp(tree.stack([params, others]), xs[0])
        ys, backs = zip(*(case.layer.vjp(each, xs[0]) for each in (params, others)), strict=True)
        yield _close("2 stacked parameters are", y, np.stack(ys))
        dy = normal(fold_in(case.key, 6), y.shape)
        one_by_one = tree.stack([Params(own(share)[0]) for own, share in zip(backs, dy, strict=True)])
        for path, (a, b) in tree.items(tree.map(lambda *leaves: leaves, one_by_one, back(dy)[0])):
            yield a.shape == b.shape, f"of 2 stacked parameters, the gradient at {show(path)} has the shape {b.shape}"
            yield _close(f"of 2 stacked parameters, the gradient at {show(path)} is", b, a, least=1e-3)


def _examples(case: Case) -> Verdicts:
    """examples of a batch do not see one another: a part of the batch has that part of the outputs"""
    params, x = case.params(), case.x()
    out_axes = len(case.layer.init(case.key, case.shape)[1])
    whole, alone = case.layer.apply(params, x), case.layer.apply(params, x[:2])
    yield _close("the first 2 of 5 examples are", whole[(..., slice(2), *(slice(None),) * out_axes)], alone)


def _other_features(case: Case) -> Verdicts:
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
    yield False, f"x of shape {narrow.shape} gives {y.shape}; declare the shapes that it takes (fnn.layer), or check x"


def _purity(case: Case) -> Verdicts:
    """inputs are never written to, may be read-only or strided, and equal inputs give equal bits"""
    params, x = case.params(), case.x()
    before, key = x.copy(), fold_in(case.key, 3)

    def run(x: np.ndarray) -> Params:
        y, back = case.layer.vjp(params, x, key)
        dy = np.ones_like(y)
        dparams, dx = back(dy)
        return Params({"y": y, "apply": case.layer.apply(params, x), "dparams": dparams, "dx": dx, "dy": dy})

    once = run(x)
    yield (once["dy"] == 1).all(), "back writes to its cotangent"
    yield _equal(x, before), "x has changed"
    x.flags.writeable = False
    again, strided = run(x), run(np.repeat(x, 2, axis=-1)[..., ::2])
    yield once == again, "the repeated call gives other bits"
    for what in ("y", "apply"):
        yield _close("the strided call gives another value,", once[what], strided[what])


def _derivative(case: Case) -> Verdicts:
    """back is the exact transposed derivative of apply, and with a key that of the stochastic pass"""
    for lead in case.leads():
        yield from derivative(case.layer, case.params(), case.x(lead))
    yield from derivative(case.layer, case.params(), case.x(), fold_in(case.key, 4))


def _key(case: Case) -> Verdicts:
    """a layer that behaves otherwise with a key than without says so: its needs_key is True"""
    params, x = case.params(), case.x()
    passes = []
    for key in (None, fold_in(case.key, 7)):
        y, back = case.layer.vjp(params, x, key)
        dparams, dx = back(np.ones_like(y))
        passes.append(Params({"y": y, "dparams": dparams, "dx": dx}))
    same = case.layer.needs_key or passes[0] == passes[1]
    yield same, "a key changes what vjp or its pullback returns; make the layer with needs_key=True"


def _tune(case: Case) -> Verdicts:
    """tune changes nothing but statistics, is the same when repeated, and with a key their gradient is zero"""
    params, x = case.params(), case.x()
    once = Params(case.layer.tune(params, x), lead=params.lead)
    yield _equal(once, Params(case.layer.tune(once, x), lead=params.lead)), "tuned twice, the parameters are others"
    yield [path for path, _ in tree.items(once)] == [path for path, _ in tree.items(params)], "it changes the names"
    y, back = case.layer.vjp(once, x, fold_in(case.key, 8))
    grads, _ = back(normal(fold_in(case.key, 9), y.shape))
    for path, (old, new, grad) in tree.items(tree.map(lambda *leaves: leaves, params, once, grads)):
        yield old.shape == new.shape and old.dtype == new.dtype, f"{show(path)} becomes {new.dtype}{new.shape}"
        yield "statistics" in path or _equal(old, new), f"it changes {show(path)}"
        yield "statistics" not in path or not np.any(grad), f"with a key, the gradient at {show(path)} is not zero"


LAWS: tuple[Callable[[Case], Verdicts], ...] = (
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
    _key,
    _tune,
)


def check_law(law: Callable[[Case], Verdicts], case: Case) -> None:
    """Raise a `LawError` if the layer of this case breaks a law, or if it raises an error."""
    statement = law.__doc__ or law.__name__
    try:
        for holds, detail in law(case):
            require(holds, case.layer, statement, detail)
    except LawError:
        raise
    except Exception as error:
        raise LawError(f"{case.layer!r} breaks the law “{statement}”: {type(error).__name__}: {error}") from error


def check_layer(layer: Layer, shape: Shape, *, key: Key = Key(0)) -> None:
    """Run every law on a layer, for examples of this shape. Raises `LawError` for the first broken one.

    >>> from fnn import chain, linear, relu
    >>> check_layer(chain(linear(8), relu, linear(3)), (4,))
    """
    check_is_layer("check_layer", layer)
    check_shape("check_layer", "", shape)
    for law in LAWS:
        check_law(law, Case(on_rounded(layer), shape, key))
