"""PyTorch with the forward pass and the loss compiled by `torch.compile`, and a fused optimizer."""

from functools import partial

import torch

from recipes.bench.peers import torch_eager
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


def train(problem: Problem, backend: str = "inductor") -> Session:
    """The usual loop with the loss compiled by `backend`, which compiles its gradient too."""
    return torch_eager.train(problem, compiled=partial(torch.compile, backend=backend), fused=True)
