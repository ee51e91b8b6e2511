"""The workloads of the benchmark: the problems, and the peers that are measured on each."""

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np

import fnn
from recipes.autoencoders.autoencoder import hidden_widths
from recipes.bench.problem import Problem
from recipes.bench.sequences import sequence
from recipes.data.digits import Digits
from recipes.points import xor

__all__ = ["WORKLOADS", "Workload"]

TRAINERS = {
    "fnn": "fnn_numpy.train",
    "NumPy by hand": "numpy_by_hand.train",
    "bare matrix products": "products.train",
    "PyTorch": "torch_eager.train",
    "PyTorch, fused Adam": "torch_eager.train_fused",
    "PyTorch, compiled": "torch_compiled.train",
    "scikit-learn": "sklearn_mlp.train",
    "JAX, jit of a step": "jax_optax.train_by_step",
    "JAX, scan of an epoch": "jax_optax.train_by_epoch",
    "fnn, compiled fold": "fnn_jax.train",
}
XOR_TRAINERS = {
    "fnn": "fnn_numpy.train",
    "fnn, ensemble": "fnn_numpy.train_together",
    "NumPy by hand": "numpy_by_hand.train",
    "PyTorch": "torch_eager.train",
    "PyTorch, fused SGD": "torch_eager.train_fused",
    "JAX, vmap and scan": "jax_optax.train_together",
    "fnn, ensemble, compiled fold": "fnn_jax.train",
}
IMAGE_TRAINERS = {
    "fnn": "fnn_numpy.train",
    "PyTorch": "torch_eager.train",
    "PyTorch, fused Adam": "torch_eager.train_fused",
    "PyTorch, fused Adam, channels last": "torch_eager.train_channels_last",
    "JAX, jit of a step": "jax_optax.train_by_step",
    "JAX, scan of an epoch": "jax_optax.train_by_epoch",
    "fnn in JAX, jit of a step": "fnn_jax.train_by_step",
    "fnn, compiled fold": "fnn_jax.train",
}
SEQUENCE_TRAINERS = {
    "fnn": "fnn_numpy.train",
    "PyTorch": "torch_eager.train",
    "PyTorch, fused Adam": "torch_eager.train_fused",
    "fnn, compiled fold": "fnn_jax.train",
}
# Without compiled PyTorch: its compiler keeps results on disk, so that only the very first start would compile.
STARTED = {name: peer for name, peer in TRAINERS.items() if name not in ("bare matrix products", "PyTorch, compiled")}
PREDICTORS = {
    "fnn": "fnn_numpy.infer",
    "bare matrix products": "products.infer",
    "PyTorch": "torch_eager.infer",
    "scikit-learn": "sklearn_mlp.infer",
    "JAX, jit": "jax_optax.infer",
}


@attrs.frozen
class Workload:
    """One workload of the benchmark.

    title      the workload in words
    problem    problem(digits) -> the problem that all peers solve
    peers      the function of each peer by its name, as `measure.worker` takes it
    repeat     the number of runs in a round; the time of the round is their median
    trains     whether a run is an epoch of training steps
    goal       if given, a round is a new process that runs until the network reaches this test score
    """

    title: str
    problem: Callable[[Digits], Problem]
    peers: Mapping[str, str]
    repeat: int = 1
    trains: bool = True
    goal: float | None = None


def perceptron(sizes: tuple[int, ...], key: fnn.Key) -> list[tuple[np.ndarray, np.ndarray]]:
    """Initial values (W, b) of each layer, drawn by the initializers that `fnn.linear` takes by default."""
    model = fnn.chain(*(fnn.linear(n_out) for n_out in sizes[1:]))
    params, _ = model.init(key, sizes[:1])
    return [(layer["weights"], layer["bias"]) for layer in params.values()]


def stacked(members: Sequence[list[tuple[np.ndarray, np.ndarray]]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The values (W, b) of several networks, with a first axis of networks."""
    pairs = [zip(*layer, strict=True) for layer in zip(*members, strict=True)]
    return [(np.stack(ws), np.stack(bs)) for ws, bs in pairs]


def seeds(n: int) -> Callable[[Digits], Problem]:
    """784-64-32-10 from n seeds: networks that read the same digits, each in an order of its own."""

    def make(data: Digits) -> Problem:
        alone = classifier(64, 32)(data)
        weights = stacked([perceptron(alone.sizes, fnn.Key(i)) for i in range(n)])
        return attrs.evolve(alone, weights=weights, runs=n, shared=True)

    return make


def classifier(*hidden: int, batch: int = 128, examples: int | None = None) -> Callable[[Digits], Problem]:
    """A classifier of the digits, trained on all examples or on the first `examples`."""

    def make(data: Digits) -> Problem:
        sizes = (data.train[0].shape[1], *hidden, data.n_classes)
        train = data.first(examples or len(data.train[1])).train
        return Problem(perceptron(sizes, fnn.Key(0)), train, data.test, batch)

    return make


def convolutional(*channels: int, hidden: int, batch: int, examples: int) -> Callable[[Digits], Problem]:
    """A classifier of images: 3 x 3 convolutions with maxima of 2 x 2, and one hidden layer."""

    def make(data: Digits) -> Problem:
        (x, labels), shape = data.first(examples).train, (*data.shape, 1)
        blocks = [fnn.chain(fnn.convolution(n, (3, 3), padding="same"), fnn.max_pool((2, 2))) for n in channels]
        model = fnn.chain(*blocks, fnn.flatten(axes=3), fnn.linear(hidden), fnn.linear(data.n_classes))
        leaves = fnn.tree.leaves(model.init(fnn.Key(0), shape)[0])
        weights = list(zip(leaves[::2], leaves[1::2], strict=True))
        (test_x, test_labels) = data.test
        return Problem(weights, (x.reshape(-1, *shape), labels), (test_x.reshape(-1, *shape), test_labels), batch)

    return make


def autoencoder(data: Digits) -> Problem:
    """The paper's autoencoder of depth 5 with codes of 64 numbers."""
    x, test = data.first(5_000).train[0], data.test[0]
    widths = hidden_widths(x.shape[1], 64, 5)
    sizes = (x.shape[1], *widths, 64, *widths[::-1], x.shape[1])
    weights = perceptron(sizes, fnn.Key(0))
    return Problem(weights, (x, x), (test, test), 128, output="sigmoid", loss="mse")


def exclusive_or(data: Digits, runs: int = 25) -> Problem:
    """2-8-2 networks with sigmoid units, each with 400 points of its own.

    The paper sums the loss over a batch: its rate of 0.01 is 0.32 for the mean over 32 points.
    """
    keys = fnn.split(fnn.Key(0), runs)
    points = [xor.draw(key, 400) for key in keys]
    x, y = (np.stack([each[name] for each in points]).astype(dtype) for name, dtype in (("x", "f4"), ("y", "i8")))
    weights = stacked([perceptron((2, 8, 2), key) for key in keys])
    return Problem(weights, (x, y), (x, y), 32, hidden="sigmoid", optimizer="sgd", rate=0.01 * 32, runs=runs)


def prediction(images: int) -> Callable[[Digits], Problem]:
    """The classifier applied to the first images of the test set."""

    def make(data: Digits) -> Problem:
        x, y = data.test
        return attrs.evolve(classifier(64, 32)(data), train=(x[:images], y[:images]))

    return make


def validated(data: Digits) -> Problem:
    """The classifier, scored on the validation set."""
    return attrs.evolve(classifier(64, 32)(data), test=data.validation)


WORKLOADS = {
    "a8": Workload("784-64-32-10, batch 8, 5,000 digits", classifier(64, 32, batch=8, examples=5_000), TRAINERS),
    "a32": Workload("784-64-32-10, batch 32, 20,000 digits", classifier(64, 32, batch=32, examples=20_000), TRAINERS),
    "a128": Workload("784-64-32-10, batch 128, 50,000 digits", classifier(64, 32), TRAINERS),
    "a256": Workload("784-64-32-10, batch 256, 50,000 digits", classifier(64, 32, batch=256), TRAINERS),
    "b": Workload("784-512-512-10, batch 128, 5,000 digits", classifier(512, 512, examples=5_000), TRAINERS),
    "c": Workload("autoencoder of depth 5, latent size 64, batch 128, 5,000 digits", autoencoder, TRAINERS),
    "d": Workload("XOR: 25 networks 2-8-2, SGD, batch 32, 400 points each", exclusive_or, XOR_TRAINERS, repeat=10),
    "e": Workload("inference, 10,000 images in one call", prediction(10_000), PREDICTORS, repeat=5, trains=False),
    "e1": Workload("inference, one image in a call", prediction(1), PREDICTORS, repeat=2000, trains=False),
    "f": Workload(
        "from the start of the process to 97 % on the validation set, imports, reading and compilation included",
        validated,
        STARTED,
        trains=False,
        goal=0.97,
    ),
    "g": Workload(
        "convolutions 3x3x16 and 3x3x32 with maxima of 2x2, then 128-10, batch 128, 5,000 digits",
        convolutional(16, 32, hidden=128, batch=128, examples=5_000),
        IMAGE_TRAINERS,
    ),
    "h": Workload(
        "28 rows of a digit read by a GRU of 128, batch 128, 5,000 digits", sequence("gru", 5_000), SEQUENCE_TRAINERS
    ),
    "i": Workload(
        "49 patches of a digit read by two blocks of attention, 64 wide, batch 128, 5,000 digits",
        sequence("attention", 5_000),
        SEQUENCE_TRAINERS,
    ),
}
