"""PyTorch on a GPU, with the data on the device: in eager mode, or each step one replay of a CUDA graph."""

from collections.abc import Callable

import torch
from torch import nn

from recipes.bench.peers.torch_eager import LOSSES, OPTIMIZERS, inputs, network
from recipes.bench.problem import Problem, Session, one_after_the_other

__all__ = ["train", "train_by_graph"]

WARMING = 3  # steps before a graph is captured, in which PyTorch chooses its kernels and the optimizer allocates


@one_after_the_other
def train(problem: Problem, graph: bool = False) -> Session:
    """The usual loop with the fused optimizer; with `graph`, replays of one captured step, where there is a GPU.

    Products may use TF32, as JAX's do by default.
    """
    device = problem.device
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    model, measure = network(problem).to(device), LOSSES[problem.loss]
    capturing = graph and device == "cuda"
    settings = {"capturable": True} if capturing and problem.optimizer == "adam" else {}
    optimizer = OPTIMIZERS[problem.optimizer](model.parameters(), lr=problem.rate, fused=True, **settings)
    x, y = inputs(problem.train[0]).to(device), torch.tensor(problem.train[1]).to(device)
    order = torch.from_numpy(problem.order(0)).to(device)
    place = torch.zeros(1, dtype=torch.int64, device=device)  # of the next batch in the order

    def step() -> None:
        index = order.index_select(0, place)[0]
        optimizer.zero_grad()
        measure(model(x.index_select(0, index)), y.index_select(0, index)).backward()
        optimizer.step()
        place.add_(1)

    initial = [leaf.detach().clone() for leaf in model.parameters()]
    advance = captured(step) if capturing else step
    if graph:
        advance()
        restore(model, optimizer, initial)

    def run(epoch: int) -> None:
        order.copy_(torch.from_numpy(problem.order(epoch)))
        place.zero_()
        for _ in range(len(order)):
            advance()
        if device == "cuda":
            torch.cuda.synchronize()

    return Session(run, torch.inference_mode()(lambda x: model(inputs(x).to(device)).cpu().numpy()))


def train_by_graph(problem: Problem) -> Session:
    """Each step as one replay of a CUDA graph."""
    return train(problem, graph=True)


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """A function that replays a step, after a few steps that warm up.

    It keeps `step`, because the graph reads the memory of the step's tensors.
    """
    stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARMING):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    with torch.cuda.graph(graph):
        step()

    def replay(keeping: Callable[[], None] = step) -> None:
        graph.replay()

    return replay


@torch.no_grad()
def restore(model: nn.Module, optimizer: torch.optim.Optimizer, leaves: list[torch.Tensor]) -> None:
    """Give the model these parameters, and the optimizer a memory of zeros, in the tensors that a graph works on."""
    for leaf, value in zip(model.parameters(), leaves, strict=True):
        leaf.copy_(value)
    for memory in optimizer.state.values():
        for tensor in memory.values():
            tensor.zero_()
