"""Examples of what needs no function of its own: each is a few lines over the public functions, and it works.

A fold carries whatever a training needs besides its state: averaged weights, a plateau's patience. A layer that is
made of others shares their parameters. A state is a value, so that another optimizer can take it over.
"""

from functools import reduce
from itertools import accumulate, islice

import attrs
import numpy as np
import pytest
import toolz

import fnn
from fnn import Key, Params, fold_in, tree

X = np.random.default_rng(0).standard_normal((64, 6), dtype=np.float32)
LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
MODEL = fnn.chain(encoder=fnn.chain(fnn.linear(16), fnn.tanh), head=fnn.linear(3))
PARAMS, _ = MODEL.init(Key(0), (6,))
ADAM = fnn.adam(0.01)


def epoch(i, size=16):
    return fnn.batches(fold_in(Key(1), i), (X, LABELS), size)


def loss_of(params):
    return fnn.evaluate(MODEL, params, (X, LABELS), {"loss": fnn.cross_entropy})["loss"]


# ---- tied weights


@fnn.constructor
def tied_autoencoder(encoder, n_in):
    """Decodes with the transposed weights of the encoder: y = W tanh(Wᵀ x + b) + c."""

    def transposed(params):
        return {"weights": params["encoder"]["weights"].mT, "bias": params["bias"]}

    model, decoder = fnn.chain(encoder, fnn.tanh), fnn.linear(n_in)

    def init(key, shape):
        params, _ = encoder.init(key, shape)
        return Params({"encoder": params, "bias": np.zeros(n_in, np.float32)}), (n_in,)

    def apply(params, x):
        return decoder.apply(transposed(params), model.apply({"0": params["encoder"], "1": {}}, x))

    def vjp(params, x, key=None):
        code, back_of_encoder = model.vjp({"0": params["encoder"], "1": {}}, x, key)
        y, back_of_decoder = decoder.vjp(transposed(params), code, key)

        def back(dy, need_dx=True):
            ddecoder, dcode = back_of_decoder(dy)
            dencoder, dx = back_of_encoder(dcode, need_dx)
            both = dencoder["0"]["weights"] + ddecoder["weights"].mT  # the one matrix has two uses: sum their gradients
            return {"encoder": {**dencoder["0"], "weights": both}, "bias": ddecoder["bias"]}, dx

        return y, back

    return fnn.Layer(init, apply, vjp)


def test_tied_weights_are_one_matrix_with_two_uses():
    model = tied_autoencoder(fnn.linear(4), 6)
    fnn.check_layer(model, (6,))
    params, _ = model.init(Key(0), (6,))
    assert {path for path, _ in tree.items(params)} == {("encoder", "weights"), ("encoder", "bias"), ("bias",)}
    step = fnn.train_step(model, fnn.mse, ADAM)
    first, *_, last = accumulate([(X, X)] * 200, step, initial=ADAM.init(params))
    assert last.loss < 0.5 * step(first, (X, X)).loss


# ---- transfer of an encoder


def test_a_trained_encoder_moves_to_another_model_and_stays_frozen():
    pretrained = reduce(fnn.train_step(MODEL, fnn.cross_entropy, ADAM), epoch(0), ADAM.init(PARAMS)).params
    model = fnn.chain(encoder=MODEL["encoder"], head=fnn.chain(fnn.linear(8), fnn.relu, fnn.linear(1)))
    fresh, _ = model.init(Key(2), (6,))
    start = Params({**fresh, "encoder": pretrained["encoder"]})
    head_only, target = fnn.only(fnn.adamw(0.01), "head"), X[:, :1]
    step = fnn.train_step(model, fnn.mse, head_only)
    state = reduce(step, [(X, target)] * 100, head_only.init(start))
    assert state.params["encoder"] == pretrained["encoder"]
    assert state.loss < 0.5 * step(head_only.init(start), (X, target)).loss
    all_of_it = fnn.adamw(1e-3)  # the same rule, so that it takes the state over: now the encoder is fine-tuned
    tuned = reduce(fnn.train_step(model, fnn.mse, all_of_it), [(X, target)] * 100, state)
    assert tuned.params["encoder"] != pretrained["encoder"]
    assert tuned.loss < state.loss


# ---- gradient accumulation


def test_gradients_of_small_batches_add_up_to_those_of_a_large_one():
    gradient = fnn.value_and_grad(MODEL, fnn.cross_entropy)

    def step(state, small_batches):
        found = [gradient(state.params, batch) for batch in small_batches]  # of equal size
        losses, grads = zip(*found, strict=True)
        mean = tree.map(lambda *each: sum(each) / len(each), *grads)
        return ADAM.update(state, mean, sum(losses) / len(losses))

    start = ADAM.init(PARAMS)
    accumulated = reduce(step, toolz.partition(4, epoch(0, size=4)), start)
    large = reduce(fnn.train_step(MODEL, fnn.cross_entropy, ADAM), epoch(0, size=16), start)
    assert accumulated.step == large.step == 4
    np.testing.assert_allclose(accumulated.vector, large.vector, rtol=1e-3, atol=1e-6)


# ---- averaged weights


def test_an_exponential_moving_average_of_the_weights_is_a_fold():
    step, decay = fnn.train_step(MODEL, fnn.cross_entropy, ADAM), 0.9

    def averaged(pair, batch):
        state, mean = pair
        state = step(state, batch)
        return state, tree.map(lambda a, w: decay * a + (1 - decay) * w, mean, state.params)

    start = ADAM.init(PARAMS)
    state, mean = reduce(averaged, epoch(0), (start, PARAMS))
    states = list(accumulate(epoch(0), step, initial=start))
    shares = [decay ** (len(states) - 1)] + [(1 - decay) * decay**i for i in reversed(range(len(states) - 1))]
    np.testing.assert_allclose(
        fnn.ravel(mean)[0], sum(share * s.vector for share, s in zip(shares, states, strict=True)), rtol=1e-4, atol=1e-6
    )
    assert state == states[-1]
    assert mean != state.params


def test_stochastic_weight_averaging_is_a_mean_over_the_epochs():
    steady = fnn.adam(fnn.join([fnn.cosine(0.05, 40, final=0.01), fnn.constant(0.01)], [40]))
    progresses = fnn.epochs(fnn.train_step(MODEL, fnn.cross_entropy, steady), epoch, steady.init(PARAMS))

    def averaged(pair, progress):
        n, mean = pair
        return n + 1, tree.map(lambda a, w: a + (w - a) / (n + 1), mean, progress.state.params)

    last_five = list(islice(progresses, 10, 15))
    n, mean = reduce(averaged, last_five, (0, last_five[0].state.params))
    np.testing.assert_allclose(
        fnn.ravel(mean)[0], np.mean([p.state.vector for p in last_five], axis=0), rtol=1e-4, atol=1e-6
    )
    assert n == 5
    assert loss_of(mean) < loss_of(PARAMS)  # before it is used: mean = fnn.tune(MODEL, mean, X), if the model has it


# ---- a plateau


def test_a_rate_that_drops_on_a_plateau_is_a_fold_over_epochs():
    def after(carried, i):
        state, rate, best, waited = carried
        state = reduce(fnn.train_step(MODEL, fnn.cross_entropy, fnn.momentum(rate)), epoch(i), state)
        loss = loss_of(state.params)
        if loss < best:
            return state, rate, loss, 0
        return (state, rate, best, waited + 1) if waited < 2 else (state, rate / 2, best, 0)

    start = fnn.momentum(3.0).init(PARAMS), 3.0, np.inf, 0
    rates = [rate for _, rate, _, _ in accumulate(range(60), after, initial=start)]
    state, rate, best, _ = reduce(after, range(60), start)
    assert rates == sorted(rates, reverse=True)
    assert rate == rates[-1] < 3.0
    assert best < loss_of(PARAMS)
    assert state.step == 240


# ---- a resumed run with other settings


def test_a_resumed_run_may_change_its_rate():
    state = reduce(fnn.train_step(MODEL, fnn.cross_entropy, fnn.adam(0.01)), epoch(0), fnn.adam(0.01).init(PARAMS))
    slower = fnn.adam(0.001)
    after = fnn.train_step(MODEL, fnn.cross_entropy, slower)(state, (X, LABELS))
    step = fnn.train_step(MODEL, fnn.cross_entropy, fnn.adam(0.01))(state, (X, LABELS)).vector - state.vector
    np.testing.assert_allclose(after.vector - state.vector, 0.1 * step, rtol=1e-2, atol=1e-7)


def resumed(state, optimizer, memory):
    """The state for another rule, which goes on from the given memory."""
    return attrs.evolve(optimizer.init(state.params), step=state.step, memory=memory, loss=state.loss)


def test_a_resumed_run_may_add_clipping(tmp_path):
    from fnn import checkpoint

    state = reduce(fnn.train_step(MODEL, fnn.cross_entropy, ADAM), epoch(0), ADAM.init(PARAMS))
    checkpoint.save(tmp_path / "run.npz", state)
    state = checkpoint.load(tmp_path / "run.npz")

    def clipped(limit):
        optimizer = fnn.chain_updates(fnn.clip_by_global_norm(limit), ADAM)
        start = resumed(state, optimizer, ((), state.memory))  # a chain has one memory for each rule
        return reduce(fnn.train_step(MODEL, fnn.cross_entropy, optimizer), epoch(1), start)

    plain = reduce(fnn.train_step(MODEL, fnn.cross_entropy, ADAM), epoch(1), state)
    assert clipped(1e9).vector.tobytes() == plain.vector.tobytes()
    assert clipped(1e-3).vector.tobytes() != plain.vector.tobytes()
    assert clipped(1e9).step == plain.step == 8


# ---- an optimizer of another library


def test_scipy_minimises_the_loss_as_a_function_of_the_vector():
    optimize = pytest.importorskip("scipy.optimize")
    start, unravel = fnn.ravel(tree.cast(PARAMS, np.float64))
    gradient, batch = fnn.value_and_grad(MODEL, fnn.cross_entropy), (X.astype(np.float64), LABELS)

    def objective(vector):
        loss, grads = gradient(unravel(vector), batch)
        return float(loss), fnn.ravel(grads)[0]

    found = optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    assert found.fun < 0.01 * objective(start)[0]
    assert optimize.approx_fprime(start, lambda v: objective(v)[0]) == pytest.approx(objective(start)[1], abs=1e-5)
    assert loss_of(unravel(found.x)) == pytest.approx(found.fun, abs=1e-3)
