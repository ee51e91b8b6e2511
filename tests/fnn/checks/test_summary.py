"""A summary has a row for each innermost layer, in the order in which they compute."""

import pytest

from fnn import Key, LayerError, chain, concat, dropout, ensemble, flatten, linear, ravel, relu, residual, summary

MODEL = chain(
    flatten(),
    encoder=chain(linear(8), relu),
    skip=residual(chain(linear(8), dropout(0.5))),
    heads=concat(linear(2), wide=linear(3)),
)


def test_a_summary_is_a_table():
    assert repr(summary(MODEL, (4, 5))).splitlines() == [
        "path        layer         output  parameters",
        "----------  ------------  ------  ----------",
        "            input         (4, 5)",
        "0           flatten(2)    (20,)            0",
        "encoder.0   linear(8)     (8,)           168",
        "encoder.1   relu          (8,)             0",
        "skip.0      linear(8)     (8,)            72",
        "skip.1      dropout(0.5)  (8,)             0",
        "heads.0     linear(2)     (2,)            18",
        "heads.wide  linear(3)     (3,)            27",
        "----------  ------------  ------  ----------",
        "                          total          285",
    ]


MODELS = {
    "nested": (MODEL, (4, 5)),
    "one layer": (linear(3), (4,)),
    "ensemble": (ensemble(chain(linear(3), relu, linear(2)), 5), (4,)),
    "ensemble within": (chain(linear(3), ensemble(linear(2), 5)), (4,)),
    "residual of a layer": (residual(linear(4)), (4,)),
    "residual of an ensemble": (residual(ensemble(chain(linear(3), linear(4)), 2)), (4,)),
    "no layers": (chain(), (4,)),
}


@pytest.mark.parametrize(("model", "shape"), MODELS.values(), ids=MODELS)
def test_the_total_is_the_length_of_the_flat_vector(model, shape):
    assert summary(model, shape).n_params == ravel(model.init(Key(0), shape)[0])[0].size


@pytest.mark.parametrize(("model", "shape"), MODELS.values(), ids=MODELS)
def test_paths_lead_to_the_layers(model, shape):
    for row in summary(model, shape).rows:
        part = model
        for name in row.path:
            part = part[name]
        assert repr(part) == row.layer


def test_a_summary_is_a_value():
    assert summary(MODEL, (4, 5)) == summary(MODEL, (4, 5))
    assert summary(MODEL, (4, 5)) != summary(MODEL, (5, 4))


def test_large_numbers_have_separators():
    assert repr(summary(chain(linear(1000)), (1000,))).endswith("total     1,001,000")


def test_shapes_that_do_not_fit_name_the_path():
    with pytest.raises(LayerError, match=r"linear\(8\) in chain\['encoder'\]\['0'\]: expected one axis"):
        summary(chain(encoder=chain(linear(8))), (4, 5))
