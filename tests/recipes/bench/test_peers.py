"""Every peer does the same work."""

import sys
from importlib import import_module
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import fnn
from recipes.bench import gpu, workloads
from recipes.bench.peers import fnn_numpy
from recipes.bench.workloads import (
    IMAGE_TRAINERS,
    PREDICTORS,
    SEQUENCE_TRAINERS,
    TRAINERS,
    WORKLOADS,
    XOR_TRAINERS,
)

WITHOUT_OUTPUT, SLOW_TO_COMPILE = {"products.train", "products.infer"}, {"torch_compiled.train"}


def session(peer, problem):
    """A peer's session; skips the test if the peer is not installed."""
    module, _, function = peer.rpartition(".")
    try:
        return getattr(import_module(f"recipes.bench.peers.{module}"), function)(problem)
    except ImportError as error:
        pytest.skip(str(error))


def outputs(peer, problem, epochs=2):
    """The outputs of a peer's network after some epochs: of a classifier the probabilities, as scikit-learn gives."""
    working = session(peer, problem)
    with working.around():
        for epoch in range(epochs):
            working.run(epoch)
    y = np.asarray(working.predict(problem.test[0]))
    return y if problem.loss == "mse" or peer.startswith("sklearn") else fnn.softmax.apply({}, y)


MEAN_SQUARED = {name: peer for name, peer in TRAINERS.items() if name != "scikit-learn"}  # it has no such loss
PROBLEMS = {
    "classifier": (workloads.classifier(8, 6, batch=16), TRAINERS),
    "autoencoder": (lambda data: attrs.evolve(workloads.autoencoder(data), batch=16), MEAN_SQUARED),
    "images": (workloads.convolutional(3, hidden=5, batch=16, examples=40), IMAGE_TRAINERS),
    "rows": (workloads.sequence("gru", 40, batch=16), SEQUENCE_TRAINERS),
    "patches": (workloads.sequence("attention", 40, batch=16), SEQUENCE_TRAINERS),
    "networks": (lambda data: workloads.exclusive_or(data, runs=3), XOR_TRAINERS),
    "seeds": (
        lambda data: attrs.evolve(workloads.seeds(3)(data), batch=16),
        {"fnn": "fnn_numpy.train", **gpu.PEERS, **gpu.UNROLLED},
    ),
    "images again": (
        workloads.convolutional(3, hidden=5, batch=16, examples=40),
        {"fnn": "fnn_numpy.train", **gpu.PEERS},
    ),
    "one image": (workloads.prediction(1), PREDICTORS),
}


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        (name, peer)
        for name, (_, peers) in PROBLEMS.items()
        for peer in sorted(set(peers.values()) - WITHOUT_OUTPUT - SLOW_TO_COMPILE - {peers["fnn"]})
    ],
)
def test_peers_and_fnn_end_with_the_same_network(data, name, peer):
    make, peers = PROBLEMS[name]
    problem = make(data)
    np.testing.assert_allclose(outputs(peer, problem), outputs(peers["fnn"], problem), atol=2e-4)


@pytest.mark.parametrize("name", ["classifier", "autoencoder", "images", "rows", "patches", "networks"])
def test_fnn_changes_the_network(data, name):
    make, peers = PROBLEMS[name]
    problem = make(data)
    assert problem.order(0).size > 0
    moved = outputs(peers["fnn"], problem) - outputs(peers["fnn"], problem, epochs=0)
    assert np.max(np.abs(moved)) > 2e-3


@pytest.mark.parametrize("name", ["classifier", "autoencoder"])
def test_compiled_pytorch_does_the_same_step(data, name):
    torch_compiled = pytest.importorskip("recipes.bench.peers.torch_compiled", exc_type=ImportError)
    problem = attrs.evolve(PROBLEMS[name][0](data), optimizer="sgd", rate=0.1)
    working = torch_compiled.train(problem, backend="eager")
    for epoch in range(2):
        working.run(epoch)
    y, expected = working.predict(problem.test[0]), outputs("fnn_numpy.train", problem)
    np.testing.assert_allclose(y if name == "autoencoder" else fnn.softmax.apply({}, y), expected, atol=2e-4)


@pytest.mark.parametrize(("name", "peer"), [("classifier", "products.train"), ("one image", "products.infer")])
def test_the_bare_products_run(data, name, peer):
    problem = PROBLEMS[name][0](data)
    products = session(peer, problem)
    products.run(0)
    assert problem.score(products.predict(problem.test[0])) is None


@pytest.mark.parametrize("name", ["images", "rows"])
def test_only_perceptrons_are_written_by_hand(data, name):
    with pytest.raises(ValueError, match="only perceptrons"):
        session("numpy_by_hand.train", PROBLEMS[name][0](data))


def test_fnn_on_cupy_does_the_same_and_its_errors_name_the_line(data, monkeypatch):
    stream = SimpleNamespace(synchronize=lambda: None)
    arrays = {"asarray": np.asarray, "asnumpy": np.asarray}
    cupy = SimpleNamespace(**arrays, cuda=SimpleNamespace(get_current_stream=lambda: stream))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.delitem(sys.modules, "recipes.bench.peers.fnn_cupy", raising=False)
    problem = PROBLEMS["classifier"][0](data)
    np.testing.assert_array_equal(outputs("fnn_cupy.train", problem), outputs("fnn_numpy.train", problem))
    with pytest.raises(RuntimeError, match=r"^layers/\w+\.py:\d+: .*LayerError"):
        session("fnn_cupy.train", attrs.evolve(problem, train=(problem.train[0][:, 1:], problem.train[1]))).run(0)


def test_networks_from_several_seeds_have_orders_of_their_own(data):
    problem = PROBLEMS["seeds"][0](data)
    places = (np.arange(len(problem.train[1])),)
    own = [[batch for (batch,) in fnn_numpy.batches(problem.member(i), places, 1)] for i in range(3)]
    np.testing.assert_array_equal(problem.order(1), np.stack(own, axis=1))
    np.testing.assert_array_equal(problem.order(1), [batch for (batch,) in fnn_numpy.batches(problem, places, 1)])
    assert len({each.tobytes() for each in np.moveaxis(problem.order(1), 1, 0)}) == 3


@pytest.mark.parametrize("runs", [0, 3])
def test_a_problem_has_the_order_of_fnns_batches(data, runs):
    problem = workloads.exclusive_or(data, runs=3) if runs else workloads.classifier(8, batch=16)(data)
    places = np.arange(problem.train[1].shape[-1])
    for epoch in range(2):
        key = fnn.fold_in(fnn.Key(problem.seed), epoch)
        batches = [batch for (batch,) in fnn.batches(key, (places,), problem.batch, drop_last=True)]
        np.testing.assert_array_equal(problem.order(epoch), batches)


def test_every_workload_has_the_network_in_its_title(data):
    sizes = {name: "-".join(map(str, each.problem(data).sizes)) for name, each in WORKLOADS.items()}
    assert sizes["b"] == "16-512-512-4"
    assert sizes["d"] == "2-8-2"
    assert sizes["g"] == "1-16-32-128-4"
    assert {sizes[name] for name in ("a8", "a32", "a128", "a256", "e", "e1", "f")} == {"16-64-32-4"}
    assert (sizes["h"], sizes["i"][:9]) == ("4-384-384-4", "16-64-64-")
    batches = [each.problem(data).batch for each in WORKLOADS.values()]
    assert batches == [8, 32, 128, 256, 128, 128, 32, 128, 128, 128, 128, 128, 128]
    assert all(each.peers["fnn"].startswith("fnn_numpy") for each in WORKLOADS.values())
