"""Convolutional networks that give digits back: an autoencoder with a short code, and a denoiser without one."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import attrs
import numpy as np
from toolz import pluck

import fnn
from fnn.tree import Tree
from recipes.autoencoders.autoencoder import LOSSES, noisy
from recipes.data.digits import Digits
from recipes.training import Run

__all__ = ["Config", "autoencoder", "denoiser", "images_of_rows", "network", "restore", "run"]

TUNED = 2000  # the training digits from which the statistics of batch normalisation are estimated
SIZE = 250  # digits in a batch of the test, few enough for the cache


@attrs.frozen
class Config:
    """The setting of a convolutional network that gives digits back.

    latent     the length of a code; 0 for a denoiser, which has none
    channels   those of the two inner kinds of images
    depth      the number of 3 x 3 convolutions inside a denoiser
    loss       the loss that is trained, one of `recipes.autoencoders.autoencoder.LOSSES`
    noise      the standard deviation of the noise that is added to the input in training, 0 for none
    rate, batch_size, epochs    of the training; `rate` is the greatest learning rate
    """

    latent: int
    channels: tuple[int, int] = (16, 32)
    depth: int = 2
    loss: str = "mse"
    noise: float = 0.0
    rate: float = 5e-3
    batch_size: int = 128
    epochs: int = 10


@fnn.constructor
def images_of_rows(height: int, width: int, channels: int = 1) -> fnn.Layer:
    """Rows (..., batch, height · width · channels) become images (..., batch, height, width, channels): a reshape.

    It is the inverse of `fnn.flatten(3)`.
    """
    shape = height, width, channels

    def apply(params: Tree, x: Any) -> Any:
        return x.__array_namespace__().reshape(x, (*x.shape[:-1], *shape))

    def vjp(params: Tree, x: Any, key: Any = None) -> tuple[Any, Any]:
        return apply(params, x), lambda dy, need_dx=True: ({}, dy.__array_namespace__().reshape(dy, x.shape))

    return fnn.layer(apply, vjp, x=(prod(shape),), y=shape)


def smaller(channels: int, size: int) -> fnn.Layer:
    """A convolution that halves an image."""
    return fnn.convolution(channels, (size, size), stride=2, padding="same")


def larger(channels: int, size: int) -> fnn.Layer:
    """A transposed convolution that doubles an image."""
    return fnn.transposed_convolution(channels, (size, size), stride=2, padding="same")


def autoencoder(config: Config, shape: tuple[int, int]) -> fnn.Layer:
    """Two convolutions halve the image, a linear layer makes the code; the decoder is the mirror image.

    shape    (h, w) of the digits, both multiples of 4

    >>> autoencoder(Config(latent=32), (28, 28))["encoder"]["6"]
    linear(32)
    """
    (h, w), (first, second), relu = shape, config.channels, fnn.relu
    inner = h // 4, w // 4, second
    code = fnn.flatten(3), fnn.linear(config.latent)
    image = fnn.linear(prod(inner)), relu, images_of_rows(*inner)
    return fnn.chain(
        encoder=fnn.chain(images_of_rows(h, w), smaller(first, 3), relu, smaller(second, 3), relu, *code),
        decoder=fnn.chain(*image, larger(first, 3), relu, larger(1, 3), fnn.flatten(3)),
    )


def denoiser(config: Config, shape: tuple[int, int]) -> fnn.Layer:
    """Convolutions with batch normalisation on images of half the size, which hold more numbers than the digit."""
    first, second = config.channels

    def block(layer: fnn.Layer) -> tuple[fnn.Layer, ...]:
        return layer, fnn.each(fnn.batch_norm(), axes=2), fnn.relu

    inner = [fnn.convolution(second, (3, 3), padding="same") for _ in range(config.depth)]
    blocks = [layer for each in (smaller(first, 5), *inner) for layer in block(each)]
    return fnn.chain(images_of_rows(*shape), *blocks, larger(1, 5), fnn.flatten(3))


def network(config: Config, shape: tuple[int, int]) -> fnn.Layer:
    """The network of a configuration, from rows of pixels (n, h · w) to the logits of such rows."""
    return autoencoder(config, shape) if config.latent else denoiser(config, shape)


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """One training, a fold over epochs whose last one counts. The rate rises for a tenth of the steps, then falls to 0.

    The result has the parameters, with their statistics estimated from training digits, and the training loss.
    """
    init_key, order_key, step_key, tune_key = fnn.split(key, 4)
    x, model = data.train[0], network(config, data.shape)
    steps = max(2, config.epochs * -(-len(x) // config.batch_size))
    optimizer = fnn.adam(fnn.schedules.warmup_cosine(config.rate, max(1, steps // 10), steps))
    params, _ = model.init(init_key, x.shape[1:])
    step = fnn.train_step(model, LOSSES[config.loss], optimizer, key=step_key)

    def with_noise(batch: tuple[np.ndarray, ...], key: fnn.Key) -> tuple[np.ndarray, ...]:
        (clean,) = batch
        return noisy(clean, config.noise, key), clean

    def batches_of(epoch: int) -> Iterable[tuple[np.ndarray, ...]]:
        return fnn.batches(fnn.fold_in(order_key, epoch), (x,), config.batch_size, prepare=with_noise)

    def finish(end: fnn.Progress) -> dict[str, Any]:
        seen = noisy(x[:TUNED], config.noise, tune_key)
        loss = np.array(list(pluck("loss", end.history)))
        return {"curves": {"loss": loss}, "params": fnn.tune(model, end.state.params, seen)}

    return Run(optimizer.init(params), step, batches_of, config.epochs, finish)


def restore(config: Config, params: Mapping[str, Any], x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """What a trained network gives back for digits (n, h · w): pixels in [0, 1]."""
    return fnn.sigmoid.apply({}, fnn.predict(network(config, shape), params, x, SIZE))
