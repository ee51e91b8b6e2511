"""PyTorch's recurrent layers and attention, with their gradients, in float64.

The figures are for tests/fnn/layers/test_recurrent.py and test_attention.py.

Made by

    python -m tests.support.reference.sequences > tests/support/reference/sequences.json

with PyTorch 2.14, which the tests themselves do not need. PyTorch's recurrent layers have two biases, one of which is
zero here but for the third part of the GRU's; the LSTM's gates o and g have exchanged their places.
"""

import json

import numpy as np

BATCH, TIME, N_IN, N, HEADS = 2, 4, 3, 2, 2
PARTS = {"elman": 1, "gru": 3, "lstm": 4}


def numbers(start, shape):
    """Numbers that look random and are the same everywhere."""
    at = np.arange(start, start + np.prod(shape))
    return (np.sin(at * 1.7) + np.cos(at * 0.3)).reshape(shape)


def inputs(name):
    """x, and dy for the outputs at all times."""
    if name in PARTS:
        return numbers(0, (BATCH, TIME, N_IN)), numbers(100, (BATCH, TIME, N))
    return numbers(0, (BATCH, TIME, 3 * 2 * HEADS)), numbers(100, (BATCH, TIME, 2 * HEADS))


def parameters(name):
    """The parameters of a cell."""
    width = PARTS[name] * N
    shapes = {"weights": (N_IN, width), "bias": (width,), "recurrent": (N, width), "recurrent_bias": (N,)}
    made = {what: numbers(200 + 100 * i, shape) for i, (what, shape) in enumerate(shapes.items())}
    return made if name == "gru" else {what: value for what, value in made.items() if what != "recurrent_bias"}


def exchanged(array):
    """The last axis with the third and the fourth quarter exchanged: the LSTM's gates in PyTorch's order, or back."""
    i, f, o, g = np.split(array, 4, axis=-1)
    return np.concatenate([i, f, g, o], axis=-1)


def recurrent(name):
    """y, dx and the gradients of the parameters."""
    import torch

    order = exchanged if name == "lstm" else np.asarray
    params = {what: order(value) for what, value in parameters(name).items()}
    (x, dy), second = inputs(name), np.zeros_like(params["bias"])
    second[2 * N :] = params.get("recurrent_bias", second[2 * N :])
    layer = getattr(torch.nn, {"elman": "RNN", "gru": "GRU", "lstm": "LSTM"}[name])(N_IN, N, batch_first=True).double()
    given = (params["weights"].T, params["recurrent"].T, params["bias"], second)
    for leaf, value in zip(layer.parameters(), given, strict=True):
        leaf.data = torch.tensor(value)
    x = torch.tensor(x, requires_grad=True)
    y, _ = layer(x)
    dx, dw, du, db, dd = torch.autograd.grad(y, [x, *layer.parameters()], torch.tensor(dy))
    grads = {"weights": order(dw.T.numpy()), "recurrent": order(du.T.numpy()), "bias": order(db.numpy())}
    grads |= {"recurrent_bias": dd[2 * N :].numpy()} if name == "gru" else {}
    return {"y": y.tolist(), "x": dx.tolist(), **{what: grad.tolist() for what, grad in grads.items()}}


def attention(name):
    """y and dx."""
    import torch

    x, dy = (torch.tensor(each) for each in inputs(name))
    x.requires_grad_()
    q, k, v = (each.reshape(BATCH, TIME, HEADS, 2).transpose(1, 2) for each in x.chunk(3, -1))
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal="causal" in name)
    y = y.transpose(1, 2).reshape(BATCH, TIME, 2 * HEADS)
    return {"y": y.tolist(), "x": torch.autograd.grad(y, x, dy)[0].tolist()}


if __name__ == "__main__":
    figures = {name: recurrent(name) for name in PARTS}
    print(json.dumps(figures | {name: attention(name) for name in ("attention", "attention, causal")}))
