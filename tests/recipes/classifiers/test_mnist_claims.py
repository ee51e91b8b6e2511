"""What the mnist recipe concludes from planted curves, and what its figure says of its runs."""

import numpy as np
import pytest

from recipes.classifiers.curves import share_by
from recipes.classifiers.mnist import RECIPE
from recipes.data.digits import FIRST_OF_FASHION, SHA256, Digits

RNG = np.random.default_rng(0)
LABELS = np.arange(30) % 10
PAIR = RNG.random((30, 9), dtype=np.float32), LABELS
DATA = Digits(train=PAIR, validation=PAIR, test=PAIR, shape=(3, 3), n_classes=10, checksums=SHA256)
EPOCH = np.arange(1, 21)
FALLING = 0.2 / EPOCH
CURVES = {
    "train_loss": FALLING,
    "validation_loss": FALLING,
    "train_accuracy": 0.9 + EPOCH / 1000,
    "validation_accuracy": 0.97 - 0.02 * 0.7**EPOCH,
}


def results(n=15, accuracy=0.974, epochs=20, **curves):
    """Runs that differ a little, with these curves in place of smooth ones."""
    of_run = {name: curve[:epochs] for name, curve in {**CURVES, **curves}.items()}
    predicted = np.where(np.arange(30) < 3, 9 - LABELS, LABELS).astype(np.uint8)
    steps = np.linspace(-1, 1, n) if n > 1 else [0]
    return {
        "mnist": [
            {"scores": {"test_accuracy": accuracy + 1e-4 * step}, "curves": of_run, "predicted": predicted}
            for step in steps
        ]
    }


def verdicts(**changes):
    return [claim.verdict for claim in RECIPE.claims(results(**changes), DATA)]


def test_each_claim_can_hold_and_fail():
    rising, jitter = np.where(EPOCH > 10, 0.1, FALLING), np.where(EPOCH % 5 == 3, 0.3, FALLING)
    late = np.where(EPOCH > 12, 0.98, np.where(EPOCH > 1, 0.951, 0.95))
    assert verdicts() == ["holds"] * 4
    assert verdicts(accuracy=0.96) == ["fails", *["holds"] * 3]
    assert verdicts(train_loss=jitter) == ["holds", "fails", "holds", "holds"]
    assert verdicts(validation_loss=rising) == ["holds", "holds", "fails", "holds"]
    assert verdicts(validation_accuracy=late) == [*["holds"] * 3, "fails"]  # though epoch 1 makes most of it all
    assert verdicts(n=4) == ["not judged"] * 4


def test_what_is_measured_and_why():
    loss = np.where(EPOCH > 10, 0.022, FALLING)  # least at epoch 10: 0.02
    bump = FALLING + 0.05 * (EPOCH == 3)
    accuracy = np.where(EPOCH == 10, 0.975, CURVES["validation_accuracy"])
    claims = RECIPE.claims(results(validation_loss=loss, train_loss=bump, validation_accuracy=accuracy), DATA)
    _, training, validation, early = claims
    rise = bump[2] - bump[1]  # from epoch 2 to 3; all else falls, from 0.2 to 0.01
    assert f"rises make {100 * rise / (0.19 + 2 * rise):.1f} % (95 % interval" in training.measured
    assert training.measured.endswith("is 0.0 % above its least, which comes after epochs 20 to 20 of 20")
    assert validation.verdict == "holds"  # 0.002 of 0.182
    assert "rises make 1.1 % (95 % interval" in validation.measured
    assert validation.measured.endswith("is 10.0 % above its least, which comes after epochs 10 to 10 of 20")
    assert "the training loss of a run falls by 50 %, and the validation accuracy changes by -0.50" in validation.reason
    assert early.measured.startswith("epoch 1 makes 97.8 % of the whole gain over chance")
    assert all(claim.reason for claim in claims)


def test_the_share_gained_by_an_epoch_leaves_out_the_first():
    assert share_by(2, np.array([0.5, 0.75, 1.0])) == 0.5
    assert share_by(10, np.full(20, 0.5)) == 1.0


def test_ten_epochs_are_too_few_for_claims_about_the_curves():
    claims = RECIPE.claims(results(epochs=10), DATA)
    assert [claim.verdict for claim in claims] == ["holds", *["not judged"] * 3]
    assert all(claim.measured == "not measured: only 10 epochs" for claim in claims[1:])
    assert len(RECIPE.claims(results(epochs=1), DATA)) == 4


@pytest.mark.parametrize(
    ("n", "titles"),
    [(15, ("IQM and IQR of 15 runs", "the median run")), (1, ("One run", "the only run"))],
)
def test_the_figure_says_of_which_runs_it_is(n, titles):
    figure = RECIPE.figures(results(n), DATA)["mnist"]
    above, below = (sub.get_suptitle() for sub in figure.subfigs)
    assert above == titles[0]
    assert below == f"{titles[1].capitalize()} misclassifies 3 of 30 test digits. The first 3:"


def test_fashion_has_names_and_other_images_are_not_called_digits():
    fashion = Digits(PAIR, PAIR, (PAIR[0], np.resize(FIRST_OF_FASHION, 30)), (3, 3), 10, {})
    other = Digits(PAIR, PAIR, PAIR, (3, 3), 10, {})
    assert (DATA.things, fashion.things, other.things) == ("digits", "images", "images")
    assert fashion.names[9] == "ankle boot"
    assert other.names == DATA.names == tuple("0123456789")
    figures = RECIPE.figures(results(), fashion)
    figure = figures["mnist"]
    assert "30 test images" in figure.subfigs[1].get_suptitle()
    titles = [ax.get_title() for ax in figure.axes]
    assert any("ankle boot" in title for title in titles + [t.get_text() for ax in figure.axes for t in ax.texts])
    ticks = figures["mnist_by_class"].subfigs[0].axes[0].get_xticklabels()
    assert ticks[9].get_text() == "ankle\nboot"


def test_on_other_images_no_claim_names_a_number_of_mnist():
    other = Digits(PAIR, PAIR, PAIR, (3, 3), 10, {})
    claims = RECIPE.claims(results(), other)
    assert [claim.source for claim in claims] == ["ours, after the paper"] * 3
    assert not any("97 %" in claim.statement for claim in claims)


@pytest.mark.parametrize(("n", "run"), [(15, "median"), (1, "only")])
def test_a_second_figure_shows_accuracies_by_class_and_digits_read_rightly(n, run):
    figure = RECIPE.figures(results(n), DATA)["mnist_by_class"]
    above, below = figure.subfigs
    (ax,) = above.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [str(k) for k in range(10)]
    dots = [line.get_ydata() for line in ax.lines if line.get_marker() == "o"]
    assert [set(np.round(values, 6)) for values in dots] == [{round(2 / 3, 6)}] * 3 + [{1.0}] * 7  # 0, 1, 2 as 9, 8, 7
    assert f"that the {run} run reads rightly" in below.get_suptitle()
    shown = [text.get_text() for text in below.axes[0].texts]
    assert shown == [f"true {k}\npredicted {k}" for k in range(10) for _ in range(2)]


@pytest.mark.parametrize(("n", "means"), [(15, 10), (4, 0), (1, 0)])
def test_accuracies_by_class_have_one_colour_and_a_mean_of_several_runs_only(n, means):
    ax = RECIPE.figures(results(n), DATA)["mnist_by_class"].subfigs[0].axes[0]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len({line.get_color() for line in dots}) == 1
    assert [(x.min() + x.max()) / 2 for x in (line.get_xdata() for line in dots)] == pytest.approx(range(10))
    assert sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() == "D") == means
    assert (ax.get_legend() is not None) == (means > 0)


def test_a_run_that_reads_nothing_rightly_is_drawn_too():
    of_run = results(1)["mnist"][0]
    wrong = {"mnist": [{**of_run, "predicted": ((LABELS + 1) % 10).astype(np.uint8)}]}
    assert not RECIPE.figures(wrong, DATA)["mnist_by_class"].subfigs[1].axes
