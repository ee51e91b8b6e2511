"""Batches: every example once an epoch, in an order that the key names."""

import tracemalloc
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn import Key, batches, epochs, evaluate, fold_in, generator, identity, linear, mse, predict, sgd, train_step

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)
KEYS = pytest.mark.parametrize("key", [None, Key(42)], ids=["in order", "shuffled"])


@given(st.integers(0, 50), st.integers(1, 60), st.booleans())
def test_an_epoch_is_a_partition(n, size, shuffled):
    parts = [part for (part,) in batches(Key(n) if shuffled else None, (np.arange(n),), size)]
    assert sorted(np.concatenate([np.zeros(0, int), *parts])) == list(range(n))
    assert [len(part) for part in parts] == [size] * (n // size) + [n % size] * (n % size > 0)


@given(st.integers(1, 60), st.data())
def test_drop_last_leaves_only_full_batches(size, data):
    n = data.draw(st.integers(size, 3 * size + 9))
    parts = [part for (part,) in batches(Key(n), (np.arange(n),), size, drop_last=True)]
    assert [len(part) for part in parts] == [size] * (n // size)
    assert len(set(np.concatenate([np.zeros(0, int), *parts]))) == n // size * size


@KEYS
def test_arrays_stay_together(key):
    for x, y in batches(key, (X, Y), 3):
        assert np.array_equal(x, X[y])


def test_equal_keys_give_equal_orders_and_each_epochs_its_own():
    order = lambda key: np.concatenate([y for (y,) in batches(key, (Y,), 3)]).tolist()  # noqa: E731
    orders = [order(fold_in(Key(42), epoch)) for epoch in range(20)]
    assert orders == [order(fold_in(Key(42), epoch)) for epoch in range(20)]
    assert len(set(map(tuple, orders))) == 20


def test_the_order_does_not_depend_on_the_size():
    whole, parts = (np.concatenate([y for (y,) in batches(Key(42), (Y,), size)]) for size in (10, 3))
    assert np.array_equal(whole, parts)


def test_every_order_is_as_likely_as_any_other():
    firsts = [next(iter(batches(fold_in(Key(0), i), (Y,), 1)))[0][0] for i in range(1000)]
    assert np.abs(np.bincount(firsts) - 100).max() < 5 * np.sqrt(1000 * 0.1 * 0.9)


def test_without_a_key_the_batches_are_views_in_order():
    parts = [x for (x,) in batches(None, (X,), 4)]
    assert np.array_equal(np.concatenate(parts), X)
    assert all(np.shares_memory(part, X) for part in parts)


def test_shuffled_batches_are_copies():
    (part,) = next(iter(batches(Key(42), (X,), 4)))
    assert not np.shares_memory(part, X)


@KEYS
def test_networks_with_data_of_their_own_share_one_order(key):
    stacked = np.stack([X, X + 100, X + 200])
    for x, y in batches(key, (stacked, np.stack([Y] * 3)), 4, axis=1):
        assert x.shape == (3, y.shape[1], 2)
        assert np.array_equal(x, stacked[:, y[0]])
        assert np.array_equal(y, np.stack([y[0]] * 3))


THREE = (Key(42), Key(0, (1,)), Key(42, (3,)))


@pytest.mark.parametrize("prepare", [None, "noisy"])
@pytest.mark.parametrize("drop_last", [False, True])
def test_several_keys_give_each_network_what_its_key_gives_alone(drop_last, prepare):
    settings = {"drop_last": drop_last, "prepare": noisy if prepare else None}
    together = batches(THREE, (X, Y), 4, **settings)
    alone = [batches(key, (X, Y), 4, **settings) for key in THREE]
    assert len(together) == len(list(together)) == len(alone[0])
    for (x, y), *parts in zip(together, *alone, strict=True):
        assert (x.shape, y.shape) == ((3, *parts[0][0].shape), (3, *parts[0][1].shape))
        assert (x.dtype, y.dtype) == (parts[0][0].dtype, Y.dtype)
        assert np.array_equal(x, [own for own, _ in parts])
        assert np.array_equal(y, [own for _, own in parts])


@pytest.mark.parametrize("key", [None, Key(42), THREE, (None, Key(1))], ids=["in order", "one", "three", "with None"])
@pytest.mark.parametrize("drop_last", [False, True])
def test_an_epoch_says_its_order(key, drop_last):
    epoch = batches(key, (Y,), 4, drop_last=drop_last)
    assert np.array_equal(epoch.order, np.concatenate([y for (y,) in epoch], axis=-1))
    assert epoch.order.shape == ((len(key),) if isinstance(key, tuple) else ()) + (8 if drop_last else 10,)


def test_the_order_along_another_axis():
    epoch = batches(Key(42), (np.stack([Y, Y]),), 4, axis=1)
    assert np.array_equal(epoch.order, np.concatenate([y[1] for (y,) in epoch]))


def test_dtypes_stay():
    x, y = next(iter(batches(Key(42), (X.astype(np.float32), Y.astype(np.uint8)), 4)))
    assert (x.dtype, y.dtype) == (np.float32, np.uint8)


def mapped(folder, array, offset=0):
    path = folder / "mapped"
    path.write_bytes(bytes(offset) + array.tobytes())
    return np.memmap(path, array.dtype, "r", offset, array.shape)


IMAGES = np.random.default_rng(0).random((1_000, 16, 16), np.float32)
LAYOUTS = {
    "in C order": lambda folder: IMAGES,
    "without a column": lambda folder: np.concatenate([IMAGES, IMAGES[:, :1]], axis=1)[:, :-1],
    "every other row": lambda folder: IMAGES.repeat(2, axis=0)[::2],
    "backwards": lambda folder: IMAGES[::-1].copy()[::-1],
    "in Fortran order": lambda folder: np.asfortranarray(IMAGES),
    "transposed": lambda folder: IMAGES.transpose(0, 2, 1).copy().transpose(0, 2, 1),
    "with the examples last": lambda folder: IMAGES.transpose(1, 2, 0).copy().transpose(2, 0, 1),
    "broadcast": lambda folder: np.broadcast_to(IMAGES[:1], IMAGES.shape),
    "in a file": lambda folder: mapped(folder, IMAGES),
    "not aligned": lambda folder: mapped(folder, IMAGES, offset=3),
    "bytes in a file": lambda folder: mapped(folder, (255 * IMAGES).astype(np.uint8)),
}


@KEYS
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_batch_of_any_layout_takes_the_memory_of_a_batch(key, layout, tmp_path):
    images = layout(tmp_path)
    epoch = iter(batches(key, (images, np.arange(1_000)), 10))
    next(epoch)
    tracemalloc.start()
    x, index = next(epoch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(x, np.ascontiguousarray(images)[index])
    assert x.dtype == images.dtype
    assert peak < 2 * 10 * images[0].nbytes + 8_000  # the whole is a hundred times a batch


def divided(batch, key):
    """Bytes as numbers from 0 to 1."""
    x, *targets = batch
    return np.divide(x, 255, dtype=np.float32), *targets


def noisy(batch, key):
    """Whole numbers in place of x, the same for the same key."""
    x, *targets = batch
    return (x if key is None else generator(key).integers(2**60, size=x.shape)), *targets


@KEYS
def test_prepare_is_applied_to_each_batch(key):
    plain, prepared = (list(batches(key, (X, Y), 3, prepare=prepare)) for prepare in (None, divided))
    for (x, y), (divided_x, same_y) in zip(plain, prepared, strict=True):
        assert np.array_equal(divided_x, (x / 255).astype(np.float32))
        assert np.array_equal(same_y, y)


@given(st.integers(1, 30), st.integers(1, 30), st.booleans())
def test_prepare_does_not_change_the_order(n, size, drop_last):
    size = min(size, n)
    plain, prepared = (
        [part.tolist() for *_, part in batches(Key(n), (np.arange(n),) * 2, size, drop_last=drop_last, prepare=prepare)]
        for prepare in (None, noisy)
    )
    assert plain == prepared


def test_each_batch_draws_from_a_key_of_its_own_that_names_its_place():
    keys = []
    epoch = batches(Key(42), (X,), 3, prepare=lambda batch, key: keys.append(key) or batch)
    list(epoch)
    assert keys == [fold_in(Key(42), i) for i in range(4)]
    assert len(epoch) == 4


def test_an_epoch_draws_the_same_again_and_another_one_does_not():
    draws = lambda key: [x.tolist() for (x,) in batches(key, (X,), 3, prepare=noisy)]  # noqa: E731
    first, second = (fold_in(Key(42), epoch) for epoch in range(2))
    assert draws(first) == draws(first)
    assert not {str(x) for x in draws(first)} & {str(x) for x in draws(second)}
    assert len({str(x) for x in draws(first)}) == 4


def test_a_resumed_training_draws_what_an_uninterrupted_one_does():
    def noised(batch, key):
        return batch[0] + generator(key).normal(size=batch[0].shape), batch[1]

    model, optimizer = linear(1), sgd(0.01)
    start = optimizer.init(
        model.init(
            Key(0),
            (2,),
        )[0]
    )
    step, data = train_step(model, mse, optimizer), (X, X[:, :1])
    batches_of = lambda epoch: batches(fold_in(Key(1), epoch), data, 3, prepare=noised)  # noqa: E731
    whole = list(islice(epochs(step, batches_of, start), 4))
    resumed = list(islice(epochs(step, batches_of, whole[1]), 2))
    assert resumed[-1] == whole[-1] != whole[1]


def test_without_a_key_prepare_gets_none():
    keys = []
    watched = lambda batch, key: keys.append(key) or batch  # noqa: E731
    list(batches(None, (X,), 4, prepare=watched))
    predict(identity, {}, X, 4, prepare=watched)
    evaluate(identity, {}, (X, X), {"loss": mse}, 4, prepare=watched)
    assert keys == [None] * 9


@pytest.mark.parametrize("size", [1, 7, 100])
def test_inference_prepares_as_training_does(size):
    images = np.arange(60, dtype=np.uint8).reshape(20, 3)
    ready = (images / 255).astype(np.float32)
    assert np.array_equal(predict(identity, {}, images, size, prepare=divided), ready)
    assert predict(identity, {}, images[:0], size, prepare=divided).shape == (0, 3)
    expected = evaluate(identity, {}, (ready, ready**2), {"loss": mse}, size)
    assert evaluate(identity, {}, (images, ready**2), {"loss": mse}, size, prepare=divided) == expected


@KEYS
def test_networks_with_data_of_their_own_are_prepared(key):
    stacked = np.stack([X, X + 100, X + 200])
    for x, y in batches(key, (stacked, np.stack([Y] * 3)), 4, axis=1, prepare=divided):
        assert np.array_equal(x, (stacked[:, y[0]] / 255).astype(np.float32))
    prepared = predict(identity, {}, stacked, 4, axis=1, prepare=divided)
    assert np.array_equal(prepared, (stacked / 255).astype(np.float32))


def brightness(batch, key):
    """The means of images of bytes, from 0 to 1."""
    x, *targets = divided(batch, key)
    return x.mean(axis=(1, 2))[:, None], *targets


def test_bytes_in_a_file_never_lie_in_memory_whole(tmp_path):
    images = mapped(tmp_path, (255 * IMAGES).astype(np.uint8))
    target = np.full((1_000, 1), 0.5, np.float32)
    tracemalloc.start()
    seen = [sum(len(x) for x, _ in batches(key, (images, target), 10, prepare=brightness)) for key in (None, Key(0))]
    predicted = predict(identity, {}, images, 10, prepare=brightness)
    means = evaluate(identity, {}, (images, target), {"loss": mse}, 10, prepare=brightness)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == [1_000, 1_000]
    assert np.allclose(predicted[:, 0], IMAGES.mean(axis=(1, 2)), atol=0.01)
    assert means["loss"] < 0.01
    assert peak < images.nbytes / 4


@KEYS
def test_prepare_cannot_change_the_data(key):
    def spoiled(batch, key):
        batch[0][...] = 0
        return batch

    with pytest.raises(ValueError, match="read-only"):
        list(batches(key, (X.copy(),), 4, prepare=spoiled))


@KEYS
def test_with_prepare_the_arrays_may_hold_anything(key):
    names, dates = np.array([f"{y}.png" for y in Y]), np.datetime64("2025-01-01") + Y
    days = np.array([("a", y) for y in Y], [("name", "U1"), ("y", int)])

    def read(batch, key):
        names, dates, days, y = batch
        return np.array([[float(name[:-4])] for name in names]), dates.astype(int) - 20089, days["y"], y

    for x, date, day, y in batches(key, (names, dates, days, Y), 4, prepare=read):
        assert x[:, 0].tolist() == date.tolist() == day.tolist() == y.tolist()
    lengths = predict(identity, {}, names, 4, prepare=lambda batch, key: (np.array([[len(s) / 2] for s in batch[0]]),))
    assert lengths.tolist() == [[2.5]] * 10


def test_a_function_that_does_not_say_what_it_takes_is_not_refused():
    assert len(batches(None, (X,), 6, prepare=max)) == 2


PREPARED = {
    "no return": (lambda batch, key: None, r"prepare\(batch, key\) must return a tuple .* got NoneType; write"),
    "one array": (lambda batch, key: batch[0], r"must return a tuple of arrays .* got ndarray; write \(x,\) for one"),
    "no arrays": (lambda batch, key: (), "got one without arrays"),
    "a list of lists": (lambda batch, key: [batch[0].tolist()], r"\[0\] is list; convert it with np.asarray"),
    "words": (lambda batch, key: (batch[0], batch[0].astype(str)), r"\[1\] is an array of <U"),
}


@KEYS
@pytest.mark.parametrize(("prepare", "words"), PREPARED.values(), ids=PREPARED)
def test_what_prepare_must_not_return(key, prepare, words):
    for call in (
        lambda: list(batches(key, (X, Y), 4, prepare=prepare)),
        lambda: predict(identity, {}, X, 4, prepare=prepare),
        lambda: predict(identity, {}, X[:0], 4, prepare=prepare),
        lambda: evaluate(identity, {}, (X, X), {"loss": mse}, 4, prepare=prepare),
    ):
        with pytest.raises(ValueError, match=words):
            call()


@KEYS
@pytest.mark.parametrize("prepare", [lambda batch: batch, lambda x, y, key: (x, y), 255, "divided"])
def test_what_cannot_prepare_is_refused_at_the_call(key, prepare):
    with pytest.raises(
        TypeError, match=r"prepare must be a function \(batch, key\) -> batch, got .*; write def prepare"
    ):
        batches(key, (X, Y), 4, prepare=prepare)
    with pytest.raises(TypeError, match="got list"):
        predict(identity, {}, X.tolist(), prepare=divided)


@KEYS
def test_networks_with_data_in_fortran_order(key):
    stacked = np.asfortranarray(np.stack([X, X + 100, X + 200]))
    for x, y in batches(key, (stacked, np.asfortranarray([Y] * 3)), 4, axis=1):
        assert np.array_equal(x, stacked[:, y[0]])


def test_data_that_is_not_finite_is_not_looked_for_in_advance():
    assert len(list(batches(Key(0), (np.full((4, 2), np.nan), np.full(4, np.inf)), 2))) == 2


@KEYS
def test_no_examples_give_no_batches(key):
    assert list(batches(key, (X[:0],), 4)) == []


class Table:
    shape, to_numpy = (10, 2), None  # a data frame's


class Sparse:
    shape, toarray = (10, 2), None  # a sparse matrix's of SciPy


class Tensor:
    shape, detach = (10, 2), None  # a tensor's of PyTorch


MISTAKES = {
    "other lengths": (((X, Y[:9]), 4), {}, r"one length, got \[10, 9\]; does every x have its y"),
    "other lengths along another axis": (((X[None], Y[None, :9]), 4), {"axis": 1}, r"got \[10, 9\]"),
    "one array": ((X, 4), {}, "expected a tuple of arrays such as .* got ndarray"),
    "drop_last without a full batch": (
        ((X, Y), 11),
        {"drop_last": True},
        "leaves out all 10 examples, fewer than the size 11; make it smaller",
    ),
    "drop_last without examples": (((X[:0],), 4), {"drop_last": True}, "leaves out all 0 examples"),
    "no arrays": (((), 4), {}, "expected a tuple of arrays .* got one without arrays"),
    "a table for a column": (((X, Table()), 4), {}, r"\[1\] is Table; convert it with to_numpy\(\)"),
    "a table": ((Table(), 4), {}, r"expected a tuple of arrays such as \(x, y\), got Table"),
    "a sparse matrix": (((Sparse(), Y), 4), {}, r"\[0\] is Sparse; convert it with toarray\(\)"),
    "a tensor": (((Tensor(),), 4), {}, r"\[0\] is Tensor; convert it with detach\(\).numpy\(\)"),
    "a list": (((X.tolist(), Y), 4), {}, r"\[0\] is list; convert it with np.asarray"),
    "a matrix": (((X.view(np.matrix), Y), 4), {}, r"\[0\] is matrix, .* convert it with np.asarray"),
    "a masked array": (((np.ma.masked_less(X, 1), Y), 4), {}, r"\[0\] is MaskedArray; .* filled\(0\)"),
    "another byte order": (((X.astype(">f4"),), 4), {}, r"\[0\] is an array of >f4, .* astype\('float32'\)"),
    "objects": (((X.astype(object),), 4), {}, r"\[0\] is an array of object; convert it with astype"),
    "a size of 0": (((X,), 0), {}, "a whole number from 1 up, got 0"),
    "a negative size": (((X,), -1), {}, "a whole number from 1 up, got -1"),
    "a size of 2.0": (((X,), 2.0), {}, "a whole number from 1 up, got 2.0"),
    "a size of True": (((X,), True), {}, "a whole number from 1 up, got True"),
}


@KEYS
@pytest.mark.parametrize(("arguments", "settings", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_raise_at_the_call(key, arguments, settings, words):
    with pytest.raises(ValueError, match=words):
        batches(key, *arguments, **settings)


def test_a_seed_is_not_a_key():
    with pytest.raises(TypeError, match="expected a Key, got int"):
        batches(42, (X,), 4)


def test_an_epoch_may_be_iterated_again():
    epoch = batches(Key(42), (X,), 4)
    assert len(epoch) == len(list(epoch)) == 3
    assert all(np.array_equal(a, b) for (a,), (b,) in zip(epoch, epoch, strict=True))
