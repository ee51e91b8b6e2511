"""The box-plot studies: what they compare, what they conclude from planted results, and what they draw and keep."""

import json
import re
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, generator
from recipes.claims import ALIKE
from recipes.classifiers import activations, batch_size, classifier, hidden_size, initializers, optimizers
from recipes.classifiers import study as classifier_study
from recipes.classifiers.classifier import Config
from recipes.classifiers.paper_gradient import cross_entropy_with_paper_gradient
from recipes.recipe import Size
from recipes.running.experiment import run_recipe
from recipes.running.plan import Options
from recipes.training import result
from tests.support.undrawn import undrawn

DATA = SimpleNamespace(
    train=(np.zeros((1, 784)), None), test=(None, np.zeros(10_000)), n_classes=10, is_mnist=True
)  # what claims ask of it
STUDIES = {study.RECIPE.name: study for study in (activations, batch_size, hidden_size, optimizers, initializers)}
RNG = np.random.default_rng(0)


def groups_of(name):
    return STUDIES[name].RECIPE.groups


def planted(name, means, spreads=2e-4, epochs=(10,), n=15, length=50):
    """Results of `n` runs a group, symmetric around these means with these spreads, each group in an order of its own.

    A number stands for itself in each group. All runs get to the same validation accuracy, in their best epoch.
    """
    groups, steps = list(groups_of(name)), np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    columns = zip(*(np.broadcast_to(values, len(groups)) for values in (means, spreads, epochs)), strict=True)
    return {
        group: [
            {
                "scores": {"test_accuracy": mean + spread * step, "best_epoch": epoch},
                "curves": {"validation_accuracy": 0.97 * (np.arange(1, length + 1) >= epoch)},
            }
            for step in np.random.default_rng(i).permutation(steps)
        ]
        for i, (group, (mean, spread, epoch)) in enumerate(zip(groups, columns, strict=True))
    }


# What they compare.


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        ("batch_size", "batch_size", [8, 16, 32, 64, 128, 256]),
        ("hidden_size", "hidden", [(16, 16), (32, 32), (64, 64), (128, 128)]),
        (
            "initializers",
            "weights",
            [
                "normal",
                "uniform",
                "he_normal",
                "he_uniform",
                "glorot_normal",
                "glorot_uniform",
                "lecun_normal",
                "orthogonal",
            ],
        ),
    ],
)
def test_a_study_varies_one_field(name, field, values):
    base = Config(batch_size=64, patience=10) if name == "initializers" else Config()
    assert list(groups_of(name).values()) == [attrs.evolve(base, **{field: value}) for value in values]


def test_the_optimizers_have_rates_of_their_own():
    rates = [("sgd", 0.01), ("momentum", 0.01), ("adam", 0.001)]
    assert list(groups_of("optimizers").values()) == [Config(optimizer=name, rate=rate) for name, rate in rates]
    assert classifier.OPTIMIZERS["momentum"](0.01) == fnn.momentum(0.01, mu=0.9)


def test_the_activations_are_compared_under_both_gradients():
    losses = ("cross_entropy", "cross_entropy_with_paper_gradient")
    expected = [Config(activation=name, loss=loss) for loss in losses for name in ("relu", "sigmoid", "tanh")]
    assert list(groups_of("activations").values()) == expected


def test_the_paper_s_setting():
    base = Config()
    assert (base.optimizer, base.rate, base.batch_size, base.epochs, base.patience) == ("adam", 0.001, 128, 50, 5)
    assert (base.hidden, base.activation, base.loss) == ((64, 32), "relu", "cross_entropy")
    assert {study.RECIPE.paper for study in STUDIES.values()} == {Size(15)}
    assert all(study.RECIPE.quick.runs > 1 for study in STUDIES.values())


def test_one_configuration_in_several_studies_is_one_value():
    shared = groups_of("activations")["ReLU"], groups_of("batch_size")["batch 128"], groups_of("optimizers")["Adam"]
    assert set(shared) == {Config()}


def test_the_named_weights_and_loss_are_used():
    params, _ = classifier.network(Config(weights="normal")).init(Key(0), (784,))
    assert params["0"]["weights"].std() == pytest.approx(0.01, rel=0.01)
    x = generator(Key(1)).random((700, 16), dtype=np.float32)
    pair = x, x.argmax(axis=-1) % 10
    data = classifier.Digits(train=pair, validation=pair, test=pair, shape=(4, 4), n_classes=10, checksums={})
    configs = [Config(loss=loss, epochs=1) for loss in classifier.LOSSES]
    weights = [result(classifier.run(config, Key(0), data))["params"]["0"]["weights"] for config in configs]
    assert not np.array_equal(*weights)


# The paper's gradient.


def test_the_wrong_gradient_is_the_right_one_times_p_1_p():
    logits, labels = RNG.normal(size=(5, 4)), np.array([0, 1, 2, 3, 0])
    (value, right), (same, wrong) = (
        loss(logits, labels) for loss in (fnn.cross_entropy, cross_entropy_with_paper_gradient)
    )
    p = fnn.softmax.apply({}, logits)
    assert value == same
    np.testing.assert_allclose(wrong(), right() * p * (1 - p), rtol=1e-14)
    np.testing.assert_allclose(wrong(3.0), 3 * wrong(), rtol=1e-14)


def test_the_wrong_gradient_is_no_derivative_of_the_value():
    logits, labels, h = RNG.normal(size=(5, 4)), np.array([0, 1, 2, 3, 0]), 1e-6
    _, wrong = cross_entropy_with_paper_gradient(logits, labels)
    units = np.eye(logits.size).reshape(-1, *logits.shape)

    def at(z):
        return cross_entropy_with_paper_gradient(z, labels)[0]

    slopes = np.array([(at(logits + h * unit) - at(logits - h * unit)) / (2 * h) for unit in units])
    np.testing.assert_allclose(fnn.cross_entropy(logits, labels)[1]().ravel(), slopes, atol=1e-9)
    cosine = wrong().ravel() @ slopes / np.linalg.norm(wrong()) / np.linalg.norm(slopes)
    assert cosine < 0.97  # nor is it a multiple


# What they conclude.

AS_THE_PAPER = {
    "activations": [0.970, 0.960, 0.971, 0.970, 0.960, 0.971],
    "batch_size": ([0.950, 0.955, 0.960, 0.975, 0.970, 0.965], [6e-3, 6e-3, 1e-4, 3e-3, 3e-4, 1e-4]),
    "hidden_size": [0.945, 0.963, 0.972, 0.976],
    "optimizers": ([0.91, 0.96, 0.971], [3e-3, 3e-3, 2e-4], [40, 30, 10]),
    "initializers": [0.960, 0.962, 0.972, 0.972, 0.970, 0.970, 0.968, 0.970],
}
OTHERWISE = {
    "activations": [0.970, 0.980, 0.960, 0.970, 0.980, 0.960],
    "batch_size": ([0.980, 0.975, 0.972, 0.960, 0.970, 0.975], [1e-4, 1e-4, 1e-4, 2e-4, 4e-3, 1e-4]),
    "hidden_size": [0.990, 0.970, 0.960, 0.955],
    "optimizers": ([0.98, 0.97, 0.96], [2e-4, 2e-4, 3e-3], [10, 20, 30]),
    "initializers": [0.980, 0.980, 0.970, 0.960, 0.975, 0.960, 0.975, 0.970],
}


def tupled(numbers):
    return numbers if isinstance(numbers, tuple) else (numbers,)


def judge(name, numbers, **settings):
    return STUDIES[name].RECIPE.claims(planted(name, *tupled(numbers), **settings), DATA)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize(("numbers", "verdict"), [(AS_THE_PAPER, "holds"), (OTHERWISE, "fails")])
def test_claims_are_judged_by_what_was_measured(name, numbers, verdict):
    claims = [claim for claim in judge(name, numbers[name]) if name == "initializers" or claim.source != "ours"]
    expected = {
        c.statement: ALIKE if verdict == "holds" and "slightly higher" in c.statement else verdict for c in claims
    }
    assert {claim.statement: claim.verdict for claim in claims} == expected  # what is alike is not higher


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_few_runs_decide_nothing(name, n):
    for claim in judge(name, AS_THE_PAPER[name], n=n):
        assert claim.verdict == "not judged"
        assert f"(too few runs: {n})" in claim.measured
        assert "inf" not in claim.measured


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            [0.970, 0.960],
            "explains it: under that the claim holds, ReLU, wrong gradient − Sigmoid, wrong gradient: +0.01",
        ),
        (
            [0.960, 0.970],
            "does not explain it: under that the claim fails too, ReLU, wrong gradient − Sigmoid, wrong gra",
        ),
        (
            [0.970, 0.970],
            "does not explain it: under that there is no difference that matters, either, ReLU, wrong gradient − Si",
        ),
    ],
)
def test_whether_the_wrong_gradient_explains_a_failure_is_said_by_what_was_measured_under_it(wrong, said):
    claims = judge("activations", [0.970, 0.980, 0.960, *wrong, 0.972], spreads=1e-3)
    assert (claims[2].verdict, claims[2].statement) == ("fails", "ReLU significantly outperforms Sigmoid.")
    assert said in claims[2].reason
    assert "under the right gradient the claim fails too, ReLU − Sigmoid: -0.01" in claims[6].reason


@pytest.mark.parametrize(("sigmoid", "verdict"), [(0.971, "holds"), (0.960, "fails"), (0.980, "fails")])
def test_the_activations_are_alike_or_not_under_the_right_gradient(sigmoid, verdict):
    assert judge("activations", [0.970, sigmoid, 0.970, 0.970, 0.960, 0.970])[-1].verdict == verdict


def test_claims_name_their_source():
    sources = {name: [claim.source for claim in judge(name, 0.97)] for name in STUDIES}
    assert sources.pop("activations") == ["the paper"] * 4 + ["the paper, with its code's gradient"] * 4 + ["ours"]
    assert sources.pop("batch_size") == ["the paper"] * 7 + ["ours"]
    assert {name: set(of) for name, of in sources.items()} == {
        name: {"ours" if name == "initializers" else "the paper"} for name in sources
    }


@pytest.mark.parametrize("name", STUDIES)
def test_a_claim_that_fails_has_a_reason(name):
    assert all(claim.reason for claim in judge(name, OTHERWISE[name]))


def test_convergence_is_timed_to_one_accuracy():
    results, epoch = planted("optimizers", 0.97, epochs=(12, 9, 4)), np.arange(1, 51)
    for run in results["SGD"]:  # there late, and it never gets further
        run["curves"]["validation_accuracy"] = np.where(epoch >= 14, 0.96, np.where(epoch >= 2, 0.9599, 0))
    than_sgd, than_momentum = STUDIES["optimizers"].RECIPE.claims(results, DATA)[-2:]
    mark = "epochs to a validation accuracy of 0.96: {} − Adam: {} "
    assert than_sgd.measured.startswith(mark.format("SGD", "+10.0"))
    assert than_momentum.measured.startswith(mark.format("Momentum SGD", "+5.0"))
    for run in results["Adam"]:
        run["curves"]["validation_accuracy"] = np.full(50, 0.95)  # never there
    assert "SGD − Adam: -37.0 " in STUDIES["optimizers"].RECIPE.claims(results, DATA)[-2].measured


def test_a_marginal_improvement_is_neither_none_nor_great():
    at = {gain: judge("hidden_size", [0.945, 0.963, 0.972, 0.972 + gain])[3] for gain in (-0.004, 0.004, 0.006)}
    assert [claim.verdict for claim in at.values()] == ["fails", "holds", "fails"]
    assert at[0.004].measured.endswith("to lie between 0 and 0.005; 118,282 parameters instead of 55,050")
    assert "set on 27 November 2026" in at[0.004].bar


@pytest.mark.parametrize("name", STUDIES)
def test_equal_groups_decide_for_nothing_but_likeness(name):
    for claim in judge(name, 0.97, spreads=1e-3):
        likeness = "alike" in claim.statement or "similar" in claim.statement
        assert claim.verdict == ("holds" if likeness else ALIKE)


@pytest.mark.parametrize(
    ("length", "best", "said"), [(1, 1, "1 epoch"), (7, 5, "7 epochs"), (8, 3, None), (50, 46, "50 epochs")]
)
def test_claims_say_which_runs_the_limit_of_epochs_ended(length, best, said):
    claim = judge("hidden_size", 0.97, epochs=best, length=length)[0]
    caution = (
        f"; ended by the limit of {said}, with patience left: 15 of 15 runs of width 16, 15 of 15 runs of width 64"
    )
    assert claim.measured.endswith(caution) if said else "limit" not in claim.measured


def test_a_claim_says_it_of_the_groups_that_it_compares_and_no_others():
    results = planted("optimizers", 0.97, epochs=(50, 20, 20))
    results["SGD"][0]["scores"]["best_epoch"] = 45
    claims = STUDIES["optimizers"].RECIPE.claims(results, DATA)
    said = [claim.measured.partition("; ended by the limit of 50 epochs, with patience left: ")[2] for claim in claims]
    assert said == ["14 of 15 runs of SGD" if i in (0, 2, 3, 5) else "" for i in range(7)]
    right = [claim.measured for claim in judge("activations", 0.97, epochs=(50, 10, 10, 10, 10, 10))]
    assert ["15 of 15 runs of ReLU" in text for text in right] == [i in (0, 1, 2, 8) for i in range(9)]
    means = [claim.measured for claim in judge("batch_size", 0.97, epochs=(10, 50, 10, 10, 10, 10))]
    assert ["15 of 15 runs of batch 16" in text for text in means] == [True, *[False] * 5, True, False]


# What they draw and keep.


@pytest.mark.parametrize("name", STUDIES)
def test_the_figure_shows_every_run_and_every_difference(name):
    recipe = STUDIES[name].RECIPE
    (figure,) = recipe.figures(planted(name, 0.97), None).values()
    left, right = figure.axes
    points = [line.get_ydata() for line in left.lines if line.get_marker() == "o"]
    assert [len(runs) for runs in points] == [15] * len(recipe.groups)
    labels = [tick.get_text().replace("\n", " ") for tick in left.get_xticklabels()]
    assert labels == list(recipe.groups)
    assert left.get_xlabel()
    assert (left.get_ylabel(), left.get_title()) == ("test accuracy", "15 runs of each")
    rows = [tick.get_text().replace("\n", " ").split(" − ") for tick in right.get_yticklabels()]
    assert len(rows) == len(right.collections) >= 2
    averages = {"mean of 64, 128": ["batch 64", "batch 128"], "mean of 8, 16": ["batch 8", "batch 16"]}
    sides = [side for row in rows for side in row]
    assert {group for side in sides for group in averages.get(side, [side])} == set(recipe.groups)
    assert right.get_xlabel() == "difference in test accuracy"


def seen(axis):
    """The labels of the ticks that are drawn."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


@pytest.mark.parametrize("numbers", [AS_THE_PAPER, OTHERWISE])
@pytest.mark.parametrize("name", STUDIES)
def test_no_label_lies_on_another_or_outside(name, numbers):
    (figure,) = STUDIES[name].RECIPE.figures(planted(name, *tupled(numbers[name])), None).values()
    figure.draw_without_rendering()
    axes = figure.axes
    texts = [
        text for ax in axes for text in (ax.title, ax.xaxis.label, ax.yaxis.label, *seen(ax.xaxis), *seen(ax.yaxis))
    ]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    assert len(boxes) > 15
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in boxes)


@pytest.mark.parametrize("name", STUDIES)
def test_the_figure_shows_every_difference_of_accuracies_that_a_claim_judges(name):
    results = planted(name, *tupled(AS_THE_PAPER[name]))
    (figure,) = STUDIES[name].RECIPE.figures(results, None).values()
    drawn = {f"{line.get_xdata()[0]:+.4f}" for line in figure.axes[1].lines if line.get_marker() in ("o", "s")}
    claims = [claim.measured for claim in STUDIES[name].RECIPE.claims(results, DATA)]
    judged = [re.match(r"(?!gain)[^:]* − [^:]*: ([-+]0\.\d{4}) ", text) for text in claims]
    assert sum(match is not None for match in judged) >= 3
    assert {match[1] for match in judged if match} <= drawn


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """IDX files of 120 + 50 images of 3 x 3 pixels; the brightest of the first four is the class."""
    folder = tmp_path_factory.mktemp("tiny")
    for part, n in (("train", 120), ("t10k", 50)):
        images = generator(Key(n)).integers(256, size=(n, 3, 3))
        labels = images.reshape(n, 9)[:, :4].argmax(axis=-1)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())
    return str(folder)


def test_studies_run_small_and_share_their_runs(tiny, tmp_path):
    kept = []
    for name, study in STUDIES.items():
        options = Options(runs=2, epochs=2, jobs=1, data=tiny, out=str(tmp_path))
        results, claims = run_recipe(undrawn(study.RECIPE), options)
        written = json.loads((tmp_path / name / "result.json").read_text(encoding="utf-8"))
        assert list(results) == list(written["groups"]) == list(groups_of(name))
        assert all("; ended by the limit of 2 epochs, with patience left: " in claim.measured for claim in claims)
        kept.append(len(list((tmp_path / "runs").glob("*.npz"))))
    assert kept == [12, 12 + 10, 22 + 8, 30 + 4, 34 + 16]


def test_consistency_counts_seeds():
    """A mean that five of fifteen seeds make alone is no consistent gain."""
    results = planted("optimizers", [0.970, 0.960, 0.970])
    for i, (adam, sgd) in enumerate(zip(results["Adam"], results["SGD"], strict=True)):
        adam["scores"]["test_accuracy"] = 0.985 if i < 8 else 0.969
        sgd["scores"]["test_accuracy"] = 0.970
    claim = STUDIES["optimizers"].RECIPE.claims(results, DATA)[0]
    assert claim.verdict == "undecided"
    assert "Adam does better with 53 % (95 % interval 30 to 75 %, 15 seeds), to exceed 50 %" in claim.measured


def test_the_spread_of_runs_is_told_beside_what_the_test_digits_alone_make():
    measured = judge("batch_size", 0.97, spreads=1e-3)[4].measured
    assert "10,000 test examples alone make 0.0017; ratio of their spreads 1.00 (95 % interval" in measured
    apart = judge("batch_size", 0.97, spreads=[1e-3, 1e-3, 1e-3, 1.4e-3, 1e-3, 1e-3])[4]
    assert apart.verdict == "undecided"
    assert "such a sample finds a ratio of " in apart.measured


def test_on_other_data_the_claims_of_the_paper_are_ours_and_digits_are_left_out():
    other = SimpleNamespace(**{**vars(DATA), "is_mnist": False})
    claims = STUDIES["optimizers"].RECIPE.claims(planted("optimizers", 0.85), other)
    assert {claim.source for claim in claims} == {"ours, after the paper"}
    assert len(claims) == 5  # without the epochs to an accuracy of 0.96


# A study of one's own.


def own_run(config, key, data):
    layers = fnn.linear(8), fnn.batch_norm(), fnn.relu, fnn.dropout(config.rate), fnn.linear(data.n_classes)
    return classifier.run(
        attrs.evolve(config, rate=0.01), key, data, fnn.chain(*layers), cross_entropy_with_paper_gradient
    )


def test_a_study_may_train_a_network_and_a_loss_of_its_own(tiny, tmp_path):
    groups = {f"dropout {rate}": Config(rate=rate, batch_size=10) for rate in (0.0, 0.1, 0.9)}
    recipe = classifier_study.study(
        "own", "Text.", "", groups, lambda *_: [], varied="dropout", first=2, quick=1, run=own_run
    )
    assert (recipe.run, recipe.trains) == (own_run, "")
    results, _ = run_recipe(undrawn(recipe), Options(runs=5, epochs=9, jobs=1, data=tiny, out=str(tmp_path)))
    some, _, much = (np.mean([run["scores"]["test_accuracy"] for run in runs]) for runs in results.values())
    assert some > 0.5 > much
    params = results["dropout 0.0"][0]["params"]
    assert not np.array_equal(params["1"]["statistics"][1], np.ones(8))  # tuned
    (figure,) = recipe.figures({name: [ended(run) for run in runs] for name, runs in results.items()}, None).values()
    assert [tick.get_text() for tick in figure.axes[1].get_yticklabels()] == [
        "dropout 0.1 − dropout 0.0",
        "dropout 0.9 − dropout 0.0",
    ]


def ended(run):
    """The run as if its patience had ended it."""
    best = len(run["curves"]["validation_accuracy"]) - 5
    return {**run, "scores": {**run["scores"], "best_epoch": best}}


@pytest.mark.parametrize(
    ("epochs", "length", "n", "panels"),
    [(10, 15, 5, 2), (10, 14, 5, 1), (1, 3, 5, 1), (50, 50, 5, 2), (10, 15, 4, 1)],
    ids=["patience", "patience left", "cut off", "own limit", "too few"],
)
def test_differences_are_drawn_only_if_runs_are_judged(epochs, length, n, panels):
    """The patience is 5, and the limit of the configurations is 50 epochs."""
    results = planted("optimizers", 0.97, epochs=epochs, n=n, length=length)
    (figure,) = STUDIES["optimizers"].RECIPE.figures(results, DATA).values()
    assert len(figure.axes) == panels


@pytest.mark.parametrize("name", ["activation", "weights", "loss", "optimizer"])
def test_an_unknown_name_is_answered_with_those_that_there_are(name):
    pair = np.zeros((4, 9), np.float32), np.zeros(4, int)
    data = classifier.Digits(train=pair, validation=pair, test=pair, shape=(3, 3), n_classes=2, checksums={})
    with pytest.raises(ValueError, match=r"expected one of \w+, .*, got 'softsign'"):
        classifier.run(Config(**{name: "softsign"}), Key(0), data)
