"""A layer of two functions and the shapes that they take.

From the shapes follow `init`, the check of parameters and input, the explanation of a mismatch, and the sums over the
batch in the parameters' gradients.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fnn.arrays import Array, Shape, is_array, unbroadcast
from fnn.initializers import Initializer
from fnn.layer import Back, Functions, Layer, LayerError, check_shape, renamed, unchanged
from fnn.layers.shapes import Declared, Sizes
from fnn.layers.sums import summed
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree
from fnn.values import is_integer

__all__ = ["layer"]


def layer(
    apply: Callable[[Tree, Array], Array],
    vjp: Callable[..., tuple[Array, Back]],
    *,
    x: Sizes = (...,),
    y: Sizes | Callable[[Shape], Shape] | None = None,
    needs_key: bool = False,
    tune: Callable[[Tree, Array], Tree] = unchanged,
    integers: int = 0,
    **parameters: tuple[Initializer | None, Sizes],
) -> Layer:
    """The layer of `apply` and `vjp`, which are called with parameters and inputs of the declared shapes only.

    Decorate the function that returns it with `fnn.constructor`: then its repr and its errors are named after the call.

    apply, vjp   two functions of the contract (see fnn/layer.py)
    x            the shape of one example's features: integers, and names for lengths that `init` learns, as in
                 ("n_in",); a leading `...` stands for any number of axes
    y            the shape of its outputs; None if it is that of x; or a function from x's shape to it, which raises
                 `LayerError` for a shape that the layer cannot take
    needs_key    whether `vjp` behaves otherwise with a key than without, as in dropout
    tune         tune(params, x) -> params with the statistics of x, if the layer keeps such
    integers     if not 0, x holds integers from 0 to `integers` - 1, and dx is None; else floating-point numbers
    parameters   name=(initializer, shape), as in weights=(he_normal, ("n_in", n_out)); a parameter whose initializer is
                 None is left out, and its gradient ignored

    Axes of a gradient between its leading axes and its parameter's own axes, such as the batch, are summed: the
    gradient of a bias is `dy` itself. Raises `TypeError` or `ValueError` for a declaration that is not understood.

    >>> import fnn
    >>> @fnn.constructor
    ... def scale(factor=fnn.initializers.constant(1.0)):
    ...     def apply(params, x):                                # x (..., batch, n), factor (..., n)
    ...         return x * params["factor"][..., None, :]
    ...     def vjp(params, x, key=None):
    ...         def back(dy, need_dx=True):
    ...             return {"factor": x * dy}, dy * params["factor"][..., None, :]
    ...         return apply(params, x), back
    ...     return fnn.layer(apply, vjp, x=("n",), factor=(factor, ("n",)))
    >>> fnn.check_layer(scale(), (4,))
    """
    features = x[1:] if x[:1] == (...,) else x
    for what, given in parameters.items():
        if not isinstance(given, tuple) or len(given) != 2:
            example, came = f'{what}=(fnn.zeros, ("n_in", 64))', getattr(given, "__name__", repr(given))
            raise TypeError(f"layer: expected {what} as (initializer, shape), as in {example}, got {came}")
    kept = {what: (initializer, own) for what, (initializer, own) in parameters.items() if initializer is not None}
    own_shapes = {what: own for what, (_, own) in kept.items()}
    _check_declaration({"x": features, **own_shapes, **({} if y is None or callable(y) else {"y": y})})
    shapes = Declared(features, features != x, kept, integers)
    located = partial(_functions, apply, vjp, tune, shapes, y)
    return Layer.of(located, needs_key=needs_key, integers=integers)


def _check_declaration(shapes: dict[str, Any]) -> None:
    """Raise unless the shapes are tuples of lengths and names, and each name is one of x's."""
    for what, shape in shapes.items():
        if not isinstance(shape, tuple) or not all(isinstance(n, str) or (is_integer(n) and n > 0) for n in shape):
            raise TypeError(
                f'layer: expected {what} as a tuple of lengths and names, as in ("n_in", 64), got {shape!r}'
            )
        if unknown := [n for n in shape if isinstance(n, str) and n not in shapes["x"]]:
            raise ValueError(f"layer: the shape of {what} has the names {unknown}, which the shape of x lacks")


def _functions(
    apply: Callable[..., Any],
    vjp: Callable[..., Any],
    tune: Callable[..., Any],
    declared: Declared,
    y_shape: Any,
    name: str,
    path: str,
) -> Functions:
    """`init`, and the others behind the check of the declared shapes; errors name the layer and its path."""
    short = name.partition("(")[0]
    apply, vjp = renamed(apply, f"{short}.apply"), renamed(vjp, f"{short}.vjp")
    owned, n_features = [(what, len(own)) for what, (_, own) in declared.parameters.items()], len(declared.features)

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        check_shape(name, path, shape)
        lengths = declared.lengths(shape)
        if lengths is None:
            raise LayerError(name, declared.message(shape, name), path)
        params = {
            what: _initial((name, path), what, initializer, fold_in(key, i), resolved(own, lengths))
            for i, (what, (initializer, own)) in enumerate(declared.parameters.items())
        }
        if y_shape is None:
            return Params(params), shape
        try:
            return Params(params), y_shape(shape) if callable(y_shape) else resolved(y_shape, lengths)
        except LayerError as error:
            raise _located(error, name, path) from None

    def checked_apply(params: Tree, x: Array) -> Array:
        if not declared.fits(params, x):
            declared.explain(params, x, name, path)
        try:
            return apply(params, x)
        except FloatingPointError:
            return _underflowing(apply, params, x)
        except LayerError as error:
            raise _located(error, name, path) from None

    def checked_vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        if not declared.fits(params, x):
            declared.explain(params, x, name, path)
        try:
            y, pull = vjp(params, x, key)
        except FloatingPointError:
            y, pull = _underflowing(vjp, params, x, key)
        except LayerError as error:
            raise _located(error, name, path) from None

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Any]:
            check_cotangent(name, path, dy, y.shape)
            try:
                grads, dx = pull(dy, need_dx)
            except FloatingPointError:
                grads, dx = _underflowing(pull, dy, need_dx)
            if not owned:
                return {}, dx
            n_lead = x.ndim - 1 - n_features
            try:
                dparams = {what: summed(grads[what], params[what], n_axes, n_lead) for what, n_axes in owned}
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                problem = f"the pullback must return a gradient for each of {[what for what, _ in owned]}; {error!r}"
                raise LayerError(name, problem, path) from error
            return dparams, unbroadcast(dx, x) if need_dx and not declared.integers else None

        return y, back

    def checked_tune(params: Tree, x: Array) -> Tree:
        if not declared.fits(params, x):
            declared.explain(params, x, name, path)
        try:
            return tune(params, x)
        except LayerError as error:
            raise _located(error, name, path) from None

    return init, checked_apply, checked_vjp, tune if tune is unchanged else checked_tune


def _underflowing(f: Callable[..., Any], *args: Any) -> Any:
    """f(*args) once more, for a caller who lets NumPy raise errors: a result that underflows is no error.

    To ask for this beforehand would cost every call a microsecond.
    """
    with np.errstate(under="ignore"):
        return f(*args)


def _located(error: LayerError, name: str, path: str) -> LayerError:
    """The error of a layer's own function, which may leave its name out: `LayerError("", problem)`."""
    return error if error.layer else LayerError(name, error.problem, path)


def resolved(shape: Sizes, lengths: dict[str, int]) -> Shape:
    """A declared shape with lengths in place of names.

    >>> resolved(("n_in", 64), {"n_in": 784})
    (784, 64)
    """
    return tuple(lengths.get(n, n) for n in shape)  # type: ignore[misc]


def check_cotangent(name: str, path: str, dy: Array, shape: Shape) -> None:
    """Raise a `LayerError` unless `dy` has the shape of the layer's output."""
    if getattr(dy, "shape", None) != shape:
        came = getattr(dy, "shape", type(dy).__name__)
        raise LayerError(name, f"the pullback expects dy in the shape of its output, {shape}, got {came}", path)


def _initial(where: tuple[str, str], what: str, initializer: Any, key: Key, shape: Shape) -> Array:
    """Draw one parameter. Raises `LayerError` if the initializer returns anything but an array of this shape."""
    name, path = where
    try:
        values = initializer(key, shape)
    except TypeError as error:
        problem = f"{what} takes an initializer (key, shape) -> array, such as he_normal; {error}"
        raise LayerError(name, problem, path) from error
    if not is_array(values) or values.shape != shape:
        came = f"an array of shape {values.shape}" if is_array(values) else type(values).__name__
        raise LayerError(name, f"the initializer of {what} must return an array of shape {shape}, got {came}", path)
    return values
