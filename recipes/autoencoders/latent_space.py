"""Where the digits lie in a space of four numbers, and how well they can be read there (figure 12 and its table).

Nearest neighbours (k = 5) read the codes in two ways. The paper fits them on the very test codes that it scores. Held
out, they are fitted on the codes of the training and validation digits. Two accuracies are reported: the plain one, the
share of digits that are right, and that of the paper's table, for each class against the rest, where most digits are
easy negatives. The networks are trained with Adam at 0.001, in batches of 128 for up to 200 epochs, patience 5.
"""

# scikit-learn takes seconds to import, so that the functions that need it do so, and not the list of recipes.

from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from fnn import plot
from fnn.metrics import OneVsRest, iqm, one_vs_rest
from recipes.autoencoders import autoencoder
from recipes.autoencoders.reading import closeness, codes_of, distinctive, one_against_rest, plain_accuracy, read
from recipes.autoencoders.study import study
from recipes.claims import Claim, estimate, judged
from recipes.data import digits
from recipes.recipe import Results, scores

__all__ = ["RECIPE", "figures"]

# PAPERS is a cell of figure 10, BEST is not.
PAPERS = autoencoder.Config(latent=4, depth=1, loss="mse", rate=1e-3, batch_size=128, epochs=200, patience=5)
BEST = attrs.evolve(PAPERS, latent=32, loss="cross-entropy", code="linear")
GROUPS = {"latent 4, depth 1": PAPERS, "latent 32, depth 1, linear code": BEST}
SHOWN = 2000  # of the first test codes: t-SNE of all 10,000 takes minutes and shows the same shapes, more densely
DISTINCT = 0.25  # the mean silhouette up to which there is usually said to be no substantial structure


def readings(results: Results, data: digits.Digits) -> tuple[np.ndarray, np.ndarray]:
    """The confusion matrices of the paper's codes, of all runs: fitted on the scored test codes, and held out."""
    codes = [codes_of(PAPERS, run["params"], data) for run in results[next(iter(GROUPS))]]
    seen = [read(test, test, data.n_classes) for _, test in codes]
    held_out = [read(fitted, test, data.n_classes) for fitted, test in codes]
    return np.sum(seen, axis=0), np.sum(held_out, axis=0)


def map_of(codes: np.ndarray) -> np.ndarray:
    """Codes (n, d) as points of a plane (n, 2) in which neighbours stay together, by t-SNE from a fixed start."""
    from sklearn.manifold import TSNE

    with threadpool_limits(1):  # its threads wait in busy loops, so that more of them are slower on a busy machine
        return TSNE(perplexity=min(30, len(codes) / 4), max_iter=500, random_state=0).fit_transform(codes)


def table(ax: Any, of: OneVsRest, title: str) -> None:
    """Draw the paper's table: counts and accuracy of each class against the rest, their sums and the mean accuracy."""
    counts = np.stack([of.tp, of.fp, of.fn, of.tn], axis=-1)
    rows = [[f"{k}", *map(str, row), f"{a:.4f}"] for k, (row, a) in enumerate(zip(counts, of.accuracy, strict=True))]
    total = ["Total", *map(str, counts.sum(axis=0)), f"{of.accuracy.mean():.4f}"]
    drawn = ax.table([*rows, total], colLabels=["Class", "TP", "FP", "FN", "TN", "Accuracy"], bbox=(0, 0, 1, 1))
    drawn.auto_set_font_size(False)
    for (row, _), cell in drawn.get_celld().items():
        cell.set(edgecolor="#DDDDDD", linewidth=0.6)
        cell.get_text().set(fontsize=9, fontweight="bold" if row in (0, len(rows) + 1) else "normal")
    ax.set_title(f"{title}\nplain accuracy {of.plain_accuracy:.4f}", fontsize=10)
    ax.axis("off")


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """The map of the first run's test codes, the two tables of all runs, and the held-out confusions."""
    _, (codes, labels) = codes_of(PAPERS, results[next(iter(GROUPS))][0]["params"], data)
    around, tables = (Figure(figsize=size, layout="constrained") for size in ((6.4, 5.2), (9.4, 3.6)))
    ax = plot.points(
        map_of(codes[:SHOWN]), labels[:SHOWN], ax=around.add_subplot(), names=range(data.n_classes), size=9
    )
    ax.set(xticks=[], yticks=[], xlabel="t-SNE, first axis", ylabel="t-SNE, second axis")
    ax.set_title(f"Codes of the first {min(SHOWN, len(codes)):,} test digits", fontsize=11)
    seen, held_out = readings(results, data)
    left, right = tables.subplots(1, 2)
    table(left, one_vs_rest(seen), "Fitted on the test codes that it scores (the paper's way)")
    table(right, one_vs_rest(held_out), "Fitted on the training codes, scored on the test codes")
    confusion = Figure(figsize=(6.6, 5.2), layout="constrained")
    plot.confusion(held_out, ax=confusion.add_subplot()).set_title(
        "Held out: fitted on the training codes", fontsize=11
    )
    return {"latent_space": around, "latent_space_table": tables, "latent_space_confusion": confusion}


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Clusters by digit, and 96.19 % under both protocols; the digits, not the runs, are the sample."""
    from sklearn.metrics import silhouette_samples

    papers, best = (results[name] for name in GROUPS)
    _, (codes, labels) = codes_of(PAPERS, papers[0]["params"], data)
    silhouette = estimate(silhouette_samples(codes[:SHOWN], labels[:SHOWN]), partial(np.mean, axis=-1), "digits")
    seen, held_out = readings(results, data)
    read_best = np.sum([read(*codes_of(BEST, run["params"], data), data.n_classes) for run in best], axis=0)
    of_seen, of_held_out, of_best = map(plain_accuracy, (seen, held_out, read_best))
    rest, rest_held_out = (one_against_rest(each, data.n_classes) for each in (of_seen, of_held_out))
    unseen = f"of held-out codes, the nearest neighbours take {100 * (1 - of_held_out.value):.1f} % for another digit"
    return [
        Claim(
            "The autoencoder organizes digits into distinct clusters in latent space.",
            f"mean silhouette of the first test codes {silhouette.said('{:+.3f}')}, to exceed {DISTINCT}: between -1 "
            "and 1, it is positive where codes are nearer to those of their own digit than to those of the next, and "
            f"up to {DISTINCT} it is usually taken for no substantial structure (Kaufman & Rousseeuw 1990)",
            judged(silhouette, above=DISTINCT),
            unseen,
        ),
        closeness(held_out),
        Claim(
            "A kNN classifier (k = 5) on the latent codes has a mean one-against-rest accuracy of 96.19 %.",
            f"fitted on the test codes that it scores, as in the paper, {rest.said()}, to reach 0.9619; held out, "
            f"{rest_held_out.said()}",
            judged(rest, above=0.9619),
            f"plain accuracy is {of_seen.value:.4f} for these codes, 0.8097 in the paper's table",
        ),
        Claim(
            "The high accuracy (96.19 %) confirms that the latent space effectively captures digit-specific features.",
            f"read as plain accuracy, held out, {of_held_out.said()}, to reach 0.9619; fitted on the test codes that "
            f"it scores, as in the paper, {of_seen.said()}",
            judged(of_held_out, above=0.9619),
            "the paper's 96.19 % is the mean of ten one-against-rest accuracies, each of which counts about 9,000 easy "
            "true negatives: its table has 8,097 of 10,000 digits right, a plain accuracy of 80.97 %, on codes to "
            "which the classifier had been fitted with their labels",
        ),
        *distinctive(held_out, seen),
        Claim(
            "Codes of 32 numbers, learnt without labels, are read with 96 % accuracy.",
            f"held out, plain accuracy {of_best.said()}, by a network that is not in figure 10: one hidden layer, "
            "cross-entropy, and a code without ReLU, behind which numbers can stay unused (autoencoder_grid reads "
            "figure 10's own codes of 32 numbers)",
            judged(of_best, above=0.96),
            f"its mean squared error is {iqm(scores(best, 'test_mse')):.4f}",
            source="ours",
        ),
    ]


FIGURE = "figure 12 and its table"
RECIPE = study("latent_space", __doc__, FIGURE, GROUPS, figures, claims, first=20, quick=3)
