"""Settings of all tests: JAX computes in float64 when it is given float64, and hypothesis draws the same examples.

Each property runs on 200 examples, the same ones every time; `pytest tests/fnn/test_properties.py
tests/fnn/test_training_properties.py --hypothesis-profile=long` draws 5,000 new ones.
"""

import os

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, Phase, settings

os.environ.setdefault("JAX_ENABLE_X64", "1")  # JAX reads it when it is imported, which few tests do

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", derandomize=True, database=None, deadline=None, max_examples=200, suppress_health_check=SLOW
)
settings.register_profile(
    "long", print_blob=True, database=None, deadline=None, max_examples=5000, suppress_health_check=SLOW
)
settings.register_profile(
    "first failure", settings.get_profile("ci"), phases=[Phase.generate]
)  # without shrinking the example: enough for mutants
settings.load_profile("ci")


@pytest.fixture(scope="module")
def quickly_compiled():
    """JAX compiles with little optimisation, since compiling takes most of the time of small trainings."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def untraced():
    """The module's tests do not count for coverage, whose tracing makes Python up to twice as slow."""
    measuring = Coverage.current()
    if measuring is not None:
        measuring.stop()
    yield
    if measuring is not None:
        measuring.start()
