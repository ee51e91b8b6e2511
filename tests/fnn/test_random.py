"""Randomness is a value: a stream depends on its key and on nothing else."""

import copy
import pickle

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fnn
from fnn.random import Key, draw, fold_in, folded, generator, split

words = st.integers(0, 2**32 - 1)
paths = st.lists(words, max_size=4).map(tuple)


def first(key):
    return generator(key).integers(2**63, size=2).tolist()


@given(st.integers(0, 2**128 - 1), paths)
def test_equal_keys_name_equal_streams(seed, path):
    assert first(Key(seed, path)) == first(Key(seed, path))


@given(paths, paths)
def test_different_paths_name_different_streams(path, other):
    assert (first(Key(42, path)) == first(Key(42, other))) == (path == other)


def test_a_path_ending_in_zero_is_another_stream():
    keys = [Key(42), Key(42, (0,)), Key(42, (0, 0)), Key(0, (42,)), Key(42 + 2**32), Key(42, (1,))]
    assert len({tuple(first(key)) for key in keys}) == len(keys)


def test_the_stream_is_the_one_that_numpy_spawns():
    child = np.random.SeedSequence(42).spawn(3)[2].spawn(2)[1]
    assert first(Key(42, (2, 1))) == np.random.default_rng(child).integers(2**63, size=2).tolist()


@given(st.integers(0, 2**128 - 1), paths, words)
def test_fold_in_appends_to_the_path(seed, path, i):
    assert fold_in(Key(seed, path), i) == Key(seed, (*path, i))


def test_split_is_fold_in_with_each_number():
    assert split(Key(42), 3) == tuple(fold_in(Key(42), i) for i in range(3))


def test_split_into_0_keys_is_empty():
    assert split(Key(42), 0) == ()


def test_only_the_new_part_of_a_path_is_checked(monkeypatch):
    checked, below = [], fnn.random._below
    monkeypatch.setattr(fnn.random, "_below", lambda i, bits: checked.append(i) or below(i, bits))
    key = Key(42)
    for _ in range(1_000):
        key, _ = split(key, 2)
    assert key.path == (0,) * 1_000
    assert len(checked) <= 2 * 1_000 + 1


def test_a_folded_key_is_a_whole_key():
    for key in (fold_in(Key(42, (1,)), 2), pickle.loads(pickle.dumps(fold_in(Key(42, (1,)), 2)))):
        assert (key, hash(key), repr(key)) == (Key(42, (1, 2)), hash(Key(42, (1, 2))), repr(Key(42, (1, 2))))
        assert copy.deepcopy(key) == attrs.evolve(key) == key


def test_numpy_integers_are_integers():
    key = fold_in(Key(np.int64(42)), np.uint8(3))
    assert key == Key(42, (3,))
    assert hash(key) == hash(Key(42, (3,)))
    assert repr(key) == "Key(seed=42, path=(3,))"


def test_the_greatest_seed_and_path_are_allowed():
    assert first(Key(2**128 - 1, (2**32 - 1,))) != first(Key(2**128 - 1))


def test_a_key_is_immutable():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Key(42).seed = 43


def test_a_generator_is_fresh_each_time():
    key = Key(42)
    generator(key).random(100)
    assert first(key) == first(key)


def test_draw_gives_float32_in_the_unit_interval():
    numbers = draw(Key(42), (1000, 3))
    assert numbers.shape == (1000, 3)
    assert numbers.dtype == np.float32
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 5 / np.sqrt(12 * numbers.size)


def test_draw_is_a_function_of_the_key():
    assert np.array_equal(draw(Key(42), (5,)), draw(Key(42), (5,)))
    assert not np.array_equal(draw(Key(42), (5,)), draw(Key(43), (5,)))


def test_numpys_global_generator_is_untouched():
    before = np.random.get_state()  # noqa: NPY002
    draw(Key(42), (5,))
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_keys_of_other_libraries_work_once_registered():
    class Other(str):
        __slots__ = ()

    folded.register(Other, lambda key, i: Other(f"{key}/{i}"))
    assert split(Other("key"), 2) == ("key/0", "key/1")


def test_without_a_key_there_is_none_below_it():
    assert fold_in(None, 3) is None


@pytest.mark.parametrize("seed", [-1, 2**128, 42.0, True, "42", None, np.float64(1), np.timedelta64(3, "s")], ids=repr)
def test_a_seed_is_an_integer_in_range(seed):
    with pytest.raises(ValueError, match="seed must be an integer from 0"):
        Key(seed)


@pytest.mark.parametrize("i", [-1, 2**32, 1.0, False, "1", None, np.timedelta64(3), np.bool(True)], ids=repr)
def test_only_integers_in_range_fold_in(i):
    with pytest.raises(ValueError, match="only integers from 0 to"):
        fold_in(Key(42), i)


@pytest.mark.parametrize(
    "call",
    [lambda: fold_in(42, 0), lambda: split(42, 1), lambda: generator(42), lambda: draw(42, (1,))],
    ids=["fold_in", "split", "generator", "draw"],
)
def test_a_seed_is_not_a_key(call):
    with pytest.raises(TypeError, match=r"expected a Key, got int; make one with Key\(seed\)"):
        call()


KEYS = (Key(42), Key(1, (2,)), Key(7))


def test_a_number_is_folded_into_each_of_several_keys():
    assert fold_in(KEYS, 5) == tuple(fold_in(key, 5) for key in KEYS)
    assert split(KEYS, 2) == (fold_in(KEYS, 0), fold_in(KEYS, 1))


@pytest.mark.parametrize("normal", [False, True])
def test_several_keys_draw_what_each_draws_alone(normal):
    together = draw(KEYS, (3, 4, 2), normal=normal)
    assert together.dtype == np.float32
    assert np.array_equal(together, [draw(key, (4, 2), normal=normal) for key in KEYS])
    inner = (KEYS, KEYS[::-1])  # ensembles of ensembles
    assert np.array_equal(
        draw(inner, (2, 3, 4, 5)), [draw(keys, (3, 4, 5)) for keys in inner]
    )  # ensembles of ensembles


@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (), (1, 3, 2)], ids=str)
def test_several_keys_draw_for_as_many_networks(shape):
    with pytest.raises(ValueError, match="the 3 keys of an ensemble draw for arrays"):
        draw(KEYS, shape)


def test_no_keys_are_refused():
    with pytest.raises(ValueError, match="got no keys; give one for each network"):
        fold_in((), 0)
