"""PyTorch with `torch.compile` of the forward pass and the loss, and a fused optimizer."""

import torch

from recipes.bench.peers.torch_eager import LOSSES, OPTIMIZERS, network, predictor
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


def train(problem: Problem, backend: str = "inductor") -> Session:
    """The usual loop with the loss compiled by `backend`, which compiles its gradient too."""
    model = network(problem)
    optimizer = OPTIMIZERS[problem.optimizer](model.parameters(), lr=problem.rate, fused=True)
    x, y = map(torch.tensor, problem.train)

    @torch.compile(backend=backend)
    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return LOSSES[problem.loss](model(x), y)

    def run(epoch: int) -> None:
        for index in torch.from_numpy(problem.order(epoch)):
            optimizer.zero_grad()
            loss_of(x.index_select(0, index), y.index_select(0, index)).backward()
            optimizer.step()

    return Session(run, predictor(model))
