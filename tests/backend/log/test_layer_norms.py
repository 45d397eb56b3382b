"""Which value a layer's norms have where a norm of one of its parameters is unknown, and why."""

import math

import numpy as np
import pytest

from tb_neuromapper.backend.log.layer_norms import layer_norms
from tb_neuromapper.backend.log.parameter_table import ParameterTable

COLUMNS = ["weight_norm", "gradient_norm", "update_norm", "n_nonfinite_weight", "n_nonfinite_gradient"]
NAN = math.nan
IH = [3.0, 1.0, 0.3, 0, 0]
HH = [4.0, 2.0, 0.4, 0, 0]


def norms_of(frozen=(), **statistics):
    """The norms of one layer, from the statistics of its parameters by name, in the order of COLUMNS."""
    rows = [
        {"name": f"rnn.{name}", "layer": "rnn", "n_values": 2, "frozen": name in frozen, "learning_rate": None}
        for name in statistics
    ]
    values = np.array(list(statistics.values()), np.float32).reshape(-1, len(COLUMNS))
    norms = layer_norms(ParameterTable(0, rows, COLUMNS, values, []))
    assert norms.names == ["rnn"]
    return norms


def test_update_ratio__is_that_of_all_weights_together():
    """Changes of 0.3 and 0.4 of weights of 3 and 4 are 0.5 of 5; a bias, which begins near 0, is left out."""
    norms = norms_of(weight_ih=IH, weight_hh=HH, bias=[0.01, 2.0, 0.01, 0, 0])
    assert norms.update_ratio[0] == pytest.approx(0.1)
    assert norms.weight_norm[0] == pytest.approx(5)
    assert norms.gradient_norm[0] == pytest.approx(3)
    assert norms.weight_gradient[0] == pytest.approx(math.sqrt(5 / 4))


@pytest.mark.parametrize("update", [NAN, 0.4])
def test_update_ratio__is_unknown_where_a_weight_is_not_finite(update):
    """The ratio of the other weights would make a layer that is full of NaN look healthy.

    Nor may a change be divided by the norm of other weights than those that it is of: a sample of a large tensor can
    miss what is not finite, and then the change is known though the norm is not.
    """
    norms = norms_of(weight_ih=IH, weight_hh=[NAN, 2.0, update, 1, 0])
    assert np.isnan(norms.update_ratio[0])
    assert np.isnan(norms.weight_norm[0])
    assert norms.n_nonfinite_weight[0] == 1


def test_update_ratio__counts_a_frozen_weight_as_unchanged():
    """Of a frozen weight no change is recorded, because there is none: the step moved the layer by 0.3 of 5."""
    norms = norms_of(frozen=["weight_hh"], weight_ih=IH, weight_hh=[4.0, NAN, NAN, 0, NAN])
    assert norms.update_ratio[0] == pytest.approx(0.06)
    assert not norms.is_frozen[0]


def test_update_ratio__counts_a_weight_that_no_gradient_reached_as_unchanged():
    """An optimizer leaves alone what has no gradient: it neither steps nor decays it."""
    norms = norms_of(weight_ih=IH, weight_hh=[4.0, NAN, NAN, 0, NAN])
    assert norms.update_ratio[0] == pytest.approx(0.06)
    assert norms.gradient_norm[0] == 1


@pytest.mark.parametrize("hh", [[4.0, 2.0, NAN, 0, 0], [4.0, NAN, NAN, 0, 7]])
def test_update_ratio__is_unknown_where_a_trained_weight_has_changed_by_who_knows_what(hh):
    """A gradient arrived, finite or not, so the weight may have moved by any amount."""
    assert np.isnan(norms_of(weight_ih=IH, weight_hh=hh).update_ratio[0])


@pytest.mark.parametrize(
    "statistics",
    [
        {"bias": [1.0, 1.0, 0.1, 0, 0]},
        {"weight": [0.0, 1.0, 0.0, 0, 0]},
        {"weight": [4.0, NAN, NAN, 0, NAN]},
    ],
)
def test_update_ratio__is_unknown_without_weights_or_changes(statistics):
    """Of biases alone, of weights that are all 0, and where no change at all was recorded there is no ratio."""
    assert np.isnan(norms_of(**statistics).update_ratio[0])


def test_layer_norms__of_no_parameters_are_none():
    """A network without parameters has an empty table."""
    norms = layer_norms(ParameterTable(0, [], COLUMNS, np.zeros((0, len(COLUMNS)), np.float32), []))
    assert norms.names == []
    assert norms.update_ratio.shape == norms.is_frozen.shape == (0,)


def test_layer_norms__of_columns_that_the_record_lacks_are_unknown():
    """A log of another writer may know less."""
    rows = [{"name": "fc.weight", "layer": "fc", "n_values": 2, "frozen": False, "learning_rate": None}]
    norms = layer_norms(ParameterTable(0, rows, ["weight_norm"], np.ones((1, 1), np.float32), []))
    assert norms.weight_norm.tolist() == [1]
    assert np.isnan([norms.update_ratio, norms.gradient_norm, norms.n_nonfinite_weight]).all()
