"""The networks that read sequences, in PyTorch."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from recipes.bench.problem import Problem

__all__ = ["network"]

HEADS = 4


def network(problem: Problem) -> nn.Module:
    """The network of a problem with its initial values."""
    pairs = [tuple(torch.tensor(leaf) for leaf in pair) for pair in problem.weights]
    return Reader(pairs) if problem.network == "gru" else Attentive(pairs)


def linear(pair: Any) -> nn.Linear:
    """A linear layer with the values (W, b)."""
    w, b = pair
    layer = nn.Linear(*w.shape)
    layer.weight.data, layer.bias.data = w.T.contiguous(), b
    return layer


def norm(pair: Any) -> nn.LayerNorm:
    """Layer normalisation with the values (scale, bias)."""
    layer = nn.LayerNorm(len(pair[0]))
    layer.weight.data, layer.bias.data = pair
    return layer


class Reader(nn.Module):  # type: ignore[misc]
    """A GRU and a linear layer for its last output.

    PyTorch has two biases for each gate. The second one of the gates r and z stays 0, so that it does the same work.
    """

    def __init__(self, pairs: list[Any]) -> None:
        super().__init__()
        (w, b), (u, d), head = pairs
        self.gru, self.head = nn.GRU(w.shape[0], u.shape[0], batch_first=True), linear(head)
        candidate = torch.cat([torch.zeros(2 * len(d)), torch.ones(len(d))])
        second = candidate * d.repeat(3)
        for leaf, value in zip(self.gru.parameters(), (w.T, u.T, b, second), strict=True):
            leaf.data.copy_(value)
        self.gru.bias_hh_l0.register_hook(lambda gradient: gradient * candidate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The outputs for sequences (batch, time, n_in)."""
        outputs: torch.Tensor = self.head(self.gru(x)[0][:, -1])
        return outputs


class Block(nn.Module):  # type: ignore[misc]
    """Attention, and a perceptron for each token."""

    def __init__(self, pairs: list[Any]) -> None:
        super().__init__()
        first, project, back, second, widen, narrow = pairs
        self.first, self.second = norm(first), norm(second)
        self.project, self.back, self.widen, self.narrow = map(linear, (project, back, widen, narrow))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The tokens (batch, time, width) after the block."""
        batch, time, width = x.shape
        split = (
            part.reshape(batch, time, HEADS, -1).transpose(1, 2) for part in self.project(self.first(x)).chunk(3, -1)
        )
        read = F.scaled_dot_product_attention(*split).transpose(1, 2).reshape(batch, time, width)
        x = x + self.back(read)
        tokens: torch.Tensor = x + self.narrow(F.relu(self.widen(self.second(x))))
        return tokens


class Attentive(nn.Module):  # type: ignore[misc]
    """Tokens with sinusoidal positions, two blocks, and a linear layer for their mean."""

    def __init__(self, pairs: list[Any]) -> None:
        super().__init__()
        embed, *blocks, head = pairs
        self.embed, self.head = linear(embed), linear(head)
        self.blocks = nn.Sequential(*(Block(blocks[i : i + 6]) for i in range(0, len(blocks), 6)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The outputs for sequences of patches (batch, time, pixels)."""
        tokens = self.embed(x)
        outputs: torch.Tensor = self.head(self.blocks(tokens + positions(*tokens.shape[1:])).mean(1))
        return outputs


def positions(time: int, width: int) -> torch.Tensor:
    """Sines and cosines of each place (Vaswani et al. 2017, section 3.5)."""
    angles = torch.arange(time)[:, None] / 10000.0 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(time, width)
