"""PyTorch's optimizers on a small problem, 100 steps in float64.

The figures are for tests/fnn/optimizers/test_optimizers.py.

Made by

    python -m tests.support.reference.optimizers > tests/support/reference/optimizers.json

with PyTorch 2.14, which the tests themselves do not need. The names and settings are fields of the rows in
tests/support/optimizers.py. The gradient is that of a quadratic and a quartic term,
½ |x W + b - t|² + ¼ Σ W⁴, in operators that NumPy and PyTorch share.
"""

import json

from tests.support.optimizers import OPTIMIZERS

STEPS = 100
START = {"weights": [[0.5, -1.0], [0.25, 0.75], [-0.5, 1.5]], "bias": [0.1, -0.2]}
X = [[1.0, -0.5, 0.25], [0.5, 1.0, -1.0], [-0.75, 0.5, 0.5], [0.25, 0.25, 1.0]]
TARGET = [[1.0, -1.0], [0.5, 0.25], [-0.5, 1.0], [0.0, 0.75]]


def gradient(params, x, target):
    """The gradient of the loss above, for arrays of either library."""
    error = x @ params["weights"] + params["bias"] - target
    return {"weights": x.T @ error + params["weights"] ** 3, "bias": error.sum(0)}


def run(row):
    """The parameters after `STEPS` steps of `torch.optim.<row.torch>`."""
    import torch

    x, target = (torch.tensor(each, dtype=torch.float64) for each in (X, TARGET))
    params = {name: torch.tensor(leaf, dtype=torch.float64, requires_grad=True) for name, leaf in START.items()}
    bias = {"params": [params["bias"]], **({} if row.torch_decays_bias else {"weight_decay": 0.0})}
    optimizer = getattr(torch.optim, row.torch)([{"params": [params["weights"]]}, bias], **row.torch_settings)
    for _ in range(STEPS):
        with torch.no_grad():
            for name, grad in gradient(params, x, target).items():
                params[name].grad = grad
        optimizer.step()
    return {name: leaf.tolist() for name, leaf in params.items()}


if __name__ == "__main__":
    print(json.dumps({name: run(row) for name, row in OPTIMIZERS.items() if row.torch}, indent=1))
