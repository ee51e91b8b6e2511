"""A layer declares the shapes that it takes: what follows from the declaration, and what it refuses."""

import numpy as np
import pytest

import fnn
from fnn import Key, LayerError, LayerTypeError, Params, chain, ensemble, tree
from fnn.layers.sums import summed


@fnn.constructor
def affine(n_out, factor=fnn.initializers.constant(2.0)):
    """y = factor (x W), with one factor for all outputs, for features of three rows, (3, n_in)."""

    def apply(params, x):
        return params["factor"][..., None, None, None] * (x @ params["weights"][..., None, :, :])

    def vjp(params, x, key=None):
        w, c = params["weights"][..., None, :, :], params["factor"][..., None, None, None]

        def back(dy, need_dx=True):
            return {"weights": c * (x.mT @ dy), "factor": dy * (x @ w), "unused": dy}, c * (dy @ w.mT)

        return apply(params, x), back

    return fnn.layer(
        apply,
        vjp,
        x=(3, "n_in"),
        y=(3, n_out),
        weights=(fnn.he_normal, ("n_in", n_out)),
        factor=(factor, ()),
        unused=(None, (n_out,)),
    )


LAYER = affine(2)
PARAMS, OUT_SHAPE = LAYER.init(Key(0), (3, 4))
X = np.ones((5, 3, 4), np.float32)


def test_it_keeps_every_law():
    fnn.check_layer(LAYER, (3, 4))
    fnn.check_layer(ensemble(LAYER, 2), (3, 4))


def test_init_follows_from_the_declaration():
    assert OUT_SHAPE == (3, 2)
    assert {name: leaf.shape for name, leaf in PARAMS.items()} == {"weights": (4, 2), "factor": ()}


def test_each_parameter_has_a_key_of_its_own():
    both = fnn.linear(4, weights=fnn.normal(1.0), bias=fnn.normal(1.0))
    params, _ = both.init(Key(0), (1,))
    assert not np.array_equal(params["weights"][0], params["bias"])


def test_axes_that_a_parameter_lacks_are_summed():
    y, back = LAYER.vjp(PARAMS, X)
    dparams, _ = back(np.ones_like(y))
    assert {name: grad.shape for name, grad in dparams.items()} == {"weights": (4, 2), "factor": ()}
    np.testing.assert_allclose(dparams["factor"], np.sum(X @ PARAMS["weights"]), rtol=1e-6)


BATCHES = {  # for each of these, the sum over the batch must not round as often as there are examples
    "a bias": ((20_001, 3), (3,), 0),
    "a bias of two networks": ((2, 20_001, 3), (2, 3), 1),
    "a number": ((20_001, 3), (), 0),
    "an image": ((20_001, 2, 3), (2, 3), 0),
}


@pytest.mark.parametrize(("shape", "own", "n_lead"), BATCHES.values(), ids=BATCHES)
def test_a_sum_over_many_examples_is_as_exact_as_a_pairwise_sum(shape, own, n_lead):
    gradient = np.random.default_rng(0).random(shape, dtype=np.float32)
    total = summed(gradient, np.zeros(own, np.float32), len(own) - n_lead, n_lead)
    axes = tuple(range(n_lead, len(shape) - len(own) + n_lead))
    np.testing.assert_allclose(total, gradient.sum(axis=axes, dtype=np.float64), rtol=4e-7)
    assert (total.dtype, total.shape) == (np.float32, own)


REFUSED = {
    "another fixed length": (
        PARAMS,
        np.ones((5, 2, 4), np.float32),
        LayerError,
        r"x has \(2, 4\) features, .* \(3, 4\)",
    ),
    "another length": (PARAMS, X[..., :1], LayerError, r"x has \(3, 1\) features, .* \(3, 4\)"),
    "no batch": (PARAMS, X[0], LayerError, r"expected x of at least 3 axes, got shape \(3, 4\); add a batch axis"),
    "integers": (PARAMS, X.astype(int), LayerTypeError, "expected floating-point x, got int64"),
    "a parameter too many": ({**PARAMS, "unused": X}, X, LayerError, r"expected parameters \['factor', 'weights'\]"),
    "a vector for a number": (
        {**PARAMS, "factor": np.ones(2, np.float32)},
        X,
        LayerError,
        "are these the parameters of another model",
    ),
    "weights of one axis": (
        {**PARAMS, "weights": np.ones(2, np.float32)},
        X,
        LayerError,
        "are these the parameters of another model",
    ),
    "one network's weights with two networks' factors": (
        {"weights": PARAMS["weights"], "factor": np.ones((2,), np.float32)},
        X,
        LayerError,
        "are these the parameters of another model",
    ),
}


@pytest.mark.parametrize(("params", "x", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_explained_with_its_place(params, x, error, words):
    model = chain(own=LAYER, last=fnn.identity)
    for function in (model.apply, model.vjp):
        with pytest.raises(error, match=rf"^affine\(2\) in chain\['own'\]: .*{words}"):
            function({"own": params, "last": {}}, x)


SHAPES = {
    "an axis too few": ((4,), r"expected two axes of features \(3, n_in\), got \(4,\)"),
    "an axis too many": ((2, 3, 4), r".*; put flatten\(\) in front of it"),
    "another fixed length": ((2, 4), r"expected two axes of features \(3, n_in\), got \(2, 4\)"),
}


@pytest.mark.parametrize(("shape", "words"), SHAPES.values(), ids=SHAPES)
def test_init_refuses_other_features(shape, words):
    with pytest.raises(LayerError, match=rf"^affine\(2\): {words}"):
        LAYER.init(Key(0), shape)


def test_a_difference_in_precision_is_accepted():
    y = LAYER.apply(tree.cast(PARAMS, np.float64), X)
    assert y.dtype == np.float64


def test_the_output_shape_may_be_a_function_of_the_features():
    pairs = fnn.parameterless("pairs", lambda xp, x: (x[..., ::2], None), x=("n",), y=lambda shape: (shape[0] // 2,))
    assert pairs.init(Key(0), (6,)) == (Params(), (3,))


# ---- what an author of a layer may get wrong


def layer_with(x=("n",), grads=None, **more):
    """y = a x with a factor a for each feature, whose gradients are `grads(x, dy)`."""

    def vjp(params, x, key=None):
        y = x * params["a"][..., None, :]
        return y, lambda dy, need_dx=True: (grads(x, dy), dy * params["a"][..., None, :])

    parameters = {"a": (fnn.normal(1.0), ("n",)), **more}
    return fnn.layer(lambda params, x: x * params["a"][..., None, :], vjp, x=x, **parameters)


GRADIENTS = {
    "a misspelt name": lambda x, dy: {"A": x * dy},
    "no dict": lambda x, dy: None,
    "another shape": lambda x, dy: {"a": (x * dy)[..., :2]},
    "a sum over the wrong axis": lambda x, dy: {"a": (x * dy).sum(axis=-1)},
}


@pytest.mark.parametrize("grads", GRADIENTS.values(), ids=GRADIENTS)
def test_gradients_that_do_not_fit_are_explained_with_their_place(grads):
    model = chain(own=layer_with(grads=grads))
    _, back = model.vjp(model.init(Key(0), (4,))[0], np.ones((5, 4), np.float32))
    with pytest.raises(LayerError, match=r"layer in chain\['own'\]: the pullback must return a gradient for each of"):
        back(np.ones((5, 4), np.float32))


DECLARATIONS = {
    "a forgotten comma": ({"x": ("n")}, TypeError, "expected x as a tuple of lengths and names"),
    "a forgotten comma of a parameter": ({"b": (fnn.zeros, ("n"))}, TypeError, "expected b as a tuple"),
    "a length of 0": ({"b": (fnn.zeros, (0,))}, TypeError, r"expected b as a tuple .*, got \(0,\)"),
    "... behind": ({"x": ("n", ...)}, TypeError, "expected x as a tuple"),
    "no shape": (
        {"w": fnn.zeros},
        TypeError,
        r"expected w as \(initializer, shape\), as in w=\(fnn.zeros, .*got zeros$",
    ),
    "an initializer alone": ({"w": (fnn.zeros,)}, TypeError, r"expected w as \(initializer, shape\)"),
    "a shape alone": ({"w": ("n", 3)}, TypeError, "expected w as a tuple of lengths and names"),
    "a list": ({"w": [fnn.zeros, ("n",)]}, TypeError, r"expected w as \(initializer, shape\)"),
    "an unknown name": ({"b": (fnn.zeros, ("m",))}, ValueError, r"the shape of b has the names \['m'\]"),
    "an unknown name of y": ({"y": ("m",)}, ValueError, r"the shape of y has the names \['m'\]"),
}


@pytest.mark.parametrize(("more", "error", "words"), DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_declaration_is_checked_when_the_layer_is_made(more, error, words):
    with pytest.raises(error, match=rf"^layer: {words}"):
        layer_with(**more)


@pytest.mark.parametrize("x", [("n", "n"), (28, 28)])
def test_a_length_that_is_declared_twice_is_checked_twice(x):
    square = fnn.parameterless("square", lambda xp, x: (x, lambda dy: dy), x=x)
    assert square.apply({}, np.ones((2, 28, 28))).shape == (2, 28, 28)
    for shape in ((5, 28), (28, 5)):
        with pytest.raises(LayerError, match=r"^square: "):
            square.init(Key(0), shape)
        with pytest.raises(LayerError, match=r"^square: "):
            square.apply({}, np.ones((2, *shape)))


@pytest.mark.parametrize("bias", [None, fnn.zeros])
def test_weights_of_too_few_axes_are_refused(bias):
    params = {"weights": np.ones(3)} | ({} if bias is None else {"bias": np.zeros(3)})
    with pytest.raises(LayerError, match="are these the parameters of another model"):
        fnn.linear(3, bias=bias).apply(params, np.ones((5, 3)))
