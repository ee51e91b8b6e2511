"""The checker itself is tested: for each law there is a layer that breaks it, and the error names that law."""

import re
from itertools import count

import attrs
import numpy as np
import pytest

from fnn import Key, Layer, Params, chain, check_layer, check_vjp, concat, dropout, ensemble, linear, residual, tree
from fnn.arrays import unbroadcast
from fnn.checks import LAWS, LawError
from fnn.initializers import normal
from fnn.layers import batch_norm, elementwise, flatten, identity, layer, relu, softmax, tanh
from fnn.random import generator

BASE = linear(3)
X = np.random.default_rng(0).standard_normal((5, 4))
PARAMS = tree.cast(BASE.init(Key(0), (4,))[0], np.float64)


def spoil_back(layer, change):
    """The layer with change(dparams, dx, dy, need_dx) for its gradients."""

    def vjp(params, x, key=None):
        y, back = layer.vjp(params, x, key)
        return y, lambda dy, need_dx=True: change(*back(dy), dy, need_dx)

    return attrs.evolve(layer, vjp=vjp)


def with_apply(apply, slope=lambda x: np.ones_like(x)):
    """A layer of one function and its slope, without any check of its input."""

    def vjp(params, x, key=None):
        return apply(params, x), lambda dy, need_dx=True: ({}, dy * slope(x))

    return Layer(lambda key, shape: (Params(), shape), apply, vjp, name="spoilt")


def scaled(part, factor):
    """A change that scales the gradient of one part."""

    def change(dparams, dx, dy, need_dx):
        if part == "x":
            return dparams, factor * dx
        return {**dparams, part: factor * dparams[part]}, dx

    return change


# ---- check_vjp


@pytest.mark.parametrize("part", ["weights", "bias", "x"])
@pytest.mark.parametrize("factor", [0.999, 1.001, -1.0, 0.0])
def test_a_gradient_wrong_by_a_thousandth_is_caught(part, factor):
    place = part if part == "x" else rf"\['{part}'\]"
    with pytest.raises(LawError, match=f"exact transposed derivative of apply”: for {place}: the pullback gives"):
        check_vjp(spoil_back(BASE, scaled(part, factor)), PARAMS, X)


def test_an_error_in_a_single_element_is_caught():
    def change(dparams, dx, dy, need_dx):
        dx = dx.copy()
        dx[0, 0] *= 1.001
        return dparams, dx

    with pytest.raises(LawError, match="for x"):
        check_vjp(spoil_back(BASE, change), PARAMS, X)


def test_an_error_deep_in_a_model_is_caught():
    model = chain(linear(4), tanh, deep=spoil_back(BASE, scaled("weights", 1.001)))
    with pytest.raises(LawError, match=r"for \['deep'\]\['weights'\]"):
        check_vjp(model, model.init(Key(0), (4,))[0], X)


def test_gradients_may_come_in_another_order():
    change = lambda dparams, dx, dy, need_dx: (dict(reversed(dparams.items())), dx)  # noqa: E731
    check_vjp(spoil_back(BASE, change), PARAMS, X)


def test_the_stochastic_pass_is_checked_under_its_key():
    check_vjp(dropout(0.5), {}, X, key=Key(1))
    forgetful = attrs.evolve(dropout(0.5), vjp=lambda p, x, key=None: (dropout(0.5).vjp(p, x, key)[0], identity_back))
    with pytest.raises(LawError, match="for x"):
        check_vjp(forgetful, {}, X, key=Key(1))


def identity_back(dy, need_dx=True):
    return {}, dy


@pytest.mark.parametrize("size", [1e-2, 1e2])
def test_the_size_of_the_numbers_does_not_matter(size):
    params = tree.map(lambda leaf: size * leaf, PARAMS)
    check_vjp(BASE, params, X / size)
    with pytest.raises(LawError):
        check_vjp(spoil_back(BASE, scaled("weights", 1.001)), params, X)


# ---- check_layer


LAWFUL = {
    "linear": (linear(3), (4,)),
    "chain": (chain(linear(8), tanh, dropout(0.3), linear(3)), (4,)),
    "concat": (concat(linear(3), chain(relu, linear(2))), (4,)),
    "residual": (residual(chain(linear(3), linear(4))), (4,)),
    "ensemble": (ensemble(chain(linear(3), tanh), 3), (4,)),
    "flatten": (chain(flatten(), linear(3)), (4, 5)),
    "nothing": (chain(), (4,)),
    "a gradient of rounding errors": (chain(concat(identity, identity), softmax), (1,)),
}


@pytest.mark.parametrize(("layer", "shape"), LAWFUL.values(), ids=LAWFUL)
def test_lawful_layers_pass(layer, shape):
    check_layer(layer, shape, key=Key(7))


numbers, draws = count(), np.random.default_rng(0)


def init_writable(key, shape):
    return Params.trusted({"weights": np.ones((4, 3), np.float32), "bias": np.ones(3, np.float32)}), (3,)


def write_to_x(params, x):
    if x.flags.writeable:
        x *= 1.0 + (x < 0)
    return x + 0.0


def write_to_dy(dparams, dx, dy, need_dx):
    dy -= 0.5 * (dy == 1)
    return dparams, dx


def other_without_dx(dparams, dx, dy, need_dx):
    return (dparams if need_dx else tree.map(np.zeros_like, dparams)), dx


def gain_apply(params, x):
    return x * np.sum(params["gain"])


gain = Layer(
    lambda key, shape: (Params({"gain": np.full(1, 1 + sum(key.path), np.float32)}), shape),
    gain_apply,
    lambda params, x, key=None: (
        gain_apply(params, x),
        lambda dy, need_dx=True: ({"gain": np.sum(dy * x).reshape(1)}, dy * np.sum(params["gain"])),
    ),
    name="gain",
)
broadcast = Layer(  # a gain for each feature, which one feature of x is broadcast against
    lambda key, shape: (Params({"gain": np.ones(shape, np.float32)}), shape),
    lambda params, x: x * params["gain"][..., None, :],
    lambda params, x, key=None: (
        x * params["gain"][..., None, :],
        lambda dy, need_dx=True: ({"gain": unbroadcast(dy * x, params["gain"][..., None, :])[..., 0, :]}, dy),
    ),
)


def dither(params, x, key=None):
    """The identity, whose gradient is off by a random rounding error if there is a key."""
    noise = 0 if key is None else 1e-15 * generator(key).random()
    return x, lambda dy, need_dx=True: ({}, dy * (1 + noise))


centred = with_apply(lambda params, x: x - x.mean(axis=0) if len(x) else x)
drawing = attrs.evolve(identity, vjp=lambda p, x, key=None: (x + (0 if key is None else draws.random()), identity_back))
forgetful = attrs.evolve(dropout(0.5), vjp=lambda p, x, key=None: (dropout(0.5).vjp(p, x, key)[0], identity_back))

INIT, SHAPES, FORWARD = "init is pure", "apply returns the features", r"vjp\(params, x\)\[0\] equals apply"
STRUCTURE, LINEAR, AXES = "dparams has the names, shapes and dtypes", "back is linear", r"axes in front of \(batch"
EXAMPLES = "examples of a batch do not see one another"
PURITY, DERIVATIVE = "inputs are never written to", "back is the exact transposed derivative"
KEY = "a layer that behaves otherwise with a key than without says so"
TUNE = "tune changes nothing but statistics"


def shifted(params, x):
    """A tune that estimates anew from the statistics it had."""
    return {**params, "statistics": params["statistics"] + 1}


def learnt(d, dx, *_):
    """Gradients of which those of the statistics are not zero."""
    return {**d, "statistics": d["statistics"] + 1}, dx


OFFENDERS = {
    "a tune that is not repeatable": (attrs.evolve(batch_norm(), tune=shifted), f"{TUNE}.*: tuned twice"),
    "a tune that changes a scale": (
        attrs.evolve(batch_norm(), tune=lambda p, x: {**p, "scale": 0 * p["scale"]}),
        f"{TUNE}.*: it changes",
    ),
    "a tune that drops a name": (attrs.evolve(batch_norm(), tune=lambda p, x: {}), f"{TUNE}.*: it changes the names"),
    "a tune of another dtype": (
        attrs.evolve(batch_norm(), tune=lambda p, x: tree.cast(p, np.float32)),
        f"{TUNE}.*: .* becomes float32",
    ),
    "statistics that are learnt": (
        attrs.evolve(
            batch_norm(),
            vjp=lambda p, x, key=None: (
                spoil_back(batch_norm(), learnt).vjp(p, x, key) if key is not None else batch_norm().vjp(p, x)
            ),
        ),
        f"{TUNE}.*: with a key",
    ),
    "an impure init": (attrs.evolve(BASE, init=lambda k, s: BASE.init(Key(next(numbers)), s)), INIT),
    "an init of dicts": (attrs.evolve(BASE, init=lambda k, s: (dict(BASE.init(k, s)[0]), (3,))), INIT),
    "an init without shape": (attrs.evolve(BASE, init=lambda k, s: (BASE.init(k, s)[0], None)), INIT),
    "writable parameters": (attrs.evolve(BASE, init=init_writable), INIT),
    "a wrong out_shape": (attrs.evolve(BASE, init=lambda k, s: (BASE.init(k, s)[0], (4,))), SHAPES),
    "float64 for float32": (with_apply(lambda params, x: x * np.float64(1)), SHAPES),
    "float32 for float64": (with_apply(lambda params, x: x.astype(np.float32)), SHAPES),
    "leading axes lost": (with_apply(lambda params, x: x.reshape(-1, x.shape[-1])), SHAPES),
    "another training pass": (attrs.evolve(tanh, apply=relu.apply), FORWARD),
    "a forward off by a bit": (attrs.evolve(tanh, apply=lambda p, x: np.nextafter(np.tanh(x), 2)), FORWARD),
    "a forward that remembers": (with_apply(lambda params, x: x + next(numbers)), FORWARD),
    "a gradient left out": (spoil_back(BASE, lambda d, dx, dy, need: ({"weights": d["weights"]}, dx)), STRUCTURE),
    "a gradient of another shape": (spoil_back(BASE, lambda d, dx, *_: ({**d, "bias": d["bias"][:1]}, dx)), STRUCTURE),
    "a gradient of another dtype": (spoil_back(BASE, lambda d, dx, *_: (tree.cast(d, np.float64), dx)), STRUCTURE),
    "dx of another dtype": (spoil_back(BASE, lambda d, dx, *_: (d, dx.astype(np.float64))), STRUCTURE),
    "dx of another shape": (spoil_back(BASE, lambda d, dx, *_: (d, dx[..., :1])), STRUCTURE),
    "need_dx changes dparams": (spoil_back(BASE, other_without_dx), STRUCTURE),
    "a non-linear pullback": (spoil_back(tanh, lambda d, dx, *_: (d, dx * abs(dx))), LINEAR),
    "an affine pullback": (spoil_back(tanh, lambda d, dx, *_: (d, dx + 1)), LINEAR),
    "a pullback that remembers": (spoil_back(tanh, lambda d, dx, *_: (d, dx * next(numbers))), LINEAR),
    "leading axes of x ignored": (centred, AXES),
    "leading axes of params ignored": (gain, AXES),
    "a gradient summed over the wrong axis": (
        layer(
            lambda params, x: x * params["gain"][..., None, :],
            lambda params, x, key=None: (
                x * params["gain"][..., None, :],
                lambda dy, need_dx=True: ({"gain": (x * dy).sum(0)}, dy * params["gain"][..., None, :]),
            ),
            x=("n",),
            gain=(normal(1.0), ("n",)),
        ),
        AXES,
    ),
    "one feature that is broadcast": (broadcast, "apply refuses x of one feature"),
    "an output that depends on the batch": (
        with_apply(lambda p, x: x + (x.mean(axis=-2, keepdims=True) if x.size else 0)),
        EXAMPLES,
    ),
    "a training pass of another dtype": (
        attrs.evolve(tanh, vjp=lambda p, x, key=None: tanh.vjp(p, x if key is None else x.astype(np.float64))),
        SHAPES,
    ),
    "a layer that raises": (attrs.evolve(tanh, vjp=lambda p, x, key=None: 1 / 0), "ZeroDivisionError"),
    "a layer that writes to x": (with_apply(write_to_x), FORWARD),
    "a layer that writes to x if it is writable": (
        with_apply(lambda params, x: np.maximum(x, 0, out=x if x.flags.writeable else None)),
        f"{PURITY}.*: x has changed",
    ),
    "a pullback that writes to dy": (spoil_back(identity, write_to_dy), f"{PURITY}.*: back writes to its cotangent"),
    "randomness of its own": (drawing, f"{PURITY}.*: the repeated call gives other bits"),
    "a result that depends on memory order": (
        with_apply(lambda p, x: x + (not x.flags.c_contiguous)),
        f"{PURITY}.*: the strided call gives another value",
    ),
    "a gradient off by a thousandth": (spoil_back(BASE, scaled("bias", 1.001)), DERIVATIVE),
    "a gradient without its mask": (forgetful, DERIVATIVE),
    "a key that is used in secret": (chain(attrs.evolve(dropout(0.5), needs_key=False)), KEY),
    "a gradient that is random in secret": (attrs.evolve(identity, vjp=dither), KEY),
    "a wrong derivative": (elementwise("cube", lambda xp, x: x**3, lambda xp, x, y: 2 * x**2), DERIVATIVE),
}


@pytest.mark.parametrize(("layer", "words"), OFFENDERS.values(), ids=OFFENDERS)
def test_an_offender_is_caught_by_its_law(layer, words):
    with pytest.raises(LawError, match=words):
        check_layer(layer, (4,))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_law_has_an_offender(law):
    assert any(re.match(words.partition(".*: ")[0], law.__doc__) for _, words in OFFENDERS.values())


def test_the_message_names_layer_law_and_detail():
    with pytest.raises(LawError) as info:
        check_layer(attrs.evolve(BASE, init=lambda k, s: (BASE.init(k, s)[0], (4,))), (4,))
    assert str(info.value) == (
        "linear(3) breaks the law “apply returns the features that init predicts, in x's dtype, "
        "behind x's leading axes and batch”: x (5, 4) gives (5, 3), expected (5, 4)"
    )
