"""fnn's estimators and scikit-learn's networks, on the data sets that scikit-learn brings along.

`python -m recipes.bench.estimators CORE ROUNDS EPOCHS SET ...` is the process that measures. It prints JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from statistics import mean, pstdev
from typing import Any

from recipes.bench.measure import ROOT, Measured, cores, environment
from recipes.bench.table import Finding, duration, ratio, titled
from recipes.data.digits import Digits

__all__ = ["SETS", "finding", "measure", "table"]

SETS = ("iris", "wine", "breast_cancer", "digits", "diabetes")
EPOCHS, FOLDS = 100, 5
TITLE = (
    "fnn's estimators and scikit-learn's MLPClassifier and MLPRegressor: 100 hidden units, ReLU, Glorot's initial "
    f"values, Adam, batch 32, {EPOCHS} epochs; a cross-validation in {FOLDS} folds; accuracy, and for diabetes R²"
)

Found = Mapping[str, Mapping[str, Mapping[str, list[float]]]]  # {set: {"fnn": {"seconds": [...], "scores": [...]}}}


def finding(data: Digits, rounds: int) -> Finding:
    """The comparison as a table. The digits are not used."""
    found = measure(SETS, rounds, EPOCHS)
    return Finding(table(found), found)


def measure(names: Iterable[str], rounds: int, epochs: int) -> Found:
    """The training seconds of each round, and the score on each fold of each round, on one core."""
    core = str(cores()[0])
    command = [sys.executable, "-m", "recipes.bench.estimators", core, str(rounds), str(epochs), *names]
    done = subprocess.run(command, env=environment(1), cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    found: Found = json.loads(done.stdout)
    return found


def table(found: Found) -> list[str]:
    """One row for each set: the scores of both and their spread over folds and rounds, and the times of both."""

    def row(name: str, peers: Mapping[str, Mapping[str, list[float]]]) -> tuple[str, ...]:
        ours, theirs = (Measured(peers[peer]["seconds"]) for peer in ("fnn", "scikit-learn"))
        scores = (f"{mean(each['scores']):.3f} ± {pstdev(each['scores']):.3f}" for each in peers.values())
        return name, *scores, duration(ours.median), duration(theirs.median), ratio(ours, theirs)

    head = ("set", "score: fnn", "score: scikit-learn", "time: fnn", "time: scikit-learn", "fnn / scikit-learn")
    return titled(TITLE, head, [row(*each) for each in found.items()])


def measured(rounds: int, epochs: int, name: str) -> dict[str, dict[str, list[float]]]:
    """The times and scores of one set. Both take turns; round i has the seed i, for the folds and the networks."""
    import warnings

    import sklearn.datasets
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import KFold, StratifiedKFold, cross_validate
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import fnn
    from fnn.interop.sklearn import Classifier, Regressor

    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    classes = name != "diabetes"
    hidden = fnn.chain(fnn.linear(100, weights=fnn.glorot_uniform), fnn.relu)  # scikit-learn's own initial values
    mlp = {"batch_size": 32, "max_iter": epochs, "n_iter_no_change": epochs, "tol": 0.0, "alpha": 0.0}
    networks: dict[str, Any] = {
        "fnn": (Classifier if classes else Regressor)(hidden, epochs=epochs),
        "scikit-learn": (MLPClassifier if classes else MLPRegressor)(**mlp),
    }
    found: dict[str, dict[str, list[float]]] = {peer: {"seconds": [], "scores": []} for peer in networks}
    for seed in range(rounds):
        folds = (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=seed)
        for peer, network in networks.items():
            scaled = make_pipeline(StandardScaler(), network.set_params(random_state=seed))
            whole = scaled if classes else TransformedTargetRegressor(scaled, transformer=StandardScaler())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted
                result = cross_validate(whole, x, y, cv=folds, error_score="raise")
            found[peer]["seconds"].append(float(result["fit_time"].sum()))
            found[peer]["scores"] += result["test_score"].tolist()
    return found


def main(core: str, rounds: str, epochs: str, *names: str) -> None:
    """Measure on one core. Libraries are imported afterwards, so that their threads start on it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    print(json.dumps({name: measured(int(rounds), int(epochs), name) for name in names}))


if __name__ == "__main__":
    main(*sys.argv[1:])
