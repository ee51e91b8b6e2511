"""PyTorch's normalisations, with their gradients, in float64.

The figures are for tests/fnn/layers/test_normalisation.py.

Made by

    python -m tests.support.reference.normalisation > tests/support/reference/normalisation.json

with PyTorch 2.14, which the tests themselves do not need. Images are PyTorch's with the channels moved to the end.
"""

import json

import numpy as np

N, IMAGE = 4, (3, 2, 4)


def arrays(name):
    """x, dy and the parameters: numbers that look random and are the same everywhere."""
    shape = (5, *IMAGE) if "images" in name else (5, N)
    wave = np.sin(np.arange(2 * np.prod(shape)) * 1.7) * 2 + np.cos(np.arange(2 * np.prod(shape)) * 0.3)
    x, dy = wave.reshape(2, *shape)
    each = np.arange(N)
    return x, dy, 1 + 0.2 * each, 0.5 - 0.3 * each, np.stack([0.1 * each - 0.2, 0.5 + 0.25 * each])


def run(name):
    """y, dx and the gradients of scale and bias."""
    import torch
    from torch.nn import functional as F

    x, dy, scale, bias, (mean, variance) = (torch.tensor(each) for each in arrays(name))
    leaves = [each.requires_grad_() for each in (x, scale, bias)]
    first = x.movedim(-1, 1)  # the channels, where PyTorch expects them
    y = {
        "batch_norm": lambda: F.batch_norm(first, None, None, scale, bias, training=True, eps=1e-5),
        "batch_norm, stored": lambda: F.batch_norm(first, mean, variance, scale, bias, eps=1e-5),
        "batch_norm, images": lambda: F.batch_norm(first, None, None, scale, bias, training=True, eps=1e-5),
        "layer_norm": lambda: F.layer_norm(x, (N,), scale, bias, eps=1e-5).movedim(-1, 1),
        "rms_norm": lambda: (F.rms_norm(x, (N,), scale, eps=1e-5) + 0 * bias).movedim(-1, 1),
        "group_norm": lambda: F.group_norm(first, 2, scale, bias, eps=1e-5),
        "group_norm, images": lambda: F.group_norm(first, 2, scale, bias, eps=1e-5),
    }[name]().movedim(1, -1)
    grads = torch.autograd.grad(y, leaves, dy)
    return {what: each.tolist() for what, each in zip(("y", "x", "scale", "bias"), (y.detach(), *grads), strict=True)}


NAMES = (
    *("batch_norm", "batch_norm, stored", "batch_norm, images"),
    *("layer_norm", "rms_norm", "group_norm", "group_norm, images"),
)

if __name__ == "__main__":
    print(json.dumps({name: run(name) for name in NAMES}))
