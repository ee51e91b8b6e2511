"""PyTorch's losses under weights and masks, with their gradients, in float64.

The figures are for tests/fnn/losses/test_weights.py.

Made by

    python -m tests.support.reference.losses > tests/support/reference/losses.json

with PyTorch 2.14, which the tests themselves do not need. PyTorch's class weights and `ignore_index` are its own; a
mean over weighted examples or elements is written as Σ w l / Σ w of the values that `reduction="none"` gives.
"""

import json

Z = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-2.0, 0.1, 0.3], [0.75, 3.0, -1.0], [4.0, 1.0, 0.5]]
T = [[0.0, 1.0, 0.5], [0.25, 0.75, 1.0], [0.1, 0.9, 0.4], [1.0, 0.0, 0.6], [0.3, 0.2, 0.8]]
LABELS = [2, 0, 1, 1, 0]
EXAMPLES = [1.0, 0.5, 3.0, 0.0, 2.0]
ELEMENTS = [[1.0, 0.0, 2.0], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [3.0, 0.25, 1.0], [1.0, 2.0, 0.0]]
CLASSES = [0.2, 1.5, 3.0]
PROBABILITIES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.9, 0.1], [0.6, 0.4, 0.0]]


def losses():
    """Functions of the predictions, by name; the names are those of the calls in the test."""
    import torch
    from torch.nn import functional as F

    t, examples, elements, classes, probabilities = (
        torch.tensor(each, dtype=torch.float64) for each in (T, EXAMPLES, ELEMENTS, CLASSES, PROBABILITIES)
    )
    labels = torch.tensor(LABELS)
    masked = torch.where(examples > 0, labels, -1)

    def mean(values, w):
        w = (w[:, None] if w.ndim < values.ndim else w).expand(values.shape)
        return (values * w).sum() / w.sum()

    made = {}
    for name, f in (("mse", F.mse_loss), ("huber", F.huber_loss), ("bce", F.binary_cross_entropy_with_logits)):
        made[f"{name}, examples"] = lambda z, f=f: mean(f(z, t, reduction="none"), examples)
        made[f"{name}, elements"] = lambda z, f=f: mean(f(z, t, reduction="none"), elements)
    made["bce, elements, sum"] = lambda z: F.binary_cross_entropy_with_logits(z, t, weight=elements, reduction="sum")
    made["ce, classes"] = lambda z: F.cross_entropy(z, labels, weight=classes)
    made["ce, classes, sum"] = lambda z: F.cross_entropy(z, labels, weight=classes, reduction="sum")
    made["ce, mask"] = lambda z: F.cross_entropy(z, masked, ignore_index=-1)
    made["ce, mask, smoothed"] = lambda z: F.cross_entropy(z, masked, ignore_index=-1, label_smoothing=0.1)
    made["ce, examples"] = lambda z: mean(F.cross_entropy(z, labels, reduction="none"), examples)
    made["ce, probabilities"] = lambda z: mean(F.cross_entropy(z, probabilities, reduction="none"), examples)
    made["ce, probabilities, smoothed"] = lambda z: mean(
        F.cross_entropy(z, probabilities, reduction="none", label_smoothing=0.1), examples
    )
    return made


def run(loss):
    """The value and the gradient."""
    import torch

    z = torch.tensor(Z, dtype=torch.float64, requires_grad=True)
    value = loss(z)
    value.backward()
    return {"value": value.item(), "gradient": z.grad.tolist()}


if __name__ == "__main__":
    print(json.dumps({name: run(loss) for name, loss in losses().items()}, indent=1))
