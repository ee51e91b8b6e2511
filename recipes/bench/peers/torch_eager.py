"""PyTorch in eager mode, with the default implementation of its optimizers or the fused one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from recipes.bench.peers import torch_sequences
from recipes.bench.problem import Problem, Session, one_after_the_other

__all__ = ["infer", "train", "train_fused"]

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}
LOSSES = {"cross_entropy": nn.functional.cross_entropy, "mse": nn.functional.mse_loss}
OPTIMIZERS: dict[str, Any] = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


def network(problem: Problem) -> nn.Module:
    """The network of a problem with its initial values."""
    if problem.network:
        return torch_sequences.network(problem)
    layers: list[nn.Module] = []
    for (w, b), activation in zip(problem.weights, problem.activations, strict=True):
        layer = nn.Linear(*w.shape)
        layer.weight.data, layer.bias.data = torch.tensor(w.T.copy()), torch.tensor(b)
        layers += [layer] if activation == "none" else [layer, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers)


def predictor(model: nn.Module) -> Any:
    """The function from images to outputs."""
    return torch.inference_mode()(lambda x: model(torch.tensor(x)).numpy())


@one_after_the_other
def train(problem: Problem, compiled: Callable[..., Any] = lambda f: f, **settings: Any) -> Session:
    """The usual loop: zero the gradients, loss, backward, step; `compiled` replaces the forward pass and the loss."""
    model, measure = network(problem), LOSSES[problem.loss]
    optimizer = OPTIMIZERS[problem.optimizer](model.parameters(), lr=problem.rate, **settings)
    x, y = map(torch.tensor, problem.train)
    loss_of = compiled(lambda x, y: measure(model(x), y))

    def run(epoch: int) -> None:
        for index in torch.from_numpy(problem.order(epoch)):
            optimizer.zero_grad()
            loss_of(x.index_select(0, index), y.index_select(0, index)).backward()
            optimizer.step()

    return Session(run, predictor(model))


train_fused = partial(train, fused=True)


def infer(problem: Problem) -> Session:
    """The model called in `inference_mode`, which is entered once per round."""
    model, x = network(problem).eval(), torch.tensor(problem.train[0])
    return Session(lambda epoch: model(x), predictor(model), around=torch.inference_mode)
