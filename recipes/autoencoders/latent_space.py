"""Where the digits lie in a space of four numbers, and how well they can be read there (figure 12 and its table).

Nearest neighbours (k = 5) read the codes in two ways. The paper fits them on the very test codes that it scores. Held
out, they are fitted on the codes of the training and validation digits. Two accuracies are reported: the plain one, the
share of digits that are right, and that of the paper's table, for each class against the rest, where most digits are
easy negatives. The networks are trained with Adam at 0.001, in batches of 128 for up to 200 epochs, patience 5. The
paper trains its network once; here there are five trainings of each.
"""

# scikit-learn takes seconds to import, so that the functions that need it do so, and not the list of recipes.

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from fnn import plot
from fnn.metrics import OneVsRest, iqm, one_vs_rest
from recipes.autoencoders import autoencoder
from recipes.autoencoders.reading import (
    closeness,
    codes_of,
    distinctive,
    one_against_rest,
    plain_accuracy,
    principal,
    read,
)
from recipes.autoencoders.study import study
from recipes.claims import ACCURACY, ANEW, Claim, concluded, difference, estimate, judged, of_digits, within
from recipes.claims import PAPERS as PAPERS_NUMBER
from recipes.data import digits
from recipes.recipe import Finding, Results, scores

__all__ = ["RECIPE", "figures"]

# PAPERS is a cell of figure 10, BEST is not.
PAPERS = autoencoder.Config(latent=4, depth=1, loss="mse", rate=1e-3, batch_size=128, epochs=200, patience=5)
BEST = attrs.evolve(PAPERS, latent=32, loss="cross-entropy", code="linear")
GROUPS = {"latent 4, depth 1": PAPERS, "latent 32, depth 1, linear code": BEST}
SHOWN = 2000  # of the first test codes: t-SNE of all 10,000 takes minutes and shows the same shapes, more densely
PAPERS_ACCURACY = 0.9619


def readings(results: Results, data: digits.Digits) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The confusion matrices of each run's codes of the paper: fitted on the scored test codes, and held out."""
    codes = [codes_of(PAPERS, run["params"], data) for run in results[next(iter(GROUPS))]]
    seen = [read(test, test, data.n_classes) for _, test in codes]
    return seen, [read(fitted, test, data.n_classes) for fitted, test in codes]


def map_of(codes: np.ndarray) -> np.ndarray:
    """Codes (n, d) as points of a plane (n, 2) in which neighbours stay together, by t-SNE from a fixed start."""
    from sklearn.manifold import TSNE

    with threadpool_limits(1):  # its threads wait in busy loops, so that more of them are slower on a busy machine
        return TSNE(perplexity=min(30, len(codes) / 4), max_iter=500, random_state=0).fit_transform(codes)


def table(ax: Any, of: OneVsRest, title: str, names: Sequence[str]) -> None:
    """Draw the paper's table: counts and accuracy of each class against the rest, their sums and the mean accuracy."""
    counts = np.stack([of.tp, of.fp, of.fn, of.tn], axis=-1)
    rows = [[k, *map(str, row), f"{a:.4f}"] for k, row, a in zip(names, counts, of.accuracy, strict=True)]
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
    ax = plot.points(map_of(codes[:SHOWN]), labels[:SHOWN], ax=around.add_subplot(), names=data.names, size=9)
    ax.set(xticks=[], yticks=[], xlabel="t-SNE, first axis", ylabel="t-SNE, second axis")
    ax.set_title(f"Codes of the first {min(SHOWN, len(codes)):,} test {data.things}", fontsize=11)
    seen, held_out = (np.sum(each, axis=0) for each in readings(results, data))
    left, right = tables.subplots(1, 2)
    table(left, one_vs_rest(seen), "Fitted on the test codes that it scores (the paper's way)", data.names)
    table(right, one_vs_rest(held_out), "Fitted on the training codes, scored on the test codes", data.names)
    if (n := len(results[next(iter(GROUPS))])) > 1:
        tables.suptitle(f"The counts of {n} trainings together", fontsize=10)
    confusion = Figure(figsize=(6.6, 5.2), layout="constrained")
    plot.confusion(held_out, ax=confusion.add_subplot(), names=data.names).set_title(
        "Held out: fitted on the training codes", fontsize=11
    )
    return {"latent_space": around, "latent_space_table": tables, "latent_space_confusion": confusion}


def silhouettes(points: np.ndarray, labels: np.ndarray) -> float:
    """The mean silhouette of the first points: 1 for classes that lie far apart, 0 for classes that overlap."""
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(points[:SHOWN], labels[:SHOWN]))


def clusters(runs: Sequence[Mapping[str, Any]], data: digits.Digits, linear: np.ndarray, unseen: str) -> Claim:
    """The claim that classes are clusters of the codes: more so than of the pixels, and of a linear code's points."""
    x, labels = data.test
    codes = [codes_of(PAPERS, run["params"], data)[1][0] for run in runs]
    found = estimate([silhouettes(each, labels) for each in codes])
    others = {"of the pixels": silhouettes(x, labels), "of four principal components": silhouettes(linear, labels)}
    claim = Claim(
        "The autoencoder organizes digits into distinct clusters in latent space.",
        f"mean silhouette of the first test codes {found.said('{:+.3f}')}, to exceed those "
        + " and ".join(f"{name}, {value:+.3f}" for name, value in others.items())
        + "; 1 stands for classes that lie far apart, and up to 0.25 it is usually taken for no substantial structure",
        judged(found, above=max(others.values())),
        unseen,
    )
    return concluded(claim, found, form="{:.3f}")


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Clusters by digit, and 96.19 % under both protocols."""
    papers, best = (results[name] for name in GROUPS)
    k, (seen, held_out) = data.n_classes, readings(results, data)
    of_seen, of_held_out = ([plain_accuracy(each) for each in tables] for tables in (seen, held_out))
    of_best = [plain_accuracy(read(*codes_of(BEST, run["params"], data), k)) for run in best]
    rest, rest_held_out = (estimate([one_against_rest(each, k) for each in plain]) for plain in (of_seen, of_held_out))
    inflated = difference([one_against_rest(each, k) for each in of_seen], of_held_out)
    fitted, linear = principal(data, PAPERS.latent)
    by_linear = plain_accuracy(read(fitted, linear, k))
    plain, more = estimate(of_held_out), estimate(np.array(of_held_out) - by_linear)
    unseen = f"of held-out codes, the nearest neighbours take {100 * (1 - plain.value):.1f} % for another class"
    table = (
        "the paper's 96.19 % is the mean of ten one-against-rest accuracies, each of which counts about 9,000 easy "
        "true negatives: its table has 8,097 of 10,000 digits right, a plain accuracy of 80.97 %, on codes to which "
        "the classifier had been fitted with their labels"
    )
    has = Claim(
        "A kNN classifier (k = 5) on the latent codes has a mean one-against-rest accuracy of 96.19 %.",
        f"fitted on the test codes that it scores, as in the paper, {rest.said()}, to lie within {ACCURACY.words()} of "
        f"{PAPERS_ACCURACY}; held out, {rest_held_out.said()}",
        within(rest, ACCURACY, of=PAPERS_ACCURACY),
        f"plain accuracy is {np.mean(of_seen):.4f} for these codes, 0.8097 in the paper's table",
        bar=PAPERS_NUMBER,
    )
    features = Claim(
        "The high accuracy confirms that the latent space effectively captures digit-specific features.",
        f"held out, plain accuracy {plain.said()}; of four principal components {by_linear:.4f}; the difference is "
        f"{more.said('{:+.4f}')}",
        judged(more, above=0, measure=ACCURACY),
        "a linear code of four numbers, which needs no network, is read as well or better",
    )
    overstates = Claim(
        "The mean one-against-rest accuracy on fitted codes overstates how well digits are read.",
        f"it exceeds the plain accuracy of held-out codes by {inflated.said('{:+.4f}')}",
        judged(inflated, above=0, measure=ACCURACY),
        table,
        source="ours",
    )
    codes_of_32 = Claim(
        "Codes of 32 numbers, learnt without labels, are read with 96 % accuracy.",
        f"held out, plain accuracy {estimate(of_best).said()}, to exceed 0.96, by a network that is not in figure 10: "
        "one hidden layer, cross-entropy, and a code without ReLU, behind which numbers can stay unused "
        "(autoencoder_grid reads figure 10's own codes of 32 numbers)",
        judged(estimate(of_best), above=0.96),
        f"its mean squared error is {iqm(scores(best, 'test_mse')):.4f}",
        source="ours",
        bar=ANEW,
    )
    return [
        clusters(papers, data, linear[0], unseen),
        *(of_digits(closeness(held_out)) if data.is_mnist else []),
        *of_digits(concluded(has, rest)),
        concluded(features, more),
        *(of_digits(*distinctive(held_out, seen)) if data.is_mnist else []),
        concluded(overstates, inflated),
        *of_digits(concluded(codes_of_32, estimate(of_best))),
    ]


FIGURE = "figure 12 and its table"
FINDING = (
    Finding(
        "The mean one-against-rest accuracy on fitted codes overstates",
        holds="The paper's accuracy of 96.19 % overstates how well codes of four numbers are read: it is a mean over "
        "classes, each against all others, of codes on which the reader was fitted.",
        fails="The mean accuracy of each class against all others does not overstate how well codes are read.",
        alike="The mean accuracy of each class against all others hardly overstates how well codes are read.",
    ),
    Finding(
        "The high accuracy confirms",
        holds="They are read better than four principal components all the same.",
        fails="They are read worse than four principal components.",
        alike="They are read no better than four principal components.",
        undecided="Whether they are read better than four principal components is undecided.",
    ),
)
RECIPE = study("latent_space", __doc__, FIGURE, GROUPS, figures, claims, first=20, quick=3, finding=FINDING)
