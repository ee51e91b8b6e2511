"""Sample calls of every public function, for the tests of purity and repeatability.

A row is a function that makes `(function, *inputs)` anew. What `function(*inputs)` returns includes the results of
pullbacks and iterators, so that all the code has run.
"""

from functools import reduce
from itertools import islice

import attrs
import numpy as np

import fnn
from fnn import Key, Params, arrays, batching, tree
from fnn.checks import laws
from fnn.checks.explain import Numbers, explain
from fnn.checks.probes import Case, on_rounded
from fnn.checks.summary import with_innermost
from fnn.interop import torch
from fnn.layer import check_is_layer, check_shape, unchanged
from fnn.layers.shapes import Declared
from fnn.optimizers import diverged
from fnn.optimizers.rates import rate_of
from fnn.training.history import History
from fnn.tree import display, flat
from fnn.tree.functions import check_names
from tests.support.sample_calls_with_files import FILES
from tests.support.table import INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES, normal

MODEL = fnn.chain(fnn.dropout(0.2), fnn.linear(4), fnn.tanh, fnn.linear(3))
SHAPE = (5,)
STEP = fnn.train_step(MODEL, fnn.cross_entropy, fnn.adam(), Key(4))


def layer_call(layer, shape):
    layer = on_rounded(layer)

    def call(params, x, key, dy):
        passes = []
        for own in (None, key):
            y, back = layer.vjp(params, x, own)
            passes.append((y, back(dy), back(dy, need_dx=False)[0]))
        return layer.init(key, shape), layer.apply(params, x), passes

    params = layer.init(Key(1), shape)[0]
    x = normal(1, (5, *shape), np.float32)
    return call, params, x, Key(2), normal(2, layer.apply(params, x).shape, np.float32)


def loss_call(loss, make_target):
    def call(prediction, target, dvalue):
        value, pullback = loss(prediction, target)
        return value, pullback(), pullback(dvalue)

    return call, normal(1, (3, 5, 4)), make_target(Key(2), (5, 4)), normal(3, (3,))


def optimizer_call(optimizer):
    """The second of two steps: the arrays of the state are inputs too."""
    layer = fnn.ensemble(fnn.chain(fnn.linear(4), fnn.linear(3)), 2)
    params = layer.init(Key(1), SHAPE)[0]
    grads = [tree.map(lambda w, i=i: normal(i, w.shape, np.float32), dict(params)) for i in (1, 2)]
    state = optimizer.update(optimizer.init(params), grads[0])
    return (
        lambda params, state, grads: (optimizer.init(params), optimizer.update(state, grads)),
        params,
        state,
        grads[1],
    )


def initializer_call(initializer):
    return initializer, Key(3), (2, 4, 3)


def data():
    return normal(4, (20, *SHAPE), np.float32), np.arange(20) % 3


def noisy(batch, key=None):
    """Every array of a batch with the same number added: 1, or one that the key draws."""
    return tuple(array + (1 if key is None else fnn.generator(key).integers(9)) for array in batch)


def parameters():
    return MODEL.init(Key(1), SHAPE)[0]


def writable(name="w"):
    """A plain tree of writable leaves."""
    return {name: {"weights": normal(5, (2, 3)), "bias": normal(6, (2,))}, "empty": {}}


def train(params, batch):
    """Three epochs with dropout; the best state is kept."""
    optimizer = fnn.adam(fnn.cosine(0.01, 30))
    step = fnn.train_step(MODEL, fnn.cross_entropy, optimizer, Key(4))
    measure = lambda params: fnn.evaluate(MODEL, params, batch, {"validation": fnn.cross_entropy})  # noqa: E731
    order = lambda epoch: fnn.batches(fnn.fold_in(Key(5), epoch), batch, 8)  # noqa: E731
    start = optimizer.init(params)
    return list(islice(fnn.epochs(step, order, start, measure, lambda record: -record["validation"]), 3))


def train_two(params, batch):
    """Three epochs of two networks, each with its own order and its own best state."""
    optimizer, model, keys = fnn.adam(0.1), fnn.ensemble(MODEL, 2), (Key(4), Key(5))
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, keys)
    order = lambda epoch: fnn.batches(fnn.fold_in(keys, epoch), batch, 8)  # noqa: E731
    score = lambda record: record["loss"] * [1, -1]  # noqa: E731
    return list(islice(fnn.epochs(step, order, optimizer.init(params), score=score), 3))


def schedule(rate):
    return lambda step: rate


def rows():
    """The whole table: a public name, and behind a comma what is special about the call."""
    table = {f"fnn.{name}": lambda row=row: layer_call(row.layer, row.shape) for name, row in LAYERS.items()}
    table |= {f"fnn.{name}": lambda row=row: loss_call(row.loss, row.make_target) for name, row in LOSSES.items()}
    table |= {f"fnn.{name}": lambda row=row: optimizer_call(row.optimizer) for name, row in OPTIMIZERS.items()}
    table |= {f"fnn.{name}": lambda row=row: (row.schedule, 3) for name, row in SCHEDULES.items()}
    table |= {f"fnn.{name}": lambda row=row: initializer_call(row.initializer) for name, row in INITIALIZERS.items()}
    return table | OTHERS | FILES


OTHERS = {
    "fnn.Key": lambda: (lambda *path: Key(42, path), 1, 2),
    "fnn.fold_in": lambda: (fnn.fold_in, Key(1), 2),
    "fnn.split": lambda: (fnn.split, Key(1), 3),
    "fnn.generator": lambda: (fnn.generator, Key(1)),
    "fnn.random.draw": lambda: (fnn.random.draw, Key(1), (3, 4)),
    "fnn.Layer": lambda: (lambda *fs: (lambda layer: (repr(layer), layer.apply({}, np.ones(3))))(fnn.Layer(*fs)),
                          min, lambda params, x: -x, max),
    "fnn.Params": lambda: (Params, writable()),
    "fnn.Params, of Params": lambda: (lambda p: (p, Params({"a": p}), p[:1], p[0], repr(p)), Params(writable())),
    "fnn.arrays.is_half": lambda: (arrays.is_half, np.dtype("float16")),
    "fnn.arrays.misfit": lambda: (arrays.misfit, np.ones(3)),
    "fnn.arrays.is_array": lambda: (arrays.is_array, np.ones(3)),
    "fnn.arrays.bits": lambda: (arrays.bits, np.ones(3)),
    "fnn.arrays.dtype_kind": lambda: (arrays.dtype_kind, np.dtype("float32")),
    "fnn.arrays.read_only": lambda: (arrays.read_only, np.ones(3)),
    "fnn.arrays.method": lambda: (lambda x: arrays.method(x, "sum")(axis=-1), np.ones((2, 3))),
    "fnn.arrays.picked": lambda: (arrays.picked, np.ones((2, 3)), np.eye(3)[:2] > 0),
    "fnn.arrays.namespace": lambda: (lambda x: arrays.namespace(x) is np, np.ones(2)),
    "fnn.arrays.ones": lambda: (arrays.ones, 3, np.zeros(2)),
    "fnn.arrays.take": lambda: (arrays.take, np.ones((3, 2)), np.array([2, 0])),
    "fnn.arrays.take, in Fortran order": lambda: (arrays.take, np.ones((2, 3)).T, np.array([2, 0])),
    "fnn.arrays.unbroadcast": lambda: (arrays.unbroadcast, np.ones((2, 3)), np.ones(3)),
    "fnn.layer.check_is_layer": lambda: (check_is_layer, "here", fnn.relu),
    "fnn.layer.unchanged": lambda: (unchanged, writable(), np.ones((2, 3))),
    "fnn.tune": lambda: (
        lambda p, x: fnn.tune(fnn.batch_norm(), p, x), fnn.batch_norm().init(Key(1), SHAPE)[0], data()[0],
    ),
    "fnn.layer.check_shape": lambda: (check_shape, "layer", "", (3,)),
    "fnn.layers.shapes.Declared": lambda: (
        lambda p, x: (lambda d: (d.lengths((3,)), d.fits(p, x)))(Declared(("n",), False, {"w": (fnn.zeros, ("n",))})),
        {"w": np.ones(3)},
        np.ones((2, 3)),
    ),
    "fnn.constructor": lambda: (lambda rate: fnn.constructor(schedule)(rate)(3), 0.1),
    "fnn.values.Call": lambda: (lambda *a: repr(fnn.values.Call.of(fnn.adam, *a)), 0.1),
    "fnn.values.Function": lambda: (lambda *a: fnn.normal(0.1)(*a), Key(1), (2, 3)),
    "fnn.values.record": lambda: (lambda record: repr(fnn.values.record(record)(3)),
                                  attrs.make_class("Record", ["x"], frozen=True, eq=False, repr=False)),
    "fnn.values.value": lambda: (fnn.values.value, type("Record", (), {})),
    "fnn.random.folded": lambda: (fnn.random.folded, Key(1), 2),
    "fnn.random.draw, for two networks": lambda: (fnn.random.draw, (Key(1), Key(2)), (2, 3, 4)),
    "fnn.tree.Span": lambda: (tree.Span, 0, 6, (2, 3)),
    "fnn.tree.functions.check_names": lambda: (check_names, writable(), writable()),
    "fnn.tree.params.show": lambda: (fnn.tree.params.show, ("a", "b")),
    "fnn.tree.cast": lambda: (tree.cast, Params(writable()), np.float64),
    "fnn.tree.cast, of a dict": lambda: (tree.cast, writable(), np.float64),
    "fnn.optimizers.rates.rate_of": lambda: (lambda rate, theta: rate_of("lr", rate)(0, theta), 0.1, np.ones(3)),
    "fnn.tree.display.html_table": lambda: (display.html_table, [("a", "b"), (), ("1", "2")], "<>"),
    "fnn.tree.display.leaf_rows": lambda: (lambda t: list(display.leaf_rows(t)), writable()),
    "fnn.tree.display.text_lines": lambda: (lambda t: list(display.text_lines(t, "")), writable()),
    "fnn.tree.items": lambda: (lambda t: list(tree.items(t)), writable()),
    "fnn.tree.leaves": lambda: (tree.leaves, writable()),
    "fnn.tree.like": lambda: (tree.like, Params(writable()), writable()),
    "fnn.tree.params.check_leaf": lambda: (fnn.tree.params.check_leaf, ("a",), np.ones(3)),
    "fnn.tree.map": lambda: (tree.map, np.add, writable(), writable()),
    "fnn.tree.map, identity": lambda: (tree.map, lambda leaf: leaf, Params(writable())),
    "fnn.tree.member": lambda: (tree.member, tree.stack([Params(writable())] * 3), 1),
    "fnn.tree.stack": lambda: (lambda *ts: tree.stack(ts), writable(), writable()),
    "fnn.ravel": lambda: (lambda t: (lambda v, un: (v, un(v), un(2 * v)))(*fnn.ravel(t)), writable()),
    "fnn.ravel, unravel": lambda: (lambda v: fnn.ravel(writable())[1](v), np.arange(8.0)),
    "fnn.ravel, of one leaf": lambda: (lambda t: fnn.ravel(t)[0], {"w": np.ones(3)}),
    "fnn.tree.flat.Layout": lambda: (lambda t: (flat.Layout.of(t), flat.Layout.of(t).ravel(t)), writable()),
    "fnn.optimizers.diverged.all_finite": lambda: (lambda x: diverged.all_finite(0.0, x, x), normal(1, (8,))),
    "fnn.optimizers.diverged.diverged": lambda: (
        lambda s, p: str(diverged.diverged(s, np.inf, p, p)), fnn.adam().init(parameters()), parameters(),
    ),
    "fnn.State": lambda: (lambda state: (state.params, repr(state)), fnn.adam().init(parameters())),
    "fnn.Optimizer": lambda: (
        lambda p, f: fnn.Optimizer(lambda p, layout: (), f, "plain").init(p),
        parameters(),
        lambda memory, g, theta, step: (memory, g),
    ),
    "fnn.batches": lambda: (lambda *a: list(fnn.batches(Key(1), a, 8)), *data()),
    "fnn.batches, of two keys": lambda: (lambda *a: list(fnn.batches((Key(1), Key(2)), a, 8)), *data()),
    "fnn.batches, in order": lambda: (lambda *a: list(fnn.batches(None, a, 8)), *data()),
    "fnn.batches, prepared": lambda: (lambda *a: list(fnn.batches(Key(1), a, 8, prepare=noisy)), *data()),
    "fnn.batches, prepared in order": lambda: (lambda *a: list(fnn.batches(None, a, 8, prepare=noisy)), *data()),
    "fnn.batching.checked": lambda: (lambda *a: batching.checked("expected", a) == a, *data()),
    "fnn.batching.in_order": lambda: (lambda *a: list(batching.in_order(a, 8)), *data()),
    "fnn.batching.Batches": lambda: (lambda *a: [len(fnn.batches(Key(1), a, 8)), *fnn.batches(Key(1), a, 8)], *data()),
    "fnn.checks.explain.explain": lambda: (explain, MODEL, parameters(), *data(), fnn.cross_entropy),
    "fnn.checks.explain.Explanation": lambda: (repr, explain(MODEL, parameters(), data()[0])),
    "fnn.checks.explain.LayerFlow": lambda: (lambda e: e.rows, explain(MODEL, parameters(), data()[0])),
    "fnn.checks.explain.Numbers": lambda: (Numbers.of, normal(1, (3, 4))),
    "fnn.value_and_grad": lambda: (fnn.value_and_grad(MODEL, fnn.cross_entropy), parameters(), data(), Key(2)),
    "fnn.train_step": lambda: (
        lambda s, batch: reduce(fnn.train_step(MODEL, fnn.cross_entropy, fnn.adam(), Key(4)), [batch] * 2, s),
        fnn.adam().init(parameters()),
        data(),
    ),
    "fnn.epochs": lambda: (train, parameters(), data()),
    "fnn.epochs, of an ensemble": lambda: (train_two, fnn.ensemble(MODEL, 2).init(Key(1), SHAPE)[0], data()),
    "fnn.fold": lambda: (
        lambda s, *a: fnn.fold(STEP, s, fnn.batches(Key(3), a, 8)), fnn.adam().init(parameters()), *data(),
    ),
    "fnn.training.step.TrainStep": lambda: (
        lambda *a: fnn.train_step(MODEL, fnn.mse, *a) == fnn.train_step(MODEL, fnn.mse, *a), fnn.adam(), Key(1),
    ),
    "fnn.training.inference.carried_out": lambda: (
        lambda p, x: fnn.training.inference.carried_out(x, MODEL.apply, p)(x), parameters(), data()[0],
    ),
    "fnn.training.history.History": lambda: (lambda r: History.of([r]).append(r), {"loss": 0.5}),
    "fnn.Progress": lambda: (lambda s: fnn.Progress.start(s), fnn.adam().init(parameters())),
    "fnn.early_stopping": lambda: (lambda p: list(fnn.early_stopping(p, 1)), train(parameters(), data())),
    "fnn.predict": lambda: (lambda *a: fnn.predict(MODEL, *a, size=8), parameters(), data()[0]),
    "fnn.predict, prepared": lambda: (
        lambda *a: fnn.predict(MODEL, *a, size=8, prepare=noisy), parameters(), data()[0],
    ),
    "fnn.predict, in one batch": lambda: (lambda *a: fnn.predict(fnn.identity, *a), {}, data()[0]),
    "fnn.evaluate, weighted": lambda: (
        lambda p, d, w: fnn.evaluate(MODEL, p, (*d, w), {"loss": fnn.cross_entropy}, 8),
        parameters(),
        data(),
        np.ones(len(data()[0])),
    ),
    "fnn.evaluate": lambda: (
        lambda p, d: fnn.evaluate(MODEL, p, d, {"loss": fnn.cross_entropy, "accuracy": fnn.metrics.accuracy}, 8),
        parameters(),
        data(),
    ),
    "fnn.checks.summary": lambda: (fnn.checks.summary, MODEL, SHAPE),
    "fnn.checks.summary.Row": lambda: (lambda s: s.rows, fnn.summary(MODEL, SHAPE)),
    "fnn.checks.summary.Summary": lambda: (repr, fnn.summary(MODEL, SHAPE)),
    "fnn.check_layer": lambda: (fnn.check_layer, fnn.tanh, SHAPE),
    "fnn.check_vjp": lambda: (fnn.check_vjp, fnn.linear(2, bias=None), {"weights": np.ones((5, 2))}, data()[0]),
    "fnn.checks.probes.on_rounded": lambda: (
        lambda x: on_rounded(fnn.embedding(5, 2)).apply(fnn.embedding(5, 2).init(Key(1), SHAPE)[0], x), data()[0],
    ),
    "fnn.checks.probes.Case": lambda: (
        lambda c: (c.params(), c.leads(), list(c.variations())), Case(MODEL, SHAPE, Key(1)),
    ),
    "fnn.Cell": lambda: (
        lambda n: (lambda cell: (repr(cell), cell.name))(fnn.Cell(n, min, {"bias": (fnn.zeros, (n,))})), 3,
    ),
    "fnn.checks.laws.check_law": lambda: (
        lambda c: [laws.check_law(law, c) for law in laws.LAWS], Case(fnn.tanh, SHAPE, Key(1)),
    ),
    "fnn.tree.display.text_table": lambda: (fnn.tree.display.text_table, [("a", "b"), (), ("c", "12")], "<>"),
    "fnn.checks.summary.with_innermost": lambda: (
        lambda model: repr(with_innermost(model, lambda path, layer: layer)), MODEL,
    ),
    "fnn.checks.probes.derivative": lambda: (
        lambda *a: list(fnn.checks.probes.derivative(fnn.linear(2, bias=None), *a)),
        {"weights": np.ones((5, 2))},
        data()[0],
    ),
    "fnn.checks.probes.normal": lambda: (fnn.checks.probes.normal, Key(1), (3,)),
    "fnn.checks.probes.require": lambda: (fnn.checks.probes.require, True, MODEL, "it holds", ""),
    "fnn.interop.torch.to_state_dict": lambda: (torch.to_state_dict, parameters()),
    "fnn.interop.torch.from_state_dict": lambda: (
        lambda arrays: torch.from_state_dict(arrays, parameters()), torch.to_state_dict(parameters()),
    ),
    "fnn.values.is_integer": lambda: (fnn.values.is_integer, 5),
    "fnn.values.number": lambda: (fnn.values.number, "rate", 0.5),
    "fnn.values.whole": lambda: (fnn.values.whole, "size", 5),
    "fnn.data.Line": lambda: (lambda line: (line == line, line.x), fnn.data.line(Key(1), 8)),
    "fnn.data.line": lambda: (fnn.data.line, Key(1), 8),
    "fnn.data.blobs": lambda: (fnn.data.blobs, Key(1), 8),
    "fnn.data.xor": lambda: (fnn.data.xor, Key(1), 8),
    "fnn.data.class_labels": lambda: (fnn.data.class_labels, "labels", np.arange(3), 3),
    "fnn.data.class_weights": lambda: (fnn.data.class_weights, np.arange(3)),
    "fnn.data.one_hot": lambda: (fnn.data.one_hot, np.arange(3), 3),
    "fnn.data.split_at": lambda: (fnn.data.split_at, data(), 5),
    "fnn.data.shuffled_split": lambda: (fnn.data.shuffled_split, Key(1), 9, 3),
    "fnn.data.stratified_split": lambda: (fnn.data.stratified_split, Key(1), np.arange(9) % 3, 3),
    "fnn.data.k_fold": lambda: (lambda labels: fnn.data.k_fold(Key(1), 9, 3, labels=labels), np.arange(9) % 3),
    "fnn.data.standardise": lambda: (
        lambda x: (lambda f, inverse: (f(x), inverse(f(x)), f.call.args))(*fnn.data.standardise(x)), data()[0],
    ),
    "fnn.metrics.accuracy": lambda: (fnn.metrics.accuracy, normal(1, (2, 5, 3)), np.arange(5) % 3),
    "fnn.metrics.accuracy, weighted": lambda: (
        fnn.metrics.accuracy,
        normal(1, (5, 3)),
        np.arange(5) % 3,
        np.arange(5.0),
    ),
    **{
        f"fnn.metrics.{name}": lambda name=name: (getattr(fnn.metrics, name), normal(1, (2, 5, 3)), np.arange(5) % 3)
        for name in [
            "precision", "recall", "f1", "roc_auc", "average_precision", "log_loss", "brier_score", "calibration_error",
        ]
    },
    **{
        f"fnn.metrics.{name}": lambda name=name: (getattr(fnn.metrics, name), normal(1, (2, 5, 3)), normal(2, (5, 3)))
        for name in ("mae", "rmse", "r2")
    },
    "fnn.metrics.binary_accuracy": lambda: (
        fnn.metrics.binary_accuracy, normal(1, (2, 5, 3)), np.arange(15).reshape(5, 3) % 2, np.arange(5.0),
    ),
    "fnn.metrics.roc_auc, weighted": lambda: (
        fnn.metrics.roc_auc, normal(1, (5, 3)), np.arange(15.0).reshape(5, 3) % 2, np.arange(5.0),
    ),
    "fnn.metrics.Metric": lambda: (
        lambda *a: fnn.metrics.Metric(lambda z, t: ((z, t), lambda z, t: z - t))(*a), normal(1, (5,)), normal(2, (5,)),
    ),
    "fnn.training.inference.added": lambda: (lambda a: fnn.training.inference.added([(a,), (a,)]), normal(1, (5,))),
    "fnn.metrics.metric.appended": lambda: (fnn.metrics.metric.appended, [(normal(1, (5,)),), (normal(2, (5,)),)]),
    "fnn.metrics.metric.averaged": lambda: (fnn.metrics.metric.averaged, normal(1, (5,)), np.arange(5) > 2, "macro"),
    "fnn.metrics.metric.check_arrays": lambda: (
        lambda a: fnn.metrics.metric.check_arrays("f", scores=a), normal(1, (5,)),
    ),
    "fnn.metrics.metric.check_average": lambda: (fnn.metrics.metric.check_average, "f", "macro"),
    "fnn.metrics.metric.counted": lambda: (fnn.metrics.metric.counted, np, normal(1, (5,)), np.arange(5.0)),
    "fnn.metrics.metric.ratio": lambda: (fnn.metrics.metric.ratio, normal(1, (5,)), np.arange(5.0)),
    "fnn.metrics.metric.weighing": lambda: (
        fnn.metrics.metric.weighing, "f", np.arange(5.0), normal(1, (5, 3)), np.float64,
    ),
    "fnn.metrics.metric.Answers": lambda: (
        fnn.metrics.metric.answers, "f", normal(1, (5, 3)), np.arange(5) % 3, None,
    ),
    "fnn.metrics.metric.answers": lambda: (fnn.metrics.metric.answers, "f", normal(1, (5, 3)), np.eye(5, 3), None),
    "fnn.metrics.metric.probabilities": lambda: (
        lambda z, t: fnn.metrics.metric.probabilities("f", fnn.metrics.metric.answers("f", z, t, None), False),
        normal(1, (5, 3)),
        np.arange(5) % 3,
    ),
    "fnn.metrics.confusion_matrix": lambda: (fnn.metrics.confusion_matrix, np.arange(5) % 3, np.arange(5) % 2, 3),
    "fnn.metrics.one_vs_rest": lambda: (fnn.metrics.one_vs_rest, np.arange(9).reshape(3, 3)),
    "fnn.metrics.OneVsRest": lambda: (
        lambda c: (lambda table: (table.accuracy, table.plain_accuracy))(fnn.metrics.one_vs_rest(c)),
        np.arange(9).reshape(3, 3),
    ),
    "fnn.metrics.psnr": lambda: (fnn.metrics.psnr, np.linspace(0, 1, 5), np.ones(5)),
    "fnn.metrics.iqm": lambda: (fnn.metrics.iqm, normal(1, (3, 7))),
    "fnn.metrics.iqr": lambda: (fnn.metrics.iqr, normal(1, (3, 7))),
    "fnn.metrics.bootstrap_interval": lambda: (
        lambda x: fnn.metrics.bootstrap_interval(x, key=Key(1), resamples=50), normal(1, (7,)),
    ),
    "fnn.metrics.bootstrap_difference": lambda: (
        lambda a, b: fnn.metrics.bootstrap_difference(a, b, key=Key(1), resamples=50), normal(1, (7,)), normal(2, (9,)),
    ),
}  # fmt: skip
ROWS = rows()
