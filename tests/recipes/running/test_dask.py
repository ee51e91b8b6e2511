"""A Dask cluster's executor carries out a sweep, with the same results as this machine's processes."""

import pytest

from fnn import Key, split
from recipes.classifiers import classifier
from recipes.data import digits
from recipes.running.experiment import executor_of
from recipes.running.plan import Options, Task
from recipes.running.sweep import sweep
from tests.recipes.running.test_kills import small  # noqa: F401

distributed = pytest.importorskip("distributed")


def test_a_cluster_gives_the_same_results(small, tmp_path):  # noqa: F811
    config = classifier.Config(hidden=(8,), epochs=2)
    tasks = [Task("classifier", classifier.run, digits.load, small, config, key) for key in split(Key(0), 3)]
    here = sweep(tasks, tmp_path / "here", jobs=1)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster,
        executor_of(Options(executor=f"dask:{cluster.scheduler_address}")) as executor,
    ):
        there = sweep(tasks, tmp_path / "there", executor=executor)
        assert sweep(tasks, tmp_path / "there", executor=executor) == there
    assert [path.read_bytes() for path in here] == [path.read_bytes() for path in there]


@pytest.mark.parametrize("wrong", ["mpi:4", "dask", "dask:"])
def test_other_executors_are_refused(wrong):
    with pytest.raises(ValueError, match="--executor takes dask:ADDRESS"):
        executor_of(Options(executor=wrong)).__enter__()
