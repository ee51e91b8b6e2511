"""The same training step on NumPy and compiled by JAX: the losses should agree."""

from importlib.util import find_spec
from itertools import accumulate

import numpy as np
from matplotlib.figure import Figure

from fnn.plot.canvas import COLOURS, quiet
from recipes.bench.table import Finding
from recipes.classifiers import mnist
from recipes.data.digits import Digits

__all__ = ["figure", "finding", "losses"]


def finding(data: Digits, rounds: int) -> Finding:
    """The largest difference between the losses as a sentence, and both curves."""
    if find_spec("jax") is None:
        return Finding(["", "**The same step on NumPy and on JAX**: JAX is not installed"], None)
    on_numpy, on_jax = losses(data)
    apart = float(abs(on_numpy - on_jax).max())
    line = f"**The same step on NumPy and on JAX**: {len(on_jax)} training losses differ by at most {apart:.1g}"
    return Finding(["", line], {"apart": apart}, figure(on_numpy, on_jax))


def losses(data: Digits, batch: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """The training losses (steps,) of one epoch on NumPy and on JAX."""
    import jax  # optional

    import fnn.interop.jax

    x, y = data.train
    model, optimizer = mnist.network(mnist.Config(), data.n_classes), fnn.adam(1e-3)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    start = optimizer.init(model.init(fnn.Key(0), x.shape[1:])[0])
    order = fnn.generator(fnn.Key(1)).permutation(len(y))[: len(y) // batch * batch].reshape(-1, batch)
    batches = x[order], y[order]

    def body(state: fnn.State, batch: tuple[np.ndarray, np.ndarray]) -> tuple[fnn.State, np.ndarray]:
        state = step(state, batch)
        return state, state.loss

    on_numpy = [state.loss for state in accumulate(zip(*batches, strict=True), step, initial=start)][1:]
    _, on_jax = jax.lax.scan(body, start, batches)
    return np.array(on_numpy), np.asarray(on_jax)


def figure(on_numpy: np.ndarray, on_jax: np.ndarray) -> Figure:
    """Both curves, and the largest difference between them."""
    drawing = Figure(figsize=(7, 3.2), layout="constrained")
    ax, steps = drawing.add_subplot(), np.arange(1, 1 + len(on_numpy))
    ax.plot(steps, on_numpy, color=COLOURS[5], linewidth=5, alpha=0.6, label="itertools.accumulate on NumPy")
    ax.plot(steps, on_jax, color=COLOURS[6], linewidth=0.9, label="jax.lax.scan on JAX")
    ax.set(xlabel="step", ylabel="training loss", ylim=(0, None))
    ax.set_title(f"largest difference: {np.max(np.abs(on_numpy - on_jax)):.1g}", fontsize=9, loc="left")
    ax.legend(frameon=False)
    quiet(ax, "y")
    return drawing
