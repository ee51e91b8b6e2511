"""Small digits for the tests of the benchmark."""

import pytest

from recipes.data import digits
from tests.support.idx_files import write_bright_rows


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_bright_rows(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def data(small):
    return digits.load(small).first(40)
