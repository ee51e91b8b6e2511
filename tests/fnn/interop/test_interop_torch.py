"""PyTorch's names, tested without PyTorch: arrays go there and back, and compute what `nn.Linear` documents."""

import importlib.util

import numpy as np
import pytest

import fnn
from fnn import Key, TreeError
from fnn.interop.torch import from_state_dict, to_state_dict
from tests.support.table import normal

MODEL = fnn.chain(encoder=fnn.chain(fnn.linear(4), fnn.relu), decoder=fnn.chain(fnn.linear(3)))
PARAMS, _ = MODEL.init(Key(0), (5,))


def test_names_and_shapes_are_pytorchs():
    shapes = {name: array.shape for name, array in to_state_dict(PARAMS).items()}
    weights = {"encoder.0.weight": (4, 5), "decoder.0.weight": (3, 4)}
    assert shapes == {**weights, "encoder.0.bias": (4,), "decoder.0.bias": (3,)}


def test_nn_linear_computes_the_same():
    x, named = normal(0, (7, 5), np.float32), to_state_dict(PARAMS)
    hidden = np.maximum(x @ named["encoder.0.weight"].T + named["encoder.0.bias"], 0)  # as PyTorch documents nn.Linear
    expected = hidden @ named["decoder.0.weight"].T + named["decoder.0.bias"]
    np.testing.assert_allclose(MODEL.apply(PARAMS, x), expected, rtol=1e-5)


@pytest.mark.parametrize("model", [MODEL, fnn.ensemble(MODEL, 3)], ids=["one", "ensemble"])
def test_there_and_back(model):
    params, _ = model.init(Key(0), (5,))
    named = to_state_dict(params)
    assert from_state_dict(named, like=params) == params
    assert from_state_dict({name: array.astype(np.float64) for name, array in named.items()}, like=params) == params
    assert not any(np.shares_memory(a, b) for a in named.values() for b in fnn.tree.leaves(params))


@pytest.mark.parametrize(("size", "shape"), [((2, 3), (5, 6, 2)), (3, (7, 2))], ids=["images", "signals"])
def test_nn_conv_computes_the_same(size, shape):
    layer = fnn.ensemble(fnn.convolution(4, size), 3)
    params, _ = layer.init(Key(0), shape)
    named = to_state_dict(params)
    kernel = (size,) if isinstance(size, int) else size
    assert named["weight"].shape == (3, 4, 2, *kernel)
    assert from_state_dict(named, like=params) == params
    x = normal(0, (1, *shape), np.float32)
    window = x[(0, *(slice(k) for k in kernel))]  # (*size, c_in): the first place
    expected = np.sum(named["weight"] * np.moveaxis(window, -1, 0), axis=tuple(range(2, 3 + len(kernel))))
    np.testing.assert_allclose(layer.apply(params, x)[(slice(None), 0, *[0] * len(kernel))], expected, rtol=1e-5)


def test_arrays_that_do_not_fit_are_named():
    named = to_state_dict(PARAMS)
    with pytest.raises(TreeError, match=r"missing or unexpected: \['decoder.0.bias'\]"):
        from_state_dict({name: array for name, array in named.items() if name != "decoder.0.bias"}, like=PARAMS)
    with pytest.raises(TreeError, match=r"missing or unexpected: \['more'\]"):
        from_state_dict({**named, "more": np.ones(2)}, like=PARAMS)
    with pytest.raises(TreeError, match=r"shape \(5, 4\) at \['encoder'\]\['0'\]\['weights'\], .* gives \(4, 5\)"):
        from_state_dict({**named, "encoder.0.weight": named["encoder.0.weight"].T}, like=PARAMS)


TWICE = {"a.b": np.ones(2), "a": {"b": np.ones(2)}}
UNNAMED = {
    "a dot": (TWICE, r"'a\.b' is the name of \['a\.b'\] and of \['a'\]\['b'\]"),
    "a weight beside weights": ({"weights": np.ones((2, 2)), "weight": np.ones(2)}, "'weight' is the name of"),
    "weights of one axis": ({"0": {"weights": np.ones(2)}}, r"at \['0'\]\['weights'\], got shape \(2,\) float64"),
    "complex numbers": ({"bias": np.ones(2, complex)}, r"real numbers.*at \['bias'\], got shape \(2,\) complex128"),
}


@pytest.mark.parametrize(("params", "why"), UNNAMED.values(), ids=UNNAMED)
def test_parameters_that_have_no_name_in_pytorch_are_refused(params, why):
    with pytest.raises(TreeError, match=f"to_state_dict: .*{why}"):
        to_state_dict(params)
    with pytest.raises(TreeError, match=f"from_state_dict: .*{why}"):
        from_state_dict({}, like=params)


def test_wrong_arrays_are_refused():
    with pytest.raises(TreeError, match=r"to_state_dict: expected real numbers.* at \['a'\], got str"):
        to_state_dict({"a": "word"})
    for strange in (np.ones(2, complex), np.array(["a", "b"]), np.array([None, None])):
        with pytest.raises(TreeError, match=f"expected real numbers for 'bias', got an array of {strange.dtype}"):
            from_state_dict({"bias": strange}, like={"bias": np.ones(2)})
    with pytest.raises(TreeError, match=r"shape \(2, 2\) at \['weights'\], 'weight' gives \(4,\)"):
        from_state_dict({"weight": np.ones(4)}, like={"weights": np.ones((2, 2))})


@pytest.mark.skipif(not importlib.util.find_spec("safetensors"), reason="needs safetensors")
def test_a_state_dict_goes_through_safetensors(tmp_path):
    from safetensors.numpy import load_file, save_file

    save_file(to_state_dict(PARAMS), tmp_path / "x.safetensors")
    assert from_state_dict(load_file(tmp_path / "x.safetensors"), like=PARAMS) == PARAMS
