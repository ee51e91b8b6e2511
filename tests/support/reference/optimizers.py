"""PyTorch's optimizers on a small problem, 100 steps in float64.

The figures are for tests/fnn/optimizers/test_optimizers.py.

Made by

    python tests/support/reference/optimizers.py > tests/support/reference/optimizers.json

with PyTorch 2.13.0, which the tests themselves do not need. The gradient is that of a quadratic and a quartic term,
½ |x W + b - t|² + ¼ Σ W⁴, in operators that NumPy and PyTorch share.
"""

import json

STEPS = 100
START = {"weights": [[0.5, -1.0], [0.25, 0.75], [-0.5, 1.5]], "bias": [0.1, -0.2]}
X = [[1.0, -0.5, 0.25], [0.5, 1.0, -1.0], [-0.75, 0.5, 0.5], [0.25, 0.25, 1.0]]
TARGET = [[1.0, -1.0], [0.5, 0.25], [-0.5, 1.0], [0.0, 0.75]]

# Name: the class, its settings, and whether its weight decay leaves the bias alone.
RUNS = {
    "sgd": ("SGD", {"lr": 0.05}, False),
    "sgd, coupled decay": ("SGD", {"lr": 0.05, "weight_decay": 0.1}, False),
    "momentum": ("SGD", {"lr": 0.02, "momentum": 0.9}, False),
    "nesterov": ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True}, False),
    "rmsprop": ("RMSprop", {"lr": 0.01, "alpha": 0.99, "eps": 1e-8}, False),
    "adagrad": ("Adagrad", {"lr": 0.1, "eps": 1e-10}, False),
    "adam": ("Adam", {"lr": 0.02, "betas": (0.9, 0.999), "eps": 1e-8}, False),
    "adam, other betas": ("Adam", {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-3}, False),
    "adam, coupled decay": ("Adam", {"lr": 0.02, "weight_decay": 0.1}, False),
    "adamw": ("AdamW", {"lr": 0.02, "weight_decay": 0.1}, True),
    "adamw, all": ("AdamW", {"lr": 0.02, "weight_decay": 0.1}, False),
}


def gradient(params, x, target):
    """The gradient of the loss above, for arrays of either library."""
    error = x @ params["weights"] + params["bias"] - target
    return {"weights": x.T @ error + params["weights"] ** 3, "bias": error.sum(0)}


def run(kind, settings, matrices_only):
    """The parameters after `STEPS` steps of `torch.optim.<kind>`."""
    import torch

    x, target = (torch.tensor(each, dtype=torch.float64) for each in (X, TARGET))
    params = {name: torch.tensor(leaf, dtype=torch.float64, requires_grad=True) for name, leaf in START.items()}
    bias = {"params": [params["bias"]], **({"weight_decay": 0.0} if matrices_only else {})}
    optimizer = getattr(torch.optim, kind)([{"params": [params["weights"]]}, bias], **settings)
    for _ in range(STEPS):
        with torch.no_grad():
            for name, grad in gradient(params, x, target).items():
                params[name].grad = grad
        optimizer.step()
    return {name: leaf.tolist() for name, leaf in params.items()}


if __name__ == "__main__":
    print(json.dumps({name: run(*settings) for name, settings in RUNS.items()}, indent=1))
