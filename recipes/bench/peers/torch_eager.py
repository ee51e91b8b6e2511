"""PyTorch in eager mode, with the default implementation of its optimizers or the fused one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from recipes.bench.problem import Problem, Session, one_after_the_other

__all__ = ["infer", "train", "train_channels_last", "train_fused"]

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}
LOSSES = {"cross_entropy": nn.functional.cross_entropy, "mse": nn.functional.mse_loss}
OPTIMIZERS: dict[str, Any] = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


def network(problem: Problem) -> nn.Sequential:
    """The network of a problem with its initial values."""
    layers: list[nn.Module] = []
    channels = 0  # of the images that come from the layer before
    for (w, b), activation in zip(problem.weights, problem.activations, strict=True):
        if channels and w.ndim < 4:  # PyTorch flattens images with their channels first
            layers.append(nn.Flatten())
            w = w.reshape(-1, channels, w.shape[-1]).swapaxes(0, 1).reshape(w.shape)
        channels = w.shape[-1] if w.ndim == 4 else 0
        layer = nn.Conv2d(w.shape[2], channels, w.shape[:2], padding="same") if channels else nn.Linear(*w.shape)
        w = w.T.swapaxes(-2, -1) if channels else w.T  # of convolutions (c_out, c_in, kh, kw)
        layer.weight.data, layer.bias.data = torch.tensor(w.copy()), torch.tensor(b)
        layers += [layer] if activation == "none" else [layer, ACTIVATIONS[activation]()]
        if channels:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def inputs(x: Any) -> torch.Tensor:
    """The inputs as a tensor; images have their channels first."""
    return torch.tensor(np.moveaxis(x, -1, 1).copy() if x.ndim == 4 else x)


def predictor(model: nn.Module) -> Any:
    """The function from images to outputs."""
    return torch.inference_mode()(lambda x: model(inputs(x)).numpy())


@one_after_the_other
def train(
    problem: Problem,
    compiled: Callable[..., Any] = lambda f: f,
    memory: torch.memory_format = torch.contiguous_format,
    **settings: Any,
) -> Session:
    """The usual loop: zero the gradients, loss, backward, step.

    `compiled` replaces the forward pass and the loss; `memory` is the order of images in memory.
    """
    model, measure = network(problem).to(memory_format=memory), LOSSES[problem.loss]
    optimizer = OPTIMIZERS[problem.optimizer](model.parameters(), lr=problem.rate, **settings)
    x, y = inputs(problem.train[0]), torch.tensor(problem.train[1])
    x = x.to(memory_format=memory) if x.ndim == 4 else x
    loss_of = compiled(lambda x, y: measure(model(x), y))

    def run(epoch: int) -> None:
        for index in torch.from_numpy(problem.order(epoch)):
            optimizer.zero_grad()
            loss_of(x.index_select(0, index), y.index_select(0, index)).backward()
            optimizer.step()

    return Session(run, predictor(model))


train_fused = partial(train, fused=True)
train_channels_last = partial(train, fused=True, memory=torch.channels_last)


def infer(problem: Problem) -> Session:
    """The model called in `inference_mode`, which is entered once per round."""
    model, x = network(problem).eval(), torch.tensor(problem.train[0])
    return Session(lambda epoch: model(x), predictor(model), around=torch.inference_mode)
