"""A step's batch (x, *targets), its gradients, and what it says of data that are not finite."""

from functools import partial

import numpy as np
import pytest

import fnn
from fnn import DivergedError, Key, chain, linear, mse, relu, sgd, train_step, value_and_grad

X, Y = np.random.default_rng(0).standard_normal((2, 8, 3)).astype(np.float32)
MODEL = chain(linear(4), relu, linear(3))
PARAMS, _ = MODEL.init(Key(0), (3,))
START = sgd(0.1).init(PARAMS)
STEP = train_step(MODEL, mse, sgd(0.1))


def with_value(array, index, value):
    changed = array.copy()
    changed[index] = value
    return changed


def test_gradients_are_params_in_the_order_of_the_parameters():
    def backwards(params, x, key=None):
        y, back = MODEL.vjp(params, x, key)

        def pull(dy, need_dx=True):
            dparams, dx = back(dy, need_dx)
            return {name: dict(reversed(part.items())) for name, part in reversed(dparams.items())}, dx

        return y, pull

    reverse = fnn.Layer(MODEL.init, MODEL.apply, backwards)
    expected = value_and_grad(MODEL, mse)(PARAMS, (X, Y))[1]
    for params in (PARAMS, {"0": dict(PARAMS["0"]), "1": {}, "2": dict(PARAMS["2"])}):
        _, grads = value_and_grad(reverse, mse)(params, (X, Y))
        assert isinstance(grads, fnn.Params)
        assert [*map(list, grads.values())] == [["weights", "bias"], [], ["weights", "bias"]]
        assert grads == expected
        assert not any(leaf.flags.writeable for leaf in fnn.tree.leaves(grads))


def test_gradients_of_an_ensemble_have_its_leading_axes():
    model = fnn.ensemble(MODEL, 2)
    params, _ = model.init(Key(0), (3,))
    assert value_and_grad(model, mse)(params, (X, Y))[1].lead == (2,)


@pytest.mark.parametrize("whole", [True, False])
def test_a_step_refuses_parameters_of_another_number_of_networks(whole):
    def model(n):
        few = fnn.ensemble(linear(3), n) if n else linear(3)
        return few if whole else chain(few, relu)

    step = train_step(model(2), mse, sgd(0.1))
    for n in (0, 3):
        with pytest.raises(fnn.LayerError, match="not of 2 networks but of"):
            step(sgd(0.1).init(model(n).init(Key(0), (3,))[0]), (X, Y))


def test_a_layer_in_training_takes_its_parameters_by_position_too():
    def vjp(params, x, key=None):
        return MODEL.vjp({"0": params[0], "1": params[1], "2": params["2"]}, x, key)

    step = train_step(fnn.Layer(MODEL.init, MODEL.apply, vjp), mse, sgd(0.1))
    assert step(START, (X, Y)) == STEP(START, (X, Y))


def test_all_behind_x_goes_to_the_loss():
    def between(prediction, low, high):
        below, pull_below = mse(prediction, np.minimum(prediction, high))
        above, pull_above = mse(prediction, np.maximum(prediction, low))
        return below + above, lambda: pull_below() + pull_above()

    value, _ = value_and_grad(MODEL, between)(PARAMS, (X, Y - 1, Y + 1))
    assert value == pytest.approx(between(MODEL.apply(PARAMS, X), Y - 1, Y + 1)[0])
    assert train_step(MODEL, between, sgd(0.1))(START, [X, Y - 1, Y + 1]).loss == value


BAD = {
    "an input": ((with_value(X, (2, 1), np.nan), Y), r"array 0 of the batch holds nan at \[2, 1\], one of 1 such"),
    "an infinite input": (
        (with_value(X, (slice(3, 5), 0), -np.inf), Y),
        r"array 0 .* holds -inf at \[3, 0\], one of 2",
    ),
    "a target": ((X, with_value(Y, (7, 2), np.inf)), r"array 1 of the batch holds inf at \[7, 2\]"),
    "a target that counts": (
        (X, with_value(with_value(Y, 1, np.nan), 4, np.nan), np.arange(8) != 1),
        r"array 1 of the batch holds nan at \[4, 0\], one of 3 such values",
    ),
    "an element that counts": (
        (X, with_value(Y, (4, slice(None)), np.nan), (np.arange(24) != 12).reshape(8, 3)),
        r"array 1 of the batch holds nan at \[4, 1\], one of 2 such values",
    ),
}


@pytest.mark.parametrize(("batch", "words"), BAD.values(), ids=BAD)
def test_the_first_bad_value_of_a_batch_is_named_afterwards(batch, words):
    with pytest.raises(
        DivergedError, match=rf"step 0: .*(is -?(nan|inf)|is not finite), because {words}.*leave such ex"
    ) as caught:
        STEP(START, batch)
    assert caught.value.state is START


def test_an_infinite_input_that_the_loss_does_not_show_is_named():
    model = chain(linear(4), fnn.sigmoid, linear(3))
    state = sgd(0.1).init(model.init(Key(0), (3,))[0])
    with pytest.raises(
        DivergedError, match=r"step 0: a gradient is not finite, because array 0 .* holds inf at \[2, 1\]"
    ):
        train_step(model, mse, sgd(0.1))(state, (with_value(X, (2, 1), np.inf), Y))


def test_an_input_under_a_weight_of_0_is_not_advised_a_weight_of_0():
    with pytest.raises(DivergedError, match="array 0 of the batch holds nan") as caught:
        STEP(START, (with_value(X, 1, np.nan), Y, np.arange(8) != 1))
    assert "weight of 0" not in str(caught.value)


def test_a_rate_that_is_too_large_is_not_blamed_on_masked_data():
    batch = (X, with_value(Y, 1, np.nan), np.arange(8) != 1)
    step = train_step(MODEL, mse, sgd(1e30))
    with pytest.raises(DivergedError, match="try a smaller rate"):
        step(step(START, batch), batch)


def test_without_the_check_nothing_is_explained():
    assert np.isnan(train_step(MODEL, mse, sgd(0.1), finite=False)(START, (with_value(X, 0, np.nan), Y)).loss)


MISTAKES = {
    "x alone": ((X,), mse, ValueError, r"a batch \(x, target\) or \(x, target, weight\), got a tuple of 1"),
    "an array": (X, mse, ValueError, "got a ndarray; zip x and y"),
    "a loss that returns its value alone": (
        (X, Y),
        lambda y, t: np.mean((y - t) ** 2),
        TypeError,
        r"the loss to return \(value, pullback\), got float32",
    ),
    "a loss of each example": (
        (X, Y),
        partial(mse, reduction="none"),
        ValueError,
        r"one loss for each network, of shape \(\), got \(8,\); use reduction=\"mean\"",
    ),
}


@pytest.mark.parametrize(("batch", "loss", "error", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_explained(batch, loss, error, words):
    with pytest.raises(error, match=words):
        train_step(MODEL, loss, sgd(0.1))(START, batch)


def test_a_model_with_dropout_is_not_trained_without_a_key():
    model = chain(linear(4), chain(fnn.dropout(0.5), relu), linear(3))
    with pytest.raises(ValueError, match=r"dropout\(0.5\) needs a key in training, got None; give key=fnn.Key\(0\)"):
        train_step(model, mse, sgd(0.1))
    assert train_step(model, mse, sgd(0.1), Key(0))
    assert train_step(chain(linear(3), fnn.dropout(0)), mse, sgd(0.1))
