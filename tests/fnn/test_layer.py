"""The layer record: three named functions, parts that are models, and errors that name their path."""

import pickle
import traceback

import attrs
import numpy as np
import pytest

from fnn import (
    Key,
    Layer,
    LayerError,
    LayerTypeError,
    Params,
    chain,
    concat,
    constructor,
    dropout,
    ensemble,
    linear,
    relu,
    residual,
)
from fnn.arrays import dtype_kind, unbroadcast
from fnn.layers.declared import check_cotangent, layer

MODEL = chain(encoder=chain(linear(64), relu), decoder=chain(linear(10)))
PARAMS, OUT = MODEL.init(Key(0), (784,))


# ---- the record


def test_a_layer_is_a_triple_with_a_name():
    layer = Layer(relu.init, relu.apply, relu.vjp)
    assert (repr(layer), layer.name, dict(layer.parts), layer.combine) == ("layer", "layer", {}, None)


def test_a_layer_is_immutable():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        relu.name = "other"
    with pytest.raises(TypeError):
        MODEL.parts["encoder"] = relu


@pytest.mark.parametrize("field", ["init", "apply", "vjp"])
def test_the_three_are_functions(field):
    with pytest.raises(TypeError, match="callable"):
        attrs.evolve(relu, **{field: None})


def test_a_name_is_a_string():
    with pytest.raises(TypeError, match="name"):
        attrs.evolve(relu, name=1)


@pytest.mark.parametrize(
    ("layer", "word"), [(relu, "relu"), (linear(3), "linear"), (dropout(0.5), "dropout"), (MODEL, "chain")], ids=str
)
def test_functions_carry_their_layers_name(layer, word):
    for field in ("init", "apply", "vjp"):
        assert getattr(layer, field).__qualname__ == f"{word}.{field}"


def test_tracebacks_say_which_layer():
    broken = linear(3, weights=lambda key, shape: 1 / 0)
    with pytest.raises(ZeroDivisionError) as info:
        chain(broken).init(Key(0), (2,))
    places = [frame.name for frame in traceback.extract_tb(info.value.__traceback__)]
    assert [place for place in places if "." in place] == ["chain.init", "linear.init"]


def test_a_callable_object_stays_as_it_is():
    class Doubling:
        def __call__(self, params, x):
            return 2 * x

    double = Doubling()
    assert Layer(relu.init, double, relu.vjp).apply is double


# ---- a layer that needs a key


def noise(needs_key):
    """A layer of one's own that says whether it needs a key."""
    return layer(relu.apply, relu.vjp, needs_key=needs_key)


KEYED = {
    "dropout": (dropout(0.5), True),
    "dropout of nothing": (dropout(0), False),
    "relu": (relu, False),
    "linear": (linear(3), False),
    "a declared layer": (noise(True), True),
    "a declared layer without": (noise(False), False),
    "three functions": (Layer(relu.init, relu.apply, relu.vjp, needs_key=True), True),
}


@pytest.mark.parametrize(("layer", "needs_key"), KEYED.values(), ids=KEYED)
def test_a_layer_says_whether_it_needs_a_key_wherever_it_stands(layer, needs_key):
    copies = [layer, layer.at("chain['0']"), attrs.evolve(layer, vjp=relu.vjp), constructor(lambda: layer)()]
    assert [copy.needs_key for copy in copies] == [needs_key] * 4


def test_cloudpickle_keeps_what_a_layer_says_of_itself():
    cloudpickle = pytest.importorskip("cloudpickle")
    own = Layer(relu.init, lambda params, x: x, relu.vjp, needs_key=True, integers=3)
    again = pickle.loads(cloudpickle.dumps(own))
    assert again.needs_key
    assert again.integers == 3


def test_needs_key_is_a_bool():
    with pytest.raises(TypeError, match="needs_key"):
        noise("yes")


# ---- parts and slices


def test_parts_by_name_and_by_position():
    assert MODEL["encoder"] is MODEL[0] is MODEL[-2]
    assert [repr(part) for part in MODEL.parts.values()] == ["chain(linear(64), relu)", "chain(linear(10))"]


def test_a_slice_is_the_chain_of_its_layers():
    model = chain(linear(3), relu, readout=linear(2))
    assert repr(model[1:]) == "chain(**{'1': relu, 'readout': linear(2)})"
    assert list(model[1:].parts) == ["1", "readout"]


@pytest.mark.parametrize("which", ["middle", 2, -3, None], ids=repr)
def test_the_error_of_a_missing_part_lists_the_parts(which):
    with pytest.raises(KeyError, match=r"no part .* among \['encoder', 'decoder'\]"):
        MODEL[which]


# ---- errors


WRONG = np.zeros((5, 783))
PATHS = {
    "chain": (chain(linear(64)), "linear(64) in chain['0']"),
    "named": (MODEL, "linear(64) in chain['encoder']['0']"),
    "concat": (concat(relu, deep=chain(relu, linear(64))), "linear(64) in concat['deep']['1']"),
    "residual": (chain(residual(chain(linear(784)))), "linear(784) in chain['0']['0']"),
    "ensemble": (chain(ensemble(chain(linear(64)), 2)), "linear(64) in chain['0']['0']"),
}


@pytest.mark.parametrize(("model", "place"), PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("way", ["apply", "vjp"])
def test_errors_name_the_path_through_the_model(model, place, way):
    params, _ = model.init(Key(0), (784,))
    with pytest.raises(LayerError) as info:
        getattr(model, way)(params, WRONG)
    problem = (
        "x has 783 features, the parameters were initialised for 784; give x of 784 features, or init the model for 783"
    )
    assert str(info.value) == f"{place}: {problem}"


@pytest.mark.parametrize(("model", "place"), PATHS.values(), ids=PATHS)
def test_errors_of_init_name_the_path_too(model, place):
    with pytest.raises(LayerError) as info:
        model.init(Key(0), (28, 28))
    assert str(info.value).startswith(f"{place}: expected one axis of features (n_in), got (28, 28)")


def test_errors_of_a_pullback_name_the_path_too():
    _, back = MODEL.vjp(PARAMS, np.zeros((5, 784)))
    with pytest.raises(LayerError, match=r"linear\(10\) in chain\['decoder'\]\['0'\]: the pullback expects dy"):
        back(np.zeros((5, 9)))


def test_a_layer_type_error_is_a_type_error_and_a_value_error_through_all_combinators():
    with pytest.raises(LayerTypeError) as info:
        MODEL.apply(PARAMS, np.zeros((5, 784), int))
    assert isinstance(info.value, TypeError)
    assert isinstance(info.value, ValueError)
    assert info.value.path == "chain['encoder']['0']"


def test_an_error_survives_pickling():
    error = LayerError("linear(64)", "a problem", "chain['0']")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "linear(64) in chain['0']: a problem"


INPUTS = {
    "params that are an array": ((np.zeros(3), np.zeros((1, 3))), LayerTypeError, "params as a mapping, got ndarray"),
    "params of another layer": (({"a": 1}, np.zeros((1, 3))), LayerError, r"expected parameters \[\], got \['a'\]"),
    "a list": (({}, [1.0]), LayerTypeError, "expected x as an array of numbers, got list; convert it"),
    "integers": (({}, np.zeros((1, 3), int)), LayerTypeError, "expected floating-point x, got int64"),
    "booleans": (({}, np.zeros((1, 3), bool)), LayerTypeError, "got bool"),
    "objects": (({}, np.zeros((1, 3), object)), LayerTypeError, "got an array of object"),
    "no batch": (({}, np.zeros(3)), LayerError, r"at least 2 axes, got shape \(3,\); add a batch axis: x\[None\]"),
}


@pytest.mark.parametrize(("arguments", "error", "words"), INPUTS.values(), ids=INPUTS)
def test_a_declared_layer_says_what_must_hold(arguments, error, words):
    declared = layer(lambda params, x: x, lambda params, x, key=None: (x, None), x=("n",))
    for function in (declared.apply, declared.vjp):
        with pytest.raises(error, match=f"^layer: .*{words}"):
            function(*arguments)


def test_check_cotangent_says_what_it_got():
    check_cotangent("layer", "", np.zeros((5, 3)), (5, 3))
    with pytest.raises(LayerError, match=r"in the shape of its output, \(5, 3\), got \(3,\)"):
        check_cotangent("layer", "", np.zeros(3), (5, 3))
    with pytest.raises(LayerError, match="got float"):
        check_cotangent("layer", "", 1.0, (5, 3))


@pytest.mark.parametrize(
    ("dtype", "word"),
    [("float16", "float"), ("int8", "int"), ("uint64", "int"), ("bool", "bool"), ("complex64", "complex64")],
)
def test_kinds_of_dtype(dtype, word):
    assert dtype_kind(np.dtype(dtype)) == word


SHAPES = [((2, 3), (2, 3)), ((4, 2, 3), (2, 3)), ((4, 2, 3), (1, 3)), ((4, 2, 3), (4, 1, 1)), ((2, 3), (3,))]


@pytest.mark.parametrize(("big", "small"), SHAPES, ids=str)
def test_unbroadcast_is_the_transpose_of_broadcasting(big, small):
    x, dy = np.random.default_rng(0).standard_normal(small), np.random.default_rng(1).standard_normal(big)
    assert np.sum(np.broadcast_to(x, big) * dy) == pytest.approx(np.sum(x * unbroadcast(dy, x)))
    assert unbroadcast(dy, x).shape == small


def test_unbroadcast_keeps_the_dtype_of_x():
    assert unbroadcast(np.ones((2, 3)), np.ones((2, 3), np.float32)).dtype == np.float32


def test_a_part_of_a_model_is_a_model():
    x = np.random.default_rng(0).standard_normal((5, 784))
    code = MODEL["encoder"].apply(PARAMS["encoder"], x)
    assert np.array_equal(MODEL["decoder"].apply(PARAMS["decoder"], code), MODEL.apply(PARAMS, x))
    assert (OUT, isinstance(PARAMS["encoder"], Params)) == ((10,), True)


def test_a_layer_without_parts_has_no_slices():
    with pytest.raises(KeyError, match="relu: no part"):
        relu[1:]
