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
from fnn.params import Params, Path, TreeError, show

__all__ = ["from_state_dict", "to_state_dict"]


def _name(path: Path) -> str:
    return ".".join((*path[:-1], "weight" if path[-1] == "weights" else path[-1]))


def _turned(path: Path, leaf: Any) -> Any:
    """PyTorch's weights are (n_out, n_in), ours (n_in, n_out); C-contiguous, since safetensors takes no other."""
    return np.ascontiguousarray(leaf.swapaxes(-1, -2)) if path[-1] == "weights" else leaf


def to_state_dict(params: tree.Tree) -> dict[str, np.ndarray]:
    """Parameters under PyTorch's names: `["encoder"]["0"]["weights"]` transposed as `"encoder.0.weight"`.

    >>> to_state_dict({"0": {"weights": np.ones((3, 2)), "bias": np.ones(2)}})["0.weight"].shape
    (2, 3)
    """
    return {_name(path): np.array(_turned(path, leaf)) for path, leaf in tree.items(params)}


def from_state_dict(state_dict: Mapping[str, Any], like: tree.Tree) -> Params:
    """Parameters of the structure and the dtypes of `like` from arrays under PyTorch's names.

    Raises `TreeError` for names that are missing or too many, and for an array of another shape.
    """
    expected = {_name(path): (path, leaf) for path, leaf in tree.items(like)}
    if strange := sorted(expected.keys() ^ state_dict.keys()):
        raise TreeError(f"from_state_dict: expected the names {sorted(expected)}; missing or too many {strange}")
    leaves = []
    for name, (path, leaf) in expected.items():
        leaves.append(_turned(path, np.asarray(state_dict[name])).astype(leaf.dtype))
        if leaves[-1].shape != leaf.shape:
            came = f"{name!r} gives {leaves[-1].shape}"
            raise TreeError(f"from_state_dict: expected the shape {leaf.shape} at {show(path)}, {came}")
    rest = iter(leaves)
    return Params(tree.map(lambda leaf: next(rest), Params(like)))
