"""Settings of the recipes' tests: the coverage of fnn is that of its own tests."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def uncounted(untraced):
    """What recipes reach of fnn does not count as tested."""
