"""PyTorch with `torch.compile` of the forward pass and the loss, and fused Adam."""

import torch

from recipes.bench.peers.torch_eager import LOSSES, network, predictor
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


def train(problem: Problem) -> Session:
    """The usual loop around a compiled loss; its gradient is compiled with it."""
    model = network(problem)
    optimizer = torch.optim.Adam(model.parameters(), lr=problem.rate, fused=True)
    x, y = map(torch.tensor, problem.train)

    @torch.compile
    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return LOSSES[problem.loss](model(x), y)

    def run(epoch: int) -> None:
        for index in torch.from_numpy(problem.order(epoch)):
            optimizer.zero_grad()
            loss_of(x.index_select(0, index), y.index_select(0, index)).backward()
            optimizer.step()

    return Session(run, predictor(model))
