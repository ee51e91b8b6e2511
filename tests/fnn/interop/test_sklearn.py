"""The estimators pass scikit-learn's own checks, and work inside its pipelines, searches and cross-validation."""

import copy
import pickle

import numpy as np
import pytest

import fnn

pytest.importorskip("sklearn", minversion="1.6")
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import fnn.interop.sklearn as module
from fnn.interop.sklearn import Classifier, Regressor

SMALL = {"model": fnn.chain(fnn.linear(16), fnn.tanh), "optimizer": fnn.adam(0.02), "random_state": 0}
IRIS, LABELS = load_iris(return_X_y=True)
IRIS = StandardScaler().fit_transform(IRIS)
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
NOT_HERE = "pandas is not installed", "SCIPY_ARRAY_API is not set"  # the reasons for which scikit-learn skips a check
STOPPED = {"check_sample_weight_equivalence_on_dense_data": "copies of an example can be on both sides of the split"}


@pytest.mark.no_cover  # tracing takes as long as the checks
@pytest.mark.parametrize("estimator", [Classifier(), Regressor()], ids=repr)
def test_scikit_learns_checks_pass(estimator):
    checks = check_estimator(estimator, on_skip=None)  # raises where a check fails
    skipped = [str(check["exception"]) for check in checks if check["status"] == "skipped"]
    assert all(reason.startswith(NOT_HERE) for reason in skipped)
    assert {check["status"] for check in checks} <= {"passed", "skipped"}
    assert len(checks) - len(skipped) >= 55


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_scikit_learns_checks_pass_with_early_stopping(kind):
    checks = check_estimator(kind(**SMALL, early_stopping=True), on_skip=None, expected_failed_checks=STOPPED)
    assert [check["check_name"] for check in checks if check["status"] == "xfail"] == list(STOPPED)


def test_a_class_has_its_name_and_a_probability():
    classifier = Classifier(**SMALL).fit(IRIS, NAMES)
    assert classifier.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert classifier.score(IRIS, NAMES) > 0.95
    probabilities = classifier.predict_proba(IRIS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_array_equal(classifier.classes_[probabilities.argmax(axis=1)], classifier.predict(IRIS))


def test_the_network_is_the_folds_own():
    """What `fit` does, written out."""
    classifier = Classifier(**SMALL, epochs=3).fit(IRIS, LABELS)
    key, model = classifier._key, fnn.chain(hidden=SMALL["model"], output=fnn.linear(3))
    init_key, step_key, order_key = fnn.split(key, 3)
    step = fnn.train_step(model, fnn.cross_entropy, SMALL["optimizer"], key=step_key)
    state = SMALL["optimizer"].init(fnn.tree.cast(model.init(init_key, (4,))[0], np.float64))
    for epoch in range(3):
        for batch in fnn.batches(fnn.fold_in(order_key, epoch), (IRIS, LABELS), 32):
            state = step(state, batch)
    assert (classifier.model_, classifier.params_, classifier.n_iter_) == (model, state.params, 3)
    assert [record["epoch"] for record in classifier.history_] == [1, 2, 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_of_the_data_is_kept(dtype):
    classifier = Classifier(**SMALL, epochs=2).fit(IRIS.astype(dtype), LABELS)
    assert {leaf.dtype for leaf in fnn.tree.leaves(classifier.params_)} == {np.dtype(dtype)}
    assert classifier.predict_proba(IRIS.astype(dtype)).dtype == dtype
    assert Regressor(**SMALL, epochs=2).fit(IRIS.astype(dtype), LABELS).predict(IRIS.astype(dtype)).dtype == dtype


def test_random_state_decides_everything():
    model = fnn.chain(fnn.linear(16), fnn.relu, fnn.dropout(0.2))

    def params(random_state):
        settings = {"early_stopping": True, "epochs": 3, "random_state": random_state}
        return Classifier(model, **settings).fit(IRIS, LABELS).params_

    assert params(1) == params(1) == params(np.random.RandomState(1))
    assert params(1) != params(2)
    assert params(None) != params(None)


def test_partial_fit_goes_on_where_fit_ended():
    """Five epochs are five calls of `partial_fit`, and three epochs of `fit` with two calls behind them."""
    weight = np.linspace(0, 2, len(IRIS))
    whole = Classifier(**SMALL, epochs=5).fit(IRIS, NAMES, weight)
    begun, parts = Classifier(**SMALL, epochs=3).fit(IRIS, NAMES, weight), Classifier(**SMALL)
    for _ in range(2):
        begun.partial_fit(IRIS, NAMES, sample_weight=weight)
    for _ in range(5):
        parts.partial_fit(IRIS, NAMES, np.unique(NAMES), weight)
    assert whole.progress_ == begun.progress_ == parts.progress_
    targets = IRIS[:, :2]
    line = Regressor(**SMALL, epochs=1).fit(IRIS, targets).partial_fit(IRIS, targets)
    assert line.progress_ == Regressor(**SMALL, epochs=2).fit(IRIS, targets).progress_


def test_partial_fit_knows_classes_that_come_later():
    classifier = Classifier(**SMALL).partial_fit(IRIS[:60], LABELS[:60], classes=[2, 1, 0])
    assert classifier.predict_proba(IRIS).shape == (150, 3)
    classifier.partial_fit(IRIS, LABELS)
    with pytest.raises(ValueError, match=r"expected the classes of the first call, \[0 1 2\], got \[0, 1\]"):
        classifier.partial_fit(IRIS, LABELS, classes=[0, 1])
    with pytest.raises(ValueError, match=r"labels among the classes \[0 1 2\], got \[3\] too"):
        classifier.partial_fit(IRIS, LABELS + 1)
    with pytest.raises(ValueError, match="expected classes in the first call"):
        Classifier().partial_fit(IRIS, LABELS)


@pytest.mark.parametrize("known", [["a", "bb"], ["a", "c"]], ids=str)
def test_a_label_that_is_not_among_the_classes_is_named(known):
    x, names = IRIS[:20], np.array(["a", "bbb"] * 10)
    with pytest.raises(ValueError, match=r"labels among the classes .*, got \['bbb'\] too"):
        Classifier(**SMALL).partial_fit(x, names, classes=known)
    classifier = Classifier(**SMALL, epochs=1).fit(x, np.array(known * 10))
    with pytest.raises(ValueError, match=r"got \['bbb'\] too"):
        classifier.partial_fit(x, names)


def test_a_failed_fit_leaves_nothing_half_trained():
    def broken(prediction, target):
        raise RuntimeError("broken")

    classifier = Classifier(**SMALL, epochs=1).fit(IRIS, NAMES)
    with pytest.raises(RuntimeError, match="broken"):
        classifier.set_params(loss=broken).fit(IRIS, NAMES == "setosa")
    with pytest.raises(NotFittedError):
        classifier.predict(IRIS)


@pytest.mark.parametrize("columns", [1, 2])
def test_partial_fit_takes_targets_of_the_same_columns(columns):
    y = np.stack([IRIS[:, 0]] * 3, axis=1)
    regressor = Regressor(**SMALL, epochs=1).fit(IRIS, y[:, 0] if columns == 1 else y[:, :2])
    expected = r"\(n,\)" if columns == 1 else r"\(n, 2\)"
    with pytest.raises(ValueError, match=rf"Regressor: expected y of shape {expected}, as in the first call, got"):
        regressor.partial_fit(IRIS, y)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match=r"expected two classes or more, got 1 class: \[0\]"):
        Classifier().fit(IRIS, np.zeros(150, int))


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_weights_repeat_and_leave_out(kind):
    """Where one batch holds all, an example of weight 2 is the same as two; one of weight 0 is never seen."""
    weight, settings = LABELS.astype(float), {**SMALL, "epochs": 20, "batch_size": 1000}
    y = LABELS[::-1]
    weighted = kind(**settings).fit(IRIS, y, weight)
    repeated = kind(**settings).fit(IRIS.repeat(LABELS, axis=0), y.repeat(LABELS))
    np.testing.assert_allclose(weighted._outputs(IRIS), repeated._outputs(IRIS), rtol=1e-9, atol=1e-9)
    few = {**settings, "batch_size": 7}
    seen = LABELS > 0
    left_out, absent = kind(**few).fit(IRIS, y, seen), kind(**few).fit(IRIS[seen], y[seen])
    np.testing.assert_allclose(left_out._outputs(IRIS), absent._outputs(IRIS), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_early_stopping_keeps_the_best_epoch(kind):
    noise = np.random.default_rng(0).permutation(LABELS)  # nothing to learn: the loss on the share rises soon
    settings = {**SMALL, "early_stopping": True, "epochs": 500}
    stopped = kind(**settings, n_iter_no_change=5, validation_fraction=0.3).fit(IRIS, noise)
    losses = [record["validation_loss"] for record in stopped.history_]
    assert stopped.n_iter_ == 1 + np.argmin(losses) + 5 < 500
    assert stopped.params_ == stopped.progress_.best.params != stopped.progress_.state.params
    assert stopped.partial_fit(IRIS, noise).params_ == stopped.progress_.state.params


def test_partial_fit_leaves_the_best_epoch_of_any_loss():
    def negative(prediction, target, weight=None):
        value, pullback = fnn.mse(prediction, target, weight)
        return value - 1000, pullback

    network = Regressor(**SMALL, loss=negative, early_stopping=True, epochs=3).fit(IRIS, LABELS)
    assert network.partial_fit(IRIS, LABELS).params_ == network.progress_.state.params


def test_the_share_has_every_class_where_it_can(monkeypatch):
    shares = []
    split = module.train_test_split
    monkeypatch.setattr(module, "train_test_split", lambda *a, **how: shares.append(split(*a, **how)) or shares[-1])
    for rare in (10, 1):
        Classifier(**SMALL, epochs=1, early_stopping=True).fit(IRIS, np.arange(150) < rare)
    assert [share[3].shape for share in shares] == [(15,), (15,)]
    assert shares[0][3].sum() == 1  # of the labels held back, a tenth of ten


def test_targets_keep_their_columns():
    x = IRIS[:, :2]
    for y in (IRIS[:, 2], IRIS[:, 2:3], IRIS[:, 2:]):
        network = Regressor(**SMALL).fit(x, y)
        assert network.predict(x).shape == y.shape
        assert network.score(x, y) > 0.9


def test_a_loss_of_ones_own():
    far = np.where(np.arange(150) == 0, 1e3, IRIS[:, 3])
    fit = Regressor(fnn.chain(), optimizer=fnn.adam(0.02), loss=fnn.huber, random_state=0).fit(IRIS, far)
    assert fit.score(IRIS[1:], far[1:]) > 0.9
    assert Regressor(fnn.chain(), optimizer=fnn.adam(0.02), random_state=0).fit(IRIS, far).score(IRIS[1:], far[1:]) < 0


def test_values_are_searched_cloned_and_pickled():
    network = make_pipeline(StandardScaler(), Classifier(**SMALL, epochs=10))
    assert clone(network)["classifier"].get_params() == network["classifier"].get_params()
    grid = {"classifier__optimizer": [fnn.sgd(1e-6), fnn.adam(0.05)], "classifier__model": [fnn.chain(), HIDDEN]}
    search = GridSearchCV(network, grid, cv=3).fit(*load_iris(return_X_y=True))
    assert search.best_params_["classifier__optimizer"] == fnn.adam(0.05)
    assert search.best_score_ > 0.9
    for again in (pickle.loads(pickle.dumps(search)), copy.deepcopy(search)):
        np.testing.assert_array_equal(again.predict_proba(IRIS), search.predict_proba(IRIS))
        best = again.best_estimator_["classifier"]
        assert best.partial_fit(IRIS, LABELS).n_iter_ == 11


HIDDEN = fnn.chain(fnn.linear(8), fnn.relu)


def test_cross_validation_of_a_regressor():
    x, y = load_diabetes(return_X_y=True)
    network = make_pipeline(StandardScaler(), Regressor(fnn.chain(), optimizer=fnn.adam(0.02), epochs=20))
    assert cross_val_score(TransformedTargetRegressor(network, transformer=StandardScaler()), x, y, cv=3).mean() > 0.4


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_wrong_settings_are_named(kind):
    wrong = {
        "epochs must be a whole number": {"epochs": 0},
        "batch_size must be a whole number from 1 up, got 'auto'": {"batch_size": "auto"},
        r"model: expected a Layer such as chain\(linear\(64\), relu\), got \(64,\)": {"model": (64,)},
        "model: expected a Layer .* got 64": {"model": 64},
        r"optimizer: expected an Optimizer, got 'adam'; write fnn.adam\(\)": {"optimizer": "adam"},
        "loss must be": {"loss": "mse"},
        "n_iter_no_change must be a whole number from 1 up, got 0": {"early_stopping": True, "n_iter_no_change": 0},
        r"validation_fraction must be a number in \(0, 1\), got 1.5": {"validation_fraction": 1.5},
        "early_stopping must be True or False, got 'yes'": {"early_stopping": "yes"},
    }
    for why, settings in wrong.items():
        with pytest.raises((ValueError, TypeError), match=why):
            kind(**settings).fit(IRIS, LABELS)
        with pytest.raises((ValueError, TypeError), match=why):
            kind().fit(IRIS[:5], LABELS[::30]).set_params(**settings).partial_fit(IRIS, LABELS)


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_partial_fit_refuses_another_network_or_rule(kind):
    network = kind(**SMALL, epochs=1).fit(IRIS, LABELS)
    network.set_params(model=fnn.chain(fnn.linear(16), fnn.tanh)).partial_fit(IRIS, LABELS)  # an equal model
    with pytest.raises(ValueError, match="the model changed since the last partial_fit; call fit to begin anew"):
        network.set_params(model=HIDDEN).partial_fit(IRIS, LABELS)
    with pytest.raises(ValueError, match=r"the optimizer changed from adam to sgd .*; call fit to begin anew"):
        network.set_params(model=SMALL["model"], optimizer=fnn.sgd(0.1)).partial_fit(IRIS, LABELS)
    before, slower = network.params_, network.set_params(optimizer=fnn.adam(0.0))
    assert slower.partial_fit(IRIS, LABELS).params_ == before  # the rate may change


@pytest.mark.parametrize("last", [fnn.softmax, fnn.log_softmax], ids=repr)
def test_a_softmax_at_the_end_of_the_hidden_layers_is_refused(last):
    for model in (last, fnn.chain(fnn.linear(3), last), fnn.chain(body=fnn.chain(fnn.linear(3), last))):
        with pytest.raises(ValueError, match=f"model: {last} is the last of the hidden layers.*; leave {last} out"):
            Classifier(model).fit(IRIS, LABELS)
    for model in (fnn.chain(last, fnn.linear(3)), fnn.residual(last)):
        assert Classifier(model, epochs=1).fit(IRIS, LABELS).n_iter_ == 1


@pytest.mark.parametrize("loss", [fnn.mse, fnn.huber, fnn.binary_cross_entropy])
@pytest.mark.parametrize("weight", [None, np.ones(150)], ids=["alike", "weighted"])
def test_the_loss_of_a_classifier_takes_labels(loss, weight):
    words = "the loss must be a function of logits and integer labels, such as fnn.cross_entropy, got .*"
    with pytest.raises(TypeError, match=words):
        Classifier(loss=loss).fit(IRIS, LABELS, weight)
    with pytest.raises(TypeError, match=words):
        Classifier(loss=loss).partial_fit(IRIS, LABELS, classes=[0, 1, 2], sample_weight=weight)


def test_layers_with_statistics_are_tuned():
    model = fnn.chain(fnn.standardise(), fnn.linear(16), fnn.batch_norm(), fnn.relu)
    network = Classifier(model, optimizer=fnn.adam(0.01), epochs=30, random_state=0).fit(100 + 1000 * IRIS, LABELS)
    inputs = network.params_["hidden"]["0"]["statistics"]
    np.testing.assert_allclose(inputs[0], np.mean(100 + 1000 * IRIS, axis=0), rtol=1e-6)
    assert network.score(100 + 1000 * IRIS, LABELS) > 0.9
