"""A history is read like a tuple of records, and one more record does not copy it."""

import copy
import pickle
import tracemalloc
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn.training.history import History

records = st.lists(st.integers().map(lambda i: {"epoch": i}), max_size=40)


@given(records, records)
def test_a_history_is_like_a_tuple(first, further):
    history, whole = reduce(History.append, further, History.of(first)), (*first, *further)
    assert (tuple(history), len(history), repr(history)) == (whole, len(whole), repr(whole))
    assert [history[i] for i in range(-len(whole), len(whole))] == [*whole, *whole]
    assert history[1:-1] == whole[1:-1]
    assert history[::-3] == whole[::-3]
    assert tuple(reversed(history)) == whole[::-1]
    assert history == whole == history
    assert history == History.of(whole)
    assert history != (*whole, {})
    for again in (pickle.loads(pickle.dumps(history)), copy.deepcopy(history), History.of(history)):
        assert again == history
    for beyond in (len(whole), -len(whole) - 1):
        with pytest.raises(IndexError):
            history[beyond]


def test_histories_can_part():
    first = History.of([{"epoch": 1}])
    assert first.append({"epoch": 2}) != first.append({"epoch": 3})
    assert len(first) == 1


def test_the_histories_of_all_epochs_share_their_records():
    tracemalloc.start()
    histories = [History()]
    for i in range(4_000):
        histories.append(histories[-1].append(i))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(history) for history in histories] == [*range(4_001)]
    assert peak < 4e6  # as tuples they would take 64 MB
