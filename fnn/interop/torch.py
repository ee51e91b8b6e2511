"""PyTorch's names and order of the weights' axes, in dicts of NumPy arrays. PyTorch is not imported.

    module.load_state_dict({name: torch.tensor(array) for name, array in to_state_dict(params).items()})
    params = from_state_dict({name: tensor.numpy() for name, tensor in module.state_dict().items()}, like=params)

Weights are turned to PyTorch's order: of `nn.Linear` (n_out, n_in), of `nn.Conv2d` (n_out, c_in, height, width). Names
alone do not tell that `nn.Embedding` has our order and `nn.ConvTranspose2d` (c_in, n_out, height, width), that
normalisations call our scale "weight" and the rows of our statistics "running_mean" and "running_var", and that
recurrent cells have other names.

A `chain` has the names of an `nn.Sequential` with the same layers at the same positions, and a named part those of an
attribute. `safetensors.numpy.save_file(to_state_dict(params), path)` writes the dict for other tools.

Some activations have another name or another default in PyTorch:

    nn.GELU()                      fnn.gelu_exact           PyTorch's default is approximate="none", the exact form
    nn.GELU(approximate="tanh")    fnn.gelu
    nn.ELU(), nn.ELU(alpha)        fnn.elu, fnn.elu_with(alpha)
    nn.Softplus(), ...(beta)       fnn.softplus, fnn.softplus_with(beta); above x = 20 / beta, PyTorch's returns x
    nn.SiLU()                      fnn.swish
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fnn import tree
from fnn.arrays import is_array
from fnn.tree import Params, Path, TreeError, show

__all__ = ["from_state_dict", "to_state_dict"]


def to_state_dict(params: tree.Tree) -> dict[str, np.ndarray]:
    """Parameters under PyTorch's names: `["encoder"]["0"]["weights"]`, transposed, as `"encoder.0.weight"`.

    Raises `TreeError` for two parameters of one name, weights of fewer than two axes, and what is not an array of real
    numbers.

    >>> to_state_dict({"0": {"weights": np.ones((3, 2)), "bias": np.ones(2)}})["0.weight"].shape
    (2, 3)
    """
    lead = len(getattr(params, "lead", ()))
    return {name: np.array(_turned(path, leaf, lead)) for name, (path, leaf) in _named("to_state_dict", params).items()}


def from_state_dict(state_dict: Mapping[str, Any], like: tree.Tree) -> Params:
    """Parameters with the structure and the dtypes of `like`, from arrays under PyTorch's names.

    Raises `TreeError` if names are missing or unexpected, if an array has another shape or does not hold real numbers,
    or if `to_state_dict` refuses `like`.

    >>> from_state_dict({"0.weight": np.ones((2, 3))}, like={"0": {"weights": np.zeros((3, 2))}})["0"]["weights"].shape
    (3, 2)
    """
    params = Params(like)
    expected = _named("from_state_dict", params)
    if strange := sorted(expected.keys() ^ state_dict.keys()):
        raise TreeError(f"from_state_dict: expected the names {sorted(expected)}; missing or unexpected: {strange}")
    lead = len(params.lead)
    leaves = iter([_leaf(name, state_dict[name], path, leaf, lead) for name, (path, leaf) in expected.items()])
    return tree.map(lambda _: next(leaves), params)  # which visits the leaves in the same order


def _named(what: str, params: tree.Tree) -> dict[str, tuple[Path, Any]]:
    """The path and the leaf for each of PyTorch's names. Raises `TreeError`, which begins with `what`."""
    named: dict[str, tuple[Path, Any]] = {}
    axes = len(getattr(params, "lead", ())) + 2  # that weights have at least
    for path, leaf in tree.items(params):
        name = ".".join((*path[:-1], "weight" if path[-1] == "weights" else path[-1]))
        if name in named:
            raise TreeError(f"{what}: {name!r} is the name of {show(named[name][0])} and of {show(path)}; rename one")
        kind = np.dtype(leaf.dtype).kind if is_array(leaf) else None
        if kind not in ("f", "i", "u", "b") or (path[-1] == "weights" and leaf.ndim < axes):
            got = type(leaf).__name__ if kind is None else f"shape {leaf.shape} {leaf.dtype}"
            raise TreeError(f"{what}: expected real numbers, and weights of two axes, at {show(path)}, got {got}")
        named[name] = path, leaf
    return named


def _turned(path: Path, leaf: Any, lead: int, *, back: bool = False) -> Any:
    """Weights behind `lead` leading axes in PyTorch's order, (..., n_out, n_in, *size), or `back` in ours.

    Other leaves are returned as they are. The copy is C-contiguous, as safetensors requires.
    """
    if path[-1] != "weights" or leaf.ndim < lead + 2:
        return leaf
    ours, theirs = (-1, -2), (lead, lead + 1)
    return np.ascontiguousarray(np.moveaxis(leaf, theirs, ours) if back else np.moveaxis(leaf, ours, theirs))


def _leaf(name: str, array: Any, path: Path, like: Any, lead: int) -> np.ndarray:
    """The leaf at this path, from the array under its PyTorch name."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TreeError(f"from_state_dict: expected real numbers for {name!r}, got an array of {array.dtype}")
    leaf = _turned(path, array, lead, back=True)
    if leaf.shape != like.shape:
        message = f"expected the shape {like.shape} at {show(path)}, {name!r} gives {leaf.shape}"
        raise TreeError(f"from_state_dict: {message}")
    return leaf.astype(like.dtype)
