"""The autoencoder of digits that all studies share: its network, its training with or without noise, and its test."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import log
from typing import Any

import attrs
import numpy as np
from toolz import pluck

import fnn
from fnn.random import draw
from recipes.data.digits import Digits
from recipes.training import Measures, Run

__all__ = ["LOSSES", "Coder", "Config", "coder", "hidden_widths", "network", "noisy", "reconstruct", "run"]
__all__ += ["with_noise"]

CODES = {"relu": fnn.relu, "linear": fnn.identity}
Batch = tuple[np.ndarray, np.ndarray]
Coder = Callable[[np.ndarray], np.ndarray]


@attrs.frozen
class Config:
    """The setting of a symmetric autoencoder; a study varies some of the fields.

    latent   the length of a code
    depth    the number of hidden layers on either side; 784-512-784 has a latent size of 512 and depth 0
    loss     the loss that is trained, one of `LOSSES`
    code     what follows the code's layer: "relu", as every other layer, or "linear"
    noise    the standard deviation of the noise that is added to the input in training, 0 for none
    rate, batch_size, epochs    of the training
    patience the number of epochs without a better validation loss after which the training stops
    """

    latent: int
    depth: int
    loss: str = "mse"
    code: str = "relu"
    noise: float = 0.0
    rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 200
    patience: int = 5


def hidden_widths(n_pixels: int, latent: int, depth: int) -> tuple[int, ...]:
    """Widths that fall from n pixels towards z numbers: ⌊n (z / n)^(log(i + 2) / log(d + 2))⌋ for i = 0 .. d - 1.

    >>> hidden_widths(784, 64, 5)
    (321, 190, 131, 98, 78)
    """
    ratio = latent / n_pixels
    return tuple(int(n_pixels * ratio ** (log(i + 2) / log(depth + 2))) for i in range(depth))


def network(config: Config, n_pixels: int = 784) -> fnn.Layer:
    """Encoder and decoder, mirror images of each other with ReLU inside; the decoder ends in a sigmoid.

    >>> network(Config(latent=4, depth=1))
    chain(
        encoder=chain(linear(28), relu, linear(4), relu),
        decoder=chain(linear(28), relu, linear(784), sigmoid=sigmoid),
    )
    """
    hidden = hidden_widths(n_pixels, config.latent, config.depth)
    narrower, wider = (
        [layer for width in widths for layer in (fnn.linear(width), fnn.relu)] for widths in (hidden, hidden[::-1])
    )
    return fnn.chain(
        encoder=fnn.chain(*narrower, fnn.linear(config.latent), CODES[config.code]),
        decoder=fnn.chain(*wider, fnn.linear(n_pixels), sigmoid=fnn.sigmoid),
    )


def up_to_logits(model: fnn.Layer) -> fnn.Layer:
    """The autoencoder without its last layer, the sigmoid; it is trained in this form, on losses of its logits."""
    return fnn.chain(encoder=model["encoder"], decoder=model["decoder"][:-1])


def pixel_mse(logits: Any, target: Any) -> tuple[Any, Callable[..., Any]]:
    """Mean squared error of the pixels σ(z), as a loss of the logits z: L = 1/n Σ (σ(z) - t)²."""
    pixels, back = fnn.sigmoid.vjp({}, logits)
    value, pullback = fnn.mse(pixels, target)
    return value, lambda dvalue=1.0: back(pullback(dvalue))[1]


LOSSES: dict[str, Callable[[Any, Any], Any]] = {"mse": pixel_mse, "cross-entropy": fnn.binary_cross_entropy}


def noisy(x: np.ndarray, sigma: float, key: fnn.Key) -> np.ndarray:
    """Digits with Gaussian noise on every pixel, clipped to the range of a pixel: x + N(0, σ²) within [0, 1]."""
    if sigma == 0:
        return x
    x = np.asarray(x)
    return np.clip(x + sigma * fnn.generator(key).standard_normal(x.shape, dtype=x.dtype), 0, 1)


@fnn.constructor
def with_noise(sigma: float) -> fnn.Layer:
    """In training, with a key: adds Gaussian noise to every pixel, as `noisy` does. Without a key, the identity."""

    def apply(params: Any, x: Any) -> Any:
        return x

    def vjp(params: Any, x: Any, key: Any = None) -> Any:
        if key is None:
            return x, lambda dy, need_dx=True: ({}, dy)
        xp = x.__array_namespace__()
        y = xp.clip(x + sigma * xp.asarray(draw(key, x.shape, normal=True)), 0, 1)
        return y, lambda dy, need_dx=True: ({}, xp.where((y > 0) & (y < 1), dy, 0))

    return fnn.layer(apply, vjp, needs_key=sigma > 0)


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """One training, a fold over epochs, and its test by both losses of the reconstructed test digits."""
    init_key, order_key, noise_key, held_out_key = fnn.split(key, 4)
    (x, _), n_pixels = data.train, data.train[0].shape[1]
    # Noise on the validation and the test set is drawn once, so that epochs differ only by what was learnt.
    validation, test = (
        (noisy(clean, config.noise, each), clean)
        for (clean, _), each in zip((data.validation, data.test), fnn.split(held_out_key, 2), strict=True)
    )
    net, optimizer = up_to_logits(network(config, n_pixels)), fnn.adam(config.rate)
    model, loss = fnn.chain(noise=with_noise(config.noise), net=net), LOSSES[config.loss]
    params = fnn.Params({"noise": {}, "net": net.init(init_key, (n_pixels,))[0]})
    step = fnn.train_step(model, loss, optimizer, key=noise_key if config.noise else None)
    measure = Measures(model, {"validation": validation}, {"loss": loss})

    def batches_of(epoch: int) -> Iterable[Batch]:
        return fnn.batches(fnn.fold_in(order_key, epoch), (x, x), config.batch_size)

    def finish(end: fnn.Progress) -> dict[str, Any]:
        best = end.best.params["net"]
        measures = {f"test_{name.replace('-', '_')}": loss for name, loss in LOSSES.items()}
        codes = fnn.predict(net["encoder"], best["encoder"], test[0])
        return {
            "scores": {
                **fnn.evaluate(net, best, test, measures),
                # All other coordinates are 0, behind their ReLU, for at least 99 of 100 digits.
                "coordinates_used": np.count_nonzero(np.mean(codes != 0, axis=0) > 0.01),
                "best_epoch": end.best_epoch,
            },
            "curves": {name: np.array(list(pluck(name, end.history))) for name in ("loss", "validation_loss")},
            "params": {**best, "decoder": {**best["decoder"], "sigmoid": {}}},  # those of the whole network
        }

    def score(record: Mapping[str, Any]) -> Any:
        return -record["validation_loss"]

    return Run(optimizer.init(params), step, batches_of, config.epochs, finish, measure, score, config.patience)


def coder(config: Config, params: Mapping[str, Any]) -> tuple[Coder, Coder]:
    """The functions (encode, decode) of a trained autoencoder: digits (n, n_pixels) to codes (n, latent) and back."""
    model = network(config, params["encoder"]["0"]["weights"].shape[0])
    encode, decode = (partial(fnn.predict, model[part], params[part]) for part in ("encoder", "decoder"))
    return encode, decode


def reconstruct(config: Config, params: Mapping[str, Any], x: np.ndarray) -> np.ndarray:
    """Digits (n, n_pixels) encoded and decoded again by a trained autoencoder."""
    encode, decode = coder(config, params)
    return decode(encode(x))
