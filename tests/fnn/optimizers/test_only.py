"""`only`: a rule for a part of a model, and every bit of the other parameters."""

import pickle
from functools import reduce

import array_api_strict
import jax
import numpy as np
import pytest

import fnn.interop.jax  # noqa: F401 (registers State as a pytree)
from fnn import Key, Optimizer, Params, TreeError, chain, cross_entropy, ensemble, linear, relu, train_step, tree
from fnn.optimizers import (
    adam,
    adamw,
    chain_updates,
    clip_by_global_norm,
    clip_by_value,
    lion,
    momentum,
    only,
    sgd,
    weight_decay,
)

MODEL = chain(encoder=chain(linear(6), relu, linear(4)), head=chain(relu, linear(3)))
PARAMS = tree.map(lambda leaf: leaf - np.float32(0.125), MODEL.init(Key(0), (5,))[0])  # biases may decay too
X, LABELS = np.random.default_rng(0).standard_normal((24, 5), dtype=np.float32), np.arange(24) % 3
RULES = [sgd(0.1), momentum(0.1), adam(), adamw(decay=0.1), lion(), chain_updates(clip_by_global_norm(0.1), adam())]


def weights(path):
    return path[-1] == "weights"


def train(optimizer, steps=5, start=PARAMS, model=MODEL):
    """The state after some steps from parameters or from a state."""
    state = optimizer.init(start) if isinstance(start, Params) else start
    return reduce(train_step(model, cross_entropy, optimizer), [(X, LABELS)] * steps, state)


def moved(state, start=PARAMS):
    """The paths of the parameters that have changed in any bit."""
    return {path for (path, a), b in zip(tree.items(start), tree.leaves(state.params), strict=True) if not same(a, b)}


def same(a, b):
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


ALL = {path for path, _ in tree.items(PARAMS)}
HEAD = {path for path in ALL if path[0] == "head"}
WEIGHTS = {path for path in ALL if weights(path)}


# ---- freezing


def test_a_frozen_encoder_keeps_every_bit_in_1000_steps_of_adamw():
    state = train(only(adamw(0.01, decay=0.1, matrices_only=False), "head"), 1000)
    assert same(tree.leaves(state.params["encoder"])[0], tree.leaves(PARAMS["encoder"])[0])
    assert moved(state) == HEAD
    assert state.loss < 0.8 * train(sgd(0.0), 1).loss


FREEZING = {  # every way to train the head alone
    **{f"only({rule})": only(rule, "head") for rule in RULES},
    "by a function": only(adam(), lambda path: path[0] == "head"),
    "by a path": only(adam(), ("head", "1")),
    "clipping in front": chain_updates(clip_by_global_norm(1.0), only(adam(), "head")),
    "decay in front": chain_updates(weight_decay(0.1), only(adam(), "head")),
    "decay behind": chain_updates(only(adam(), "head"), weight_decay(0.1, matrices_only=False)),
    "all in a chain": chain_updates(chain_updates(clip_by_value(0.1), only(adam(), "head")), weight_decay(0.1)),
    "twice": chain_updates(only(adam(), "head"), only(sgd(0.5), ("head", "1"))),
    "in itself": only(only(chain_updates(only(adam(), "head"), only(sgd(0.1), "encoder")), "head"), "head"),
    "a chain in which others move": only(chain_updates(clip_by_value(0.1), adam(), weight_decay(0.1)), "head"),
}


@pytest.mark.parametrize("optimizer", FREEZING.values(), ids=FREEZING)
def test_what_no_rule_with_a_rate_covers_keeps_every_bit(optimizer):
    assert moved(train(optimizer)) == HEAD


def test_signed_zeros_and_the_smallest_floats_are_bits_too():
    params = Params({"a": np.array([0.0, -0.0, 1e-45, -1e-45, 3.4e38], np.float32), "b": np.ones(1, np.float32)})
    grads = {"a": np.array([-0.0, 0.0, -1.0, 1e-45, 1.0], np.float32), "b": np.ones(1, np.float32)}
    optimizer = only(adamw(0.1, decay=0.1, matrices_only=False), "b")
    after = reduce(lambda state, _: optimizer.update(state, grads), range(3), optimizer.init(params)).params
    assert same(after["a"], params["a"])
    assert not same(after["b"], params["b"])


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_chosen_part_trains_as_if_it_were_alone(rule):
    grads = tree.map(lambda leaf: leaf * leaf + 1, PARAMS)
    whole, alone = only(rule, "head"), rule
    together, head = whole.init(PARAMS), alone.init(Params({"head": PARAMS["head"]}))
    for _ in range(5):
        together, head = whole.update(together, grads), alone.update(head, {"head": grads["head"]})
    tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), together.params["head"], head.params["head"]
    )  # the norm of a longer vector is summed in another order


def test_a_rule_sees_zeros_in_place_of_other_parameters():
    seen = []

    def direct(memory, g, theta, step):
        seen.extend([g, theta])
        return memory, g

    optimizer = only(Optimizer(lambda theta, layout: (), direct), "head")
    optimizer.update(optimizer.init(PARAMS), PARAMS)
    expected = Params({"encoder": tree.map(np.zeros_like, PARAMS["encoder"]), "head": PARAMS["head"]})
    assert [optimizer.init(PARAMS).layout.unravel(vector) for vector in seen] == [expected, expected]


# ---- rates by layer, and decay by choice


def test_two_parts_have_two_rates():
    by_layer = chain_updates(only(sgd(0.01), "encoder"), only(sgd(0.1), "head"))
    state = train(by_layer, 1)
    slow, fast = train(sgd(0.01), 1), train(sgd(0.1), 1)
    assert state.params == Params({"encoder": slow.params["encoder"], "head": fast.params["head"]})


def test_a_tenth_of_the_step_for_a_part():
    by_layer = chain_updates(sgd(1.0), only(sgd(0.125), "encoder"))
    expected = Params({"encoder": train(sgd(0.125), 1).params["encoder"], "head": train(sgd(1.0), 1).params["head"]})
    assert train(by_layer, 1).params == expected
    assert moved(train(by_layer)) == ALL


def test_decay_by_choice():
    by_choice = chain_updates(only(weight_decay(0.1, matrices_only=False), weights), adam())
    assert same(train(by_choice).vector, train(chain_updates(weight_decay(0.1), adam())).vector)
    assert moved(train(by_choice)) == ALL


def test_a_transformation_of_a_part_leaves_the_direction_of_the_others():
    grads = tree.map(np.ones_like, PARAMS)
    optimizer = chain_updates(only(clip_by_value(0.5), weights), sgd(1.0))
    after = optimizer.update(optimizer.init(PARAMS), grads).params
    for (path, leaf), old in zip(tree.items(after), tree.leaves(PARAMS), strict=True):
        assert same(leaf, old - np.float32(0.5 if weights(path) else 1.0))


def test_the_norm_is_that_of_the_chosen_part():
    params = Params({"a": np.zeros(2), "b": np.zeros(2)})
    grads = {"a": np.array([3.0, 4.0]), "b": np.array([30.0, 40.0])}
    optimizer = chain_updates(only(clip_by_global_norm(1.0), "a"), sgd(1.0))
    after = optimizer.update(optimizer.init(params), grads).params
    np.testing.assert_allclose(after["a"], [-0.6, -0.8])
    assert same(after["b"], -grads["b"])


def test_a_chain_with_only_is_associative():
    a, b, c = only(adam(), "head"), weight_decay(0.1), only(sgd(0.1), "encoder")
    ways = [chain_updates(a, b, c), chain_updates(chain_updates(a, b), c), chain_updates(a, chain_updates(b, c))]
    assert len({train(way).vector.tobytes() for way in ways}) == 1


# ---- resumed with another choice


def test_a_training_goes_on_with_another_choice():
    frozen = train(only(adam(), "head"), 10)
    thawed = train(adam(), 10, frozen)
    assert moved(thawed, frozen.params) == ALL
    assert moved(train(only(adam(), "encoder"), 10, frozen), frozen.params) == ALL - HEAD
    assert moved(train(only(adam(), weights), 10, thawed), thawed.params) == WEIGHTS


def test_a_state_of_another_rule_is_refused():
    with pytest.raises(TypeError, match="expected a state of adam, got one of sgd"):
        train(only(adam(), "head"), 1, train(sgd(0.1), 1))


# ---- values, ensembles, other libraries


def test_it_is_a_value():
    optimizer = only(adam(0.01), ("head", "1"))
    assert repr(optimizer) == "only(adam(0.01), ('head', '1'))"
    assert optimizer == only(adam(0.01), where=("head", "1")) == pickle.loads(pickle.dumps(optimizer))
    assert only(adam(), weights) == only(adam(), weights) == pickle.loads(pickle.dumps(only(adam(), weights)))
    assert repr(only(adam(), weights)) == "only(adam(0.001), weights)"
    assert only(adam(), "head") != only(adam(), "encoder")
    assert only(adam(), "head").rule == "adam"


@pytest.mark.parametrize("optimizer", [only(adamw(0.01), "head"), FREEZING["all in a chain"]], ids=str)
def test_networks_of_an_ensemble_keep_their_bits_too(optimizer):
    model = ensemble(MODEL, 3)
    params, _ = model.init(Key(1), (5,))
    state = train(optimizer, 5, params, model)
    assert moved(state, params) == HEAD
    for i in range(3):
        alone = train(optimizer, 5, tree.member(params, i)).params
        tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), tree.member(state.params, i), alone)


def test_each_network_has_its_own_rate():
    model, rates = ensemble(MODEL, 3), np.array([0.0, 0.1, 0.2])
    params, _ = model.init(Key(1), (5,))
    state = train(only(sgd(rates), "head"), 5, params, model)
    assert moved(state, params) == HEAD
    for i, rate in enumerate(rates):
        alone = train(only(sgd(rate), "head"), 5, tree.member(params, i)).params
        tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), tree.member(state.params, i), alone)
    assert tree.member(state.params, 0) == tree.member(params, 0)


@pytest.mark.parametrize("optimizer", [only(adamw(0.01), "head"), FREEZING["all in a chain"]], ids=str)
def test_traced_steps_keep_the_bits(optimizer):
    step = train_step(MODEL, cross_entropy, optimizer)
    start = jax.tree.map(jax.numpy.asarray, optimizer.init(PARAMS))
    state = jax.jit(lambda start: jax.lax.fori_loop(0, 100, lambda _, s: step(s, (X, LABELS)), start))(start)
    assert moved(state) == HEAD
    np.testing.assert_allclose(np.asarray(state.vector), train(optimizer, 100).vector, rtol=1e-3, atol=1e-4)


def test_the_array_api_is_enough():
    strict = tree.map(array_api_strict.asarray, dict(PARAMS))
    optimizer = only(adamw(0.01), "head")
    state = optimizer.update(optimizer.init(strict), strict)
    assert same(optimizer.update(optimizer.init(PARAMS), PARAMS).vector, state.vector)


# ---- wrong calls


@pytest.mark.parametrize("where", [3, None, (), ("head", 1), [], ["head"], {"head"}, b"head"], ids=repr)
def test_where_is_a_function_a_name_or_a_path(where):
    with pytest.raises(TypeError, match=r"only\(where\) must be a function of a path, a name or a path such as"):
        only(adam(), where)


def test_only_takes_an_optimizer():
    with pytest.raises(TypeError, match="only: expected an optimizer, got function; call it to make one"):
        only(adam, "head")


def test_a_choice_of_nothing_is_refused():
    words = r"only: 'haed' chooses no parameters; the paths are \('encoder', '0', 'weights'\), "
    with pytest.raises(TreeError, match=words):
        only(adam(), "haed").init(PARAMS)
    with pytest.raises(TreeError, match=words):
        only(adam(), "haed").update(adam().init(PARAMS), PARAMS)
    with pytest.raises(TreeError, match="only: nothing chooses no parameters"):
        chain_updates(only(adam(), nothing)).init(PARAMS)


def nothing(path):
    return False


def test_a_model_without_parameters_trains_to_itself():
    assert only(adam(), "head").init(Params({"0": {}})).params == Params({"0": {}})


def test_a_combinator_that_calls_direct_is_told_how_to_reach_it():
    with pytest.raises(TypeError, match=r"call at\(layout\), or put the whole rule into only"):
        only(adam(), "head").direct((), np.zeros(1), np.zeros(1), 0)
