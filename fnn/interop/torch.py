"""PyTorch's names for parameters: plain dicts of NumPy arrays as a `state_dict` has them. PyTorch is not imported.

    module.load_state_dict({name: torch.tensor(array) for name, array in to_state_dict(params).items()})
    params = from_state_dict({name: tensor.numpy() for name, tensor in module.state_dict().items()}, like=params)

A `chain` is an `nn.Sequential` of the same layers in the same places, a named part an attribute of this name. The same
dict goes to other tools by `safetensors.numpy.save_file(to_state_dict(params), path)`, and comes back by `load_file`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fnn import tree
from fnn.tree.params import Params, Path, TreeError, is_array, show

__all__ = ["from_state_dict", "to_state_dict"]


def _name(path: Path) -> str:
    return ".".join((*path[:-1], "weight" if path[-1] == "weights" else path[-1]))


def _named(what: str, params: tree.Tree) -> dict[str, tuple[Path, Any]]:
    """The path and the leaf of each of PyTorch's names; raises `TreeError` for a leaf that none can have alone."""
    named: dict[str, tuple[Path, Any]] = {}
    axes = len(getattr(params, "lead", ())) + 2  # of weights
    for path, leaf in tree.items(params):
        if (name := _name(path)) in named:
            raise TreeError(f"{what}: {name!r} is the name of {show(named[name][0])} and of {show(path)}; rename one")
        kind = np.dtype(leaf.dtype).kind if is_array(leaf) else None
        if kind not in ("f", "i", "u", "b") or (path[-1] == "weights" and leaf.ndim < axes):
            came = type(leaf).__name__ if kind is None else f"shape {leaf.shape} {leaf.dtype}"
            raise TreeError(f"{what}: expected real numbers, and weights of two axes, at {show(path)}, got {came}")
        named[name] = path, leaf
    return named


def _turned(path: Path, leaf: Any) -> Any:
    """PyTorch's weights are (n_out, n_in), ours (n_in, n_out); C-contiguous, since safetensors takes no other."""
    return np.ascontiguousarray(leaf.swapaxes(-1, -2)) if path[-1] == "weights" else leaf


def to_state_dict(params: tree.Tree) -> dict[str, np.ndarray]:
    """Parameters under PyTorch's names: `["encoder"]["0"]["weights"]` transposed as `"encoder.0.weight"`.

    >>> to_state_dict({"0": {"weights": np.ones((3, 2)), "bias": np.ones(2)}})["0.weight"].shape
    (2, 3)

    Raises `TreeError` where two parameters would have one name, for weights of fewer than two axes, and for what is no
    array of real numbers.
    """
    named = _named("to_state_dict", params)
    return {name: np.array(_turned(path, leaf)) for name, (path, leaf) in named.items()}


def from_state_dict(state_dict: Mapping[str, Any], like: tree.Tree) -> Params:
    """Parameters of the structure and the dtypes of `like` from arrays under PyTorch's names.

    Raises `TreeError` for names that are missing or too many, for an array of another shape or of no real numbers, and
    for a `like` that `to_state_dict` refuses.
    """
    params = Params(like)
    expected = _named("from_state_dict", params)
    if strange := sorted(expected.keys() ^ state_dict.keys()):
        raise TreeError(f"from_state_dict: expected the names {sorted(expected)}; missing or too many {strange}")
    found = {path: _found(name, state_dict[name], path, leaf) for name, (path, leaf) in expected.items()}
    return _built(params, found, ())


def _found(name: str, array: Any, path: Path, like: Any) -> np.ndarray:
    """The leaf for this path, from what has its name."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TreeError(f"from_state_dict: expected real numbers for {name!r}, got an array of {array.dtype}")
    leaf = _turned(path, array) if array.ndim > 1 else array
    if leaf.shape != like.shape:
        raise TreeError(
            f"from_state_dict: expected the shape {like.shape} at {show(path)}, {name!r} gives {leaf.shape}"
        )
    return leaf.astype(like.dtype)


def _built(like: Params, leaves: Mapping[Path, np.ndarray], path: Path) -> Params:
    """The tree of this structure with the leaves of these paths."""
    below = {name: (*path, name) for name in like}
    parts = {k: _built(like[k], leaves, at) if isinstance(like[k], Params) else leaves[at] for k, at in below.items()}
    return Params(parts, lead=like.lead)
