"""PyTorch's activations at 33 numbers in float64: the figures for tests/fnn/layers/test_activations.py.

Made by

    python -m tests.support.reference.activations > tests/support/reference/activations.json

with PyTorch 2.14, which the tests themselves do not need. The names and settings are fields of the rows in
tests/support/activations.py; a row whose field `torch` is None has no figures.
"""

import json

from tests.support.activations import ACTIVATIONS

X = [i / 2 for i in range(-16, 17)]  # with 0, where some have a kink


def figures(row):
    """The values and slopes of `torch.nn.<row.torch>` at X."""
    import torch

    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    y = getattr(torch.nn, row.torch)(**row.torch_settings)(x)
    y.sum().backward()
    return {"value": y.tolist(), "slope": x.grad.tolist()}


if __name__ == "__main__":
    lines = {"x": X, **{name: figures(row) for name, row in ACTIVATIONS.items() if row.torch}}
    print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(line)}" for name, line in lines.items()) + "}")
