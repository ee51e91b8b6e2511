"""PyTorch's convolutions and pooling in float64: values, and gradients of the sum of cos(y).

The figures are for tests/fnn/layers/test_convolution.py and test_pooling.py. Made by

    python -m tests.support.reference.images > tests/support/reference/images.json

with PyTorch 2.14, which the tests themselves do not need. PyTorch has channels first, and no stride with its
padding="same": there, the zeros are put around the image by hand, and transposed ones cut off.
"""

import json

import numpy as np

import fnn

CASES = {  # name: (layer, shape of one example's features, PyTorch's function of (x, weights), channels first)
    "convolution": (fnn.convolution(3, (3, 2)), (5, 6, 2), lambda F, x, w: F.conv2d(x, w)),
    "convolution, strides": (
        fnn.convolution(3, (3, 2), stride=(2, 3)), (6, 7, 2), lambda F, x, w: F.conv2d(x, w, stride=(2, 3)),
    ),
    "convolution, same": (
        fnn.convolution(2, (3, 4), padding="same"), (4, 5, 2), lambda F, x, w: F.conv2d(x, w, padding="same"),
    ),
    "convolution, same and dilated": (
        fnn.convolution(2, (2, 3), padding="same", dilation=(3, 2)), (4, 5, 2),
        lambda F, x, w: F.conv2d(x, w, padding="same", dilation=(3, 2)),
    ),
    "convolution, same with a stride": (
        fnn.convolution(2, (3, 3), padding="same", stride=2), (4, 5, 2),
        lambda F, x, w: F.conv2d(F.pad(x, (1, 1, 0, 1)), w, stride=2),  # of 4 rows one zero behind, of 5 columns two
    ),
    "convolution, dilated": (
        fnn.convolution(2, (2, 3), dilation=2, stride=(1, 2)), (4, 8, 1),
        lambda F, x, w: F.conv2d(x, w, dilation=2, stride=(1, 2)),
    ),
    "convolution, of signals": (
        fnn.convolution(3, 3, stride=2), (8, 2), lambda F, x, w: F.conv1d(x, w, stride=2),
    ),
    "transposed_convolution": (
        fnn.transposed_convolution(3, (3, 2), stride=2), (2, 3, 2),
        lambda F, x, w: F.conv_transpose2d(x, w.transpose(0, 1).contiguous(), stride=2),
    ),
    "transposed_convolution, dilated": (
        fnn.transposed_convolution(2, (3, 2), stride=(1, 3), dilation=2), (2, 3, 1),
        lambda F, x, w: F.conv_transpose2d(x, w.transpose(0, 1).contiguous(), stride=(1, 3), dilation=2),
    ),
    "transposed_convolution, same": (
        fnn.transposed_convolution(2, (3, 4), stride=2, padding="same"), (2, 3, 2),
        lambda F, x, w: F.conv_transpose2d(x, w.transpose(0, 1).contiguous(), stride=2)[..., :4, 1:7],
    ),
    "max_pool": (fnn.max_pool((2, 2)), (5, 4, 2), lambda F, x, w: F.max_pool2d(x, 2)),
    "max_pool, overlapping": (
        fnn.max_pool((3, 2), stride=(2, 1)), (5, 4, 2), lambda F, x, w: F.max_pool2d(x, (3, 2), (2, 1)),
    ),
    "max_pool, of signals": (fnn.max_pool(2, stride=3), (8, 2), lambda F, x, w: F.max_pool1d(x, 2, 3)),
    "max_pool, with ties": (
        fnn.max_pool((3, 3), stride=2), (7, 7, 2), lambda F, x, w: F.max_pool2d(x, 3, 2),
    ),
    "mean_pool": (fnn.mean_pool((2, 3)), (5, 6, 2), lambda F, x, w: F.avg_pool2d(x, (2, 3))),
    "mean_pool, overlapping": (fnn.mean_pool(3, stride=2), (7, 2), lambda F, x, w: F.avg_pool1d(x, 3, 2)),
    "global_mean": (fnn.global_mean(), (3, 4, 2), lambda F, x, w: F.adaptive_avg_pool2d(x, 1)[..., 0, 0]),
    "upsample": (fnn.upsample((2, 3)), (2, 3, 2), lambda F, x, w: F.interpolate(x, scale_factor=(2.0, 3.0))),
}  # fmt: skip


def numbers(shape, frequency):
    """Numbers without a pattern, the same on every machine."""
    return np.sin(frequency * np.arange(1.0, 1 + np.prod(shape))).reshape(shape).round(3)


def inputs(name):
    """One example, and weights for layers that have some, else None; "with ties" has few different numbers."""
    layer, shape, _ = CASES[name]
    params, _ = layer.init(fnn.Key(0), shape)
    x = numbers((1, *shape), 12.9898)
    return (x * 2).round() if "ties" in name else x, numbers(params["weights"].shape, 78.233) if params else None


def figures(name):
    """PyTorch's value and gradients, channels last."""
    import torch
    from torch.nn import functional as F

    _, shape, function = CASES[name]
    x, w = (None if each is None else torch.tensor(each, requires_grad=True) for each in inputs(name))
    n = len(shape) - 1
    first = w if w is None else w.permute(n + 1, n, *range(n)).contiguous()  # (c_out, c_in, *size)
    y = function(F, x.movedim(-1, 1), first).movedim(1, -1)
    torch.cos(y).sum().backward()
    made = {"y": y.detach(), "dx": x.grad} | ({} if w is None else {"dw": w.grad})
    return {what: each.tolist() for what, each in made.items()}


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(figures(name), separators=(',', ':'))}" for name in CASES)
    print("{" + ",\n".join(lines) + "}")
