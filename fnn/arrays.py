"""Functions of arrays of any library."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

__all__ = ["Array", "Shape", "bits", "dtype_kind", "is_array", "is_half", "method", "misfit", "namespace", "ones"]
__all__ += ["picked", "read_only", "take", "unbroadcast"]

Array = Any  # any array of the array API standard: NumPy's, JAX's, a tracer
Shape = tuple[int, ...]


def is_array(value: object) -> bool:
    """Whether `value` is an array of the array API standard, by the standard's own test.

    >>> is_array(np.zeros(3)), is_array([0, 0, 0])
    (True, False)
    """
    return hasattr(value, "__array_namespace__")


def dtype_kind(dtype: Any) -> str:
    """What a dtype of any array library holds: "float", "int" (signed or unsigned), "bool", or its own name.

    >>> dtype_kind(np.dtype("float32")), dtype_kind(np.dtype("uint8")), dtype_kind(np.dtype("bool"))
    ('float', 'int', 'bool')
    """
    return _dtype_kind(dtype.__class__, dtype)


def is_half(dtype: Any) -> bool:
    """Whether a dtype is float16 or bfloat16: sums, squares and Adam's epsilon do not fit into so few bits.

    >>> is_half(np.dtype("float16")), is_half(np.dtype("float32"))
    (True, False)
    """
    return _is_half(dtype.__class__, dtype)


def misfit(value: Any) -> str:
    """What `value` is, and how to make an array of numbers of it; "" if it is one already.

    >>> misfit([1, 2]), misfit(np.zeros(2))
    ('list; convert it with np.asarray', '')
    """
    if type(value) is np.ndarray and value.dtype.isnative and value.dtype.kind in "fiub":
        return ""  # the usual case
    name = type(value).__name__
    if not is_array(value):
        ways = {"to_numpy": "to_numpy()", "toarray": "toarray()", "detach": "detach().numpy()"}
        way = next((call for method, call in ways.items() if hasattr(value, method)), "np.asarray")
        return f"{name}; convert it with {way}"
    if isinstance(value, np.matrix):
        return f"{name}, whose operators differ; convert it with np.asarray"
    if isinstance(value, np.ndarray) and hasattr(value, "filled"):
        return f"{name}; fill in what is masked with filled(0), and give a weight of 0 to these examples"
    if isinstance(value, np.ndarray) and not value.dtype.isnative:
        return (
            f"an array of {value.dtype.str}, another machine's byte order; convert it with astype({value.dtype.name!r})"
        )
    if isinstance(value, np.ndarray) and value.dtype.kind not in "biufc":
        if _are_words(value):
            return "an array of words; number them: names, labels = numpy.unique(words, return_inverse=True)"
        return f"an array of {value.dtype}; convert it with astype(float)"
    return ""


def _are_words(array: np.ndarray) -> bool:
    """Whether all elements are words, and not all of them numerals such as "1.5"."""
    try:
        array.astype(float)
    except (TypeError, ValueError):
        return all(isinstance(each, (str, bytes)) for each in array.flat)
    return False


# The standard's isdtype takes microseconds. The class is part of the key: two libraries' dtypes may not be comparable.
@lru_cache
def _is_half(library: Any, dtype: Any) -> bool:
    return "float16" in str(dtype)


@lru_cache
def _dtype_kind(library: Any, dtype: Any) -> str:
    return next((word for word in ("float", "int", "bool") if word in str(dtype)), str(dtype))


def namespace(array: Array) -> Any:
    """The functions of the array's library; of NumPy's arrays without `__array_namespace__`, which takes a while.

    >>> namespace(np.zeros(2)) is np
    True
    """
    return np if type(array) is np.ndarray else array.__array_namespace__()


def method(array: Array, name: str) -> Callable[..., Array]:
    """A function of the array's library, such as "sum", "max" or "astype", with the array for its first argument.

    For NumPy it is the array's own method, which saves the function's dispatch.

    >>> method(np.array([1.0, 2.0]), "sum")(axis=-1)
    np.float64(3.0)
    """
    if isinstance(array, np.ndarray):
        return getattr(array, name)
    return partial(getattr(namespace(array), name), array)


def ones(n: int, like: Array) -> Array:
    """A vector of ones of the library and dtype of another array; its product with a matrix sums over rows.

    NumPy's are shared and read-only: to make one takes longer than its product with a small matrix.

    >>> ones(2, np.zeros(1)) @ np.array([[1.0], [2.0]])
    array([3.])
    """
    return _ones(n, like.dtype) if isinstance(like, np.ndarray) else namespace(like).ones(n, dtype=like.dtype)


@lru_cache
def _ones(n: int, dtype: Any) -> np.ndarray:
    return read_only(np.ones(n, dtype))


def take(array: Array, index: Any, axis: int = 0) -> Array:
    """The parts of an array at the given places of an axis, as a new array.

    NumPy's `take` begins with a copy of the whole array, unless it is aligned and in C order; its indexing does not.

    >>> take(np.eye(3)[:, ::2], np.array([2, 0]))
    array([[0., 1.],
           [1., 0.]])
    """
    if isinstance(array, np.ndarray) and not (array.flags.c_contiguous and array.flags.aligned):
        return array[(slice(None),) * axis + (index,)]
    return method(array, "take")(index, axis=axis)


def picked(x: Array, where: Array) -> Array:
    """The number in each row of x (..., n, k) at its one place where `where` is True: (..., n, 1).

    >>> picked(np.eye(2), np.eye(2) > 0)
    array([[1.],
           [1.]])
    """
    if isinstance(x, np.ndarray):
        return x[..., where].reshape((*x.shape[:-1], 1))
    return namespace(x).sum(namespace(x).where(where, x, 0.0), axis=-1, keepdims=True)


def read_only(value: Any) -> Any:
    """A read-only view of a NumPy array, or the array itself if it is read-only already.

    Tuples of arrays become tuples of views. Arrays of other libraries are returned as they are.

    >>> read_only(np.zeros(2)).flags.writeable
    False
    """
    if isinstance(value, tuple):
        return tuple(map(read_only, value))
    if isinstance(value, np.ndarray) and value.flags.writeable:
        value = value.view()
        value.setflags(write=False)
    return value


def bits(value: Any) -> Any:
    """An array, or a tuple of arrays, as plain values that are equal exactly where all bits are.

    >>> bits(np.array([np.nan])) == bits(np.array([np.nan])), bits(np.zeros(1)) == bits(-np.zeros(1))
    (True, False)
    """
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    array = np.asarray(value)
    return str(array.dtype), array.shape, array.tobytes()


def unbroadcast(dx: Array, x: Array) -> Array:
    """Undo a broadcast: sum a gradient `dx` over the axes that broadcasting added, to the shape and dtype of `x`.

    >>> unbroadcast(np.ones((3, 2, 4)), np.zeros((1, 4), np.float32))
    array([[6., 6., 6., 6.]], dtype=float32)
    """
    if dx.shape == x.shape and dx.dtype == x.dtype:
        return dx
    xp, new = dx.__array_namespace__(), dx.ndim - x.ndim
    dx = xp.sum(dx, axis=tuple(range(new)))
    single = tuple(axis for axis, n in enumerate(x.shape) if n == 1)
    return xp.astype(xp.sum(dx, axis=single, keepdims=True), x.dtype)
