"""What lies between the digits in the space of codes of 64 numbers (figure 13).

The network is the one of figure 10 with five hidden layers on either side. The centroid of a class is the mean code of
its test digits. The decoded centroids are on the diagonal of the picture, and elsewhere the decoded points midway
between two of them. What the paper sees in them is measured on the ways between the codes of thousands of pairs of test
digits, and on networks without training, to tell what training adds. The paper trains its network once; here there are
five trainings.
"""

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import fnn
from fnn import plot
from recipes.autoencoders import autoencoder
from recipes.autoencoders.pairs import nearest, of_classes, pairs, purity
from recipes.autoencoders.study import looked_at, study
from recipes.claims import ACCURACY, ANEW, ERROR, Claim, Estimate, all_of, concluded, difference, estimate, judged
from recipes.data import digits
from recipes.recipe import Finding, Results

__all__ = ["RECIPE", "figures"]

NAME = "latent 64, depth 5"
# One cell of figure 10.
CONFIG = autoencoder.Config(latent=64, depth=5, loss="mse", rate=1e-3, batch_size=128, epochs=200, patience=5)
AMONG = 10_000  # the training digits among which the nearest digit of an image is sought
PAIRS, OF_CLASSES = 4000, 1000  # random pairs of test digits, and pairs of two given classes
NATURAL = ((4, 9), (3, 8))  # classes between which the paper finds the transition natural
STEPS = 10  # from one code to another
LONGEST = 0.2  # of the whole change: twice what each of ten equal changes has
SMOOTH = 95  # per cent of the pairs
PERCENT = "{:+.1f}", " %"
Coders = tuple[autoencoder.Coder, autoencoder.Coder]


def centroids(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of each class's points (n, d): (classes, d).

    >>> centroids(np.array([[0.0], [2.0], [5.0]]), np.array([0, 0, 1]))
    array([[1.],
           [5.]])
    """
    return np.stack([points[labels == k].mean(axis=0) for k in np.unique(labels)])


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Decoded centroids of the test codes on the diagonal, framed, and elsewhere the midpoint of two."""
    (x, labels), names = data.test, [data.names[k] for k in np.unique(data.test[1])]
    encode, decode = autoencoder.coder(CONFIG, results[NAME][0]["params"])
    middle = centroids(encode(x), labels)
    between = (middle[:, None] + middle) / 2
    images = decode(between.reshape(-1, middle.shape[1])).reshape(*between.shape[:2], *data.shape)
    figure = Figure(figsize=(7, 7), layout="constrained")
    (ax,) = plot.image_grid(images, row_labels=names, column_labels=names, figure=figure).axes
    for image in ax.images[:: len(names) + 1]:
        left, right, bottom, top = image.get_extent()
        frame = Rectangle((left, top), right - left, bottom - top, fill=False, clip_on=False)
        frame.set(edgecolor=plot.COLOURS[1], linewidth=2)
        ax.add_patch(frame)
    return {"interpolation": figure}


@attrs.frozen(eq=False)
class Ways:
    """What lies on the ways between the two digits of some pairs, for one network.

    smooth     the share of pairs, in per cent, whose way is smooth, see `ways`
    midpoint   from the decoded midpoint of two codes to the nearest training digit, squared: (pairs,)
    fade       from the mean of the two decoded digits to the nearest training digit, squared: (pairs,)
    """

    smooth: float
    midpoint: np.ndarray
    fade: np.ndarray


def ways(coder: Coders, x: np.ndarray, a: np.ndarray, b: np.ndarray, among: np.ndarray) -> Ways:
    """The ways of a network from digits x[a] to digits x[b], in ten equal steps between their codes.

    A way is smooth if none of its steps makes more than a fifth of the whole change, and if it leads from one digit to
    the other: its ends are nearer to their own digit than to the other one, and lie at least half as far from each
    other as the digits. A network that makes the same image of everything has no smooth ways.
    """
    encode, decode = coder
    start, end = encode(x[a]), encode(x[b])
    before = first = decode(start)
    longest, length = np.zeros(len(a)), np.zeros(len(a))
    for i in range(1, STEPS + 1):
        t = x.dtype.type(i / STEPS)
        image = decode((1 - t) * start + t * end)
        step = distance(image, before)
        longest, length, before = np.maximum(longest, step), length + step, image
    leads = (distance(first, x[a]) < distance(first, x[b])) & (distance(before, x[b]) < distance(before, x[a]))
    leads &= distance(first, before) > distance(x[a], x[b]) / 2
    smooth = leads & (longest < LONGEST * np.maximum(length, 1e-12))
    middle = decode((start + end) / 2)
    return Ways(100 * float(smooth.mean()), nearest(middle, among), nearest((first + before) / 2, among))


def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The distance of each image of `x` (n, d) from the same one of `y`: (n,)."""
    return np.asarray(np.linalg.norm((x - y).astype(np.float64), axis=1))


def natural(of: Sequence[Ways], naturals: Mapping[tuple[int, int], Sequence[Ways]]) -> Claim:
    """The claim that images between 4 and 9, and 3 and 8, lie nearer to digits than those between other pairs.

    of         the ways of each run between random pairs
    naturals   those between digits of two given classes, for each pair of classes
    """

    def further(name: str, each: Sequence[Ways]) -> Estimate:
        ratios = [getattr(o, name).mean() / max(getattr(n, name).mean(), 1e-12) for o, n in zip(of, each, strict=True)]
        return estimate(100 * (np.array(ratios) - 1))

    found = {classes: further("midpoint", each) for classes, each in naturals.items()}
    said = [
        f"{'-'.join(map(str, classes))}'s by {each.said(*PERCENT)} (a cross-fade's by "
        f"{further('fade', naturals[classes]).value:+.1f} %)"
        for classes, each in found.items()
    ]
    claim = Claim(
        "Some transitions appear natural (4-9, 3-8) while others create unusual hybrid digits.",
        "the squared distance of the image midway from the nearest training digit is, between digits of any two "
        f"classes, greater than {' and '.join(said)}",
        all_of(*(judged(each, above=0, measure=ERROR) for each in found.values())),
        "what the images midway have in common with a mere cross-fade of two pictures is no work of the latent space",
        digits=True,
    )
    return concluded(claim, *found.values(), form="{:.1f}", unit=" %")


def smooth(trained: Sequence[Ways], null: Ways, of: str) -> Claim:
    """The claim that the ways are smooth; `null` has those of a network without training."""
    found = estimate([each.smooth for each in trained])
    claim = Claim(
        "The smooth transitions between digits reveal the continuous nature of the learned latent space.",
        f"{of}, {found.said('{:.1f}', ' %')} have a smooth way, to exceed {SMOOTH} %: it leads from one to the other, "
        f"and none of {STEPS} equal steps makes more than a fifth of the change; without training {null.smooth:.1f} %",
        judged(found, above=SMOOTH),
        "on other ways, the network leaves the two digits, or jumps",
        bar=ANEW,
    )
    return concluded(claim, found, form="{:.1f}", unit=" %")


def manifold(trained: Sequence[Ways], null: Ways, of: str) -> Claim:
    """The claim that the image midway is more like a digit than a mere cross-fade."""
    nearer = estimate([100 * (1 - each.midpoint.mean() / max(each.fade.mean(), 1e-12)) for each in trained])
    far, null_far = (float(each.midpoint.mean()) ** 0.5 for each in (trained[0], null))
    claim = Claim(
        "The latent space captures the underlying manifold of handwritten digits.",
        f"{of}, the image midway is nearer to a training digit than a cross-fade of the two decoded ones is: its "
        f"squared distance is less by {nearer.said(*PERCENT)}",
        judged(nearer, above=0, measure=ERROR),
        f"that image lies {far:.2f} from the nearest training digit, without training {null_far:.2f}",
    )
    return concluded(claim, nearer, form="{:.1f}", unit=" %")


def organized(coders: Sequence[Coders], untrained: Sequence[Coders], x: np.ndarray, labels: np.ndarray) -> Claim:
    """The claim that near codes are of one class, more so than those of networks without training."""
    pure, null = ([purity(encode(x), labels) for encode, _ in of] for of in (coders, untrained))
    more = difference(pure, null)
    claim = Claim(
        "The latent space is semantically organized, with nearby points representing similar visual concepts.",
        f"of the five nearest test codes, {estimate(pure).said()} are of the same class; less the share of networks "
        f"without training {more.said('{:+.4f}')}; of the pixels it is {purity(x, labels):.4f}",
        judged(more, above=0, measure=ACCURACY),
        "a network that was not trained keeps digits near each other whose pixels are alike",
    )
    return concluded(claim, more)


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """The ways between thousands of pairs of digits, compared with those of networks without training."""
    runs = results[NAME]
    x, labels = looked_at(data, runs)
    among = data.train[0][:: max(1, len(data.train[0]) // AMONG)]
    model, pair_key = autoencoder.network(CONFIG, x.shape[1]), fnn.Key(0)
    coders = [autoencoder.coder(CONFIG, run["params"]) for run in runs]
    nulls = [model.init(key, x.shape[1:])[0] for key in fnn.split(fnn.Key(1), len(runs))]
    untrained = [autoencoder.coder(CONFIG, params) for params in nulls]
    a, b = pairs(labels, min(PAIRS, len(x)), pair_key)
    trained, null = [ways(coder, x, a, b, among) for coder in coders], ways(untrained[0], x, a, b, among)
    of = f"of {len(a):,} pairs of test {data.things} of different classes"
    found = [smooth(trained, null, of), manifold(trained, null, of), organized(coders, untrained, x, labels)]
    if not data.is_mnist:
        return found
    keys = fnn.split(fnn.fold_in(pair_key, 1), len(NATURAL))
    sides = {c: of_classes(labels, c, OF_CLASSES, key) for c, key in zip(NATURAL, keys, strict=True)}
    naturals = {c: [ways(coder, x, *side, among) for coder in coders] for c, side in sides.items()}
    return [*found, natural(trained, naturals)]


FINDING = (
    Finding(
        "The smooth transitions between digits",
        holds="Between the codes of two images, one turns smoothly into the other.",
        fails="Between the codes of two images, few turn smoothly into each other.",
        undecided="Whether most images turn smoothly into each other between their codes is undecided.",
    ),
    Finding(
        "The latent space captures the underlying manifold",
        holds="The image halfway is more like a real one than a cross-fade of the two is.",
        fails="The image halfway is less like a real one than a cross-fade of the two is.",
        alike="The image halfway is no more like a real one than a cross-fade of the two is.",
        undecided="Whether the image halfway is more like a real one than a cross-fade is undecided.",
    ),
)
RECIPE = study(
    "interpolation",
    __doc__,
    "figure 13",
    {NAME: CONFIG},
    figures,
    claims,
    first=15,
    quick=2,
    finding=FINDING,
)
