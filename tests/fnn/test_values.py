"""Models are values: what a constructor makes is shown, compared, copied and pickled by its call."""

import copy
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, chain, linear, relu
from tests.support.table import INITIALIZERS, LAYERS, OPTIMIZERS, SCHEDULES

ROWS = {
    **{f"layer: {name}": row.layer for name, row in LAYERS.items()},
    **{f"optimizer: {name}": row.optimizer for name, row in OPTIMIZERS.items()},
    **{f"schedule: {name}": row.schedule for name, row in SCHEDULES.items()},
    **{f"initializer: {name}": row.initializer for name, row in INITIALIZERS.items()},
}
LAMBDAS = ("layer: elementwise", "layer: parameterless")  # made of lambdas, which have no name to be found by


@pytest.mark.parametrize("made", ROWS.values(), ids=ROWS)
def test_copies_are_the_thing_itself(made):
    assert copy.copy(made) is made
    assert copy.deepcopy({"model": made})["model"] is made


@pytest.mark.parametrize("name", [name for name in ROWS if name not in LAMBDAS])
def test_a_pickle_makes_an_equal_value(name):
    made = ROWS[name]
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert hash(again) == hash(made)
    assert repr(again) == repr(made)


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_layer_of_lambdas_says_how_it_could_be_pickled(name):
    with pytest.raises(pickle.PicklingError, match=r"by name. Make it in a function at the top of a module"):
        pickle.dumps(ROWS[name])


def test_a_layer_of_closures_says_how_it_could_be_pickled():
    own = fnn.Layer(relu.init, relu.apply, relu.vjp, name="own")
    for model in (own, chain(own, linear(3))):
        with pytest.raises(pickle.PicklingError, match=r"own is made of functions .* decorated with fnn.constructor"):
            pickle.dumps(model)


def test_a_pickle_of_a_layer_is_its_call():
    assert len(pickle.dumps(chain(linear(64), relu, linear(10)))) < 300


@fnn.constructor
def doubled(n, activation=relu):
    return chain(linear(2 * n), activation)


square = fnn.elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)


def test_a_constructor_of_ones_own_makes_values():
    assert repr(doubled(3)) == "doubled(3)"
    assert doubled(3) == doubled(n=3) == doubled(3, relu) != doubled(3, fnn.tanh)
    assert pickle.loads(pickle.dumps(doubled(3, fnn.tanh))) == doubled(3, fnn.tanh)
    with pytest.raises(fnn.LayerError, match=r"linear\(6\) in chain\['0'\]: x has 5 features"):
        doubled(3).apply(doubled(3).init(Key(0), (4,))[0], np.zeros((2, 5), np.float32))


def test_a_layer_with_a_name_at_the_top_of_its_module_is_pickled_by_it(monkeypatch):
    assert pickle.loads(pickle.dumps(chain(square))) == chain(square)
    assert pickle.loads(pickle.dumps(square)) is square
    nameless = square
    monkeypatch.delattr(sys.modules[__name__], "square")
    with pytest.raises(pickle.PicklingError, match="bind it to the name 'square' at the top of its module"):
        pickle.dumps(nameless)


EQUAL = {
    "a setting by position and by name": (linear(64), linear(n_out=64)),
    "a default spelled out": (fnn.adam(), fnn.adam(1e-3, b1=0.9, eps=1e-8)),
    "numbers of Python and NumPy": (linear(64), linear(np.int64(64))),
    "arrays": (fnn.sgd(np.array([0.1, 0.2])), fnn.sgd(np.array([0.1, 0.2]))),
    "calls within calls": (
        fnn.adam(fnn.cosine(0.1, 10)),
        fnn.adam(fnn.cosine(0.1, steps=10), b1=0.9),
    ),
    "chains": (chain(linear(3), out=relu), chain(linear(3), out=relu)),
    "a part of a model": (chain(linear(3), relu)[0], linear(3)),
}


@pytest.mark.parametrize(("a", "b"), EQUAL.values(), ids=EQUAL)
def test_equal_calls_make_equal_values(a, b):
    assert a == b
    assert hash(a) == hash(b)
    assert repr(a) == repr(b)


@pytest.mark.parametrize("span", [np.timedelta64(3), np.timedelta64(3, "s")], ids=repr)
def test_a_span_of_time_is_not_a_number(span):
    with pytest.raises(ValueError, match=r"whole number from 1 up, got np.timedelta64"):
        linear(span)
    with pytest.raises(ValueError, match=r"sgd\(lr\) must be a number in .* got np.timedelta64"):
        fnn.sgd(span)


UNEQUAL = {
    "another setting": (linear(64), linear(65)),
    "another default": (fnn.adam(), fnn.adam(eps=1e-7)),
    "another constructor": (fnn.adam(), fnn.adamw()),
    "other names": (chain(relu), chain(out=relu)),
    "other rates": (fnn.sgd(np.array([0.1, 0.2])), fnn.sgd(np.array([0.1, 0.3]))),
    "functions of one's own": (fnn.Layer(relu.init, relu.apply, relu.vjp), fnn.Layer(relu.init, relu.apply, relu.vjp)),
}


@pytest.mark.parametrize(("a", "b"), UNEQUAL.values(), ids=UNEQUAL)
def test_other_calls_make_other_values(a, b):
    assert a != b
    assert a == a


@fnn.constructor
def with_keyword_only(n, *, activation):
    return chain(linear(n), activation)


@fnn.constructor
def with_rest(n_out, activation=relu, *hidden):
    return chain(*(linear(n) for n in hidden), activation, linear(n_out))


@fnn.constructor
def with_list(sizes, of=fnn.normal):
    return chain(*(linear(n, weights=of(0.1)) for n in sizes))


@fnn.constructor
def small():
    return fnn.normal(0.001)


CALLS = {
    "a keyword-only argument": (with_keyword_only(3, activation=relu), "with_keyword_only(3, activation=relu)"),
    "arguments in front of the rest": (with_rest(10, relu, 64, 32), "with_rest(10, relu, 64, 32)"),
    "no rest": (with_rest(10), "with_rest(10)"),
    "a list": (with_list([64, 10]), "with_list((64, 10))"),
    "a function that is made already": (small(), "small()"),
    "a name that is a keyword": (chain(**{"class": relu}), "chain(**{'class': relu})"),
    "a slice from the start": (chain(linear(4), relu, out=linear(3))[:2], "chain(linear(4), relu)"),
    "a whole slice": (chain(linear(4), out=relu)[:], "chain(linear(4), out=relu)"),
    "a slice of a residual": (fnn.residual(chain(linear(4), relu))[:1], "residual(chain(linear(4)))"),
}


@pytest.mark.parametrize(("made", "call"), CALLS.values(), ids=CALLS)
def test_the_repr_is_a_call_that_makes_an_equal_value(made, call):
    assert repr(made) == call
    assert eval(call, {**globals(), **vars(fnn)}) == made == pickle.loads(pickle.dumps(made))
    assert hash(made) == hash(pickle.loads(pickle.dumps(made)))


def test_a_constructor_must_return_what_can_remember():
    with pytest.raises(TypeError, match="nothing must return a layer, an optimizer or a function, got None"):
        fnn.constructor(nothing)()


def nothing():
    return None


def test_a_list_that_changes_later_changes_nothing():
    sizes = [64, 10]
    model = with_list(sizes)
    sizes.append(3)
    assert model == with_list([64, 10])


def test_functions_are_frozen_and_take_arguments_by_name():
    schedule = fnn.constant(0.1)
    assert schedule(step=3) == 0.1
    with pytest.raises(AttributeError):
        schedule.function = None


def test_an_optimizer_keeps_the_rule_that_it_was_given():
    @fnn.constructor
    def mine(lr):
        return fnn.Optimizer(fnn.adam(lr).start, fnn.adam(lr).direct, rule="adam")

    assert mine(0.1).rule == "adam"
    state = fnn.adam().init(linear(1).init(Key(0), (2,))[0])
    assert mine(0.1).update(state, state.params).step == 1


@pytest.mark.parametrize("name", LAMBDAS)
def test_cloudpickle_takes_lambdas(name):
    cloudpickle = pytest.importorskip("cloudpickle")
    layer, (_, shape) = ROWS[name], (None, (4,))
    again = pickle.loads(cloudpickle.dumps(chain(layer)))
    x = np.ones((2, *shape))
    assert np.array_equal(again.apply({"0": {}}, x), layer.apply({}, x))
    own = fnn.Layer(lambda key, shape: (fnn.Params(), shape), lambda params, x: x + 1, relu.vjp, name="own")
    assert pickle.loads(cloudpickle.dumps(own)).apply({}, x).tolist() == (x + 1).tolist()


def test_a_later_write_to_an_array_of_settings_changes_nothing():
    rates = np.array([0.1, 0.2])
    optimizer = fnn.sgd(rates)
    model = fnn.ensemble(linear(1), 2)
    state = optimizer.init(model.init(Key(0), (3,))[0])
    grads = fnn.tree.map(np.ones_like, dict(state.params))
    before = optimizer.update(state, grads)
    rates[:] = 7
    assert optimizer == fnn.sgd(np.array([0.1, 0.2]))
    assert optimizer.update(state, grads) == before


def test_a_long_model_is_shown_over_several_lines():
    model = chain(**{f"a_long_name_{i}": chain(linear(64), relu) for i in range(4)})
    assert repr(model) == (
        "chain(\n" + "".join(f"    a_long_name_{i}=chain(linear(64), relu),\n" for i in range(4)) + ")"
    )


def test_a_layer_of_other_functions_is_another_layer():
    layer = attrs.evolve(linear(3), apply=relu.apply)
    assert layer != linear(3)
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(layer)


def trained(model, optimizer):
    """What a worker process does with a model and an optimizer: one step."""
    x, labels = np.ones((4, 5), np.float32), np.arange(4) % 3
    return fnn.train_step(model, fnn.cross_entropy, optimizer)(optimizer.init(model.init(Key(0), (5,))[0]), (x, labels))


def test_models_and_optimizers_go_to_spawned_workers():
    model, optimizer = chain(linear(4), relu, linear(3)), fnn.adam(fnn.cosine(0.1, 10))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(trained, model, optimizer).result() == trained(model, optimizer)
