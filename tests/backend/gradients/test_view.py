"""Facts about the gradients screen's pure functions."""

import numpy as np
import pytest

from tb_neuromapper.backend.gradients.view import MEASURES, QUANTILES, SCALES, scale, summarize
from tests.logs import COLUMNS


def test_scale__spans_powers_of_ten_and_at_most_six():
    """Values over many decades are cut at the lower end; equal values still have one decade; nothing is null."""
    ends = np.full((4, 2), np.nan)
    ends[0], ends[1] = (1e-12, 3e-2), (1e-3, 1e-3)
    found = scale([ends, ends])
    assert found["unit"] == pytest.approx([1e-7, 1e-1])
    assert found["edge"] == pytest.approx([1e-4, 1e-3])
    assert found["activation"] is None
    assert scale([]) == dict.fromkeys(SCALES)


def test_summarize__knows_what_it_does_not_know():
    """Without parameters norms are unknown; of units whose zeros are unknown the share is that of the others."""
    units = {
        "unit_zeros": np.array([1, 1, 0.5, np.nan, np.nan], np.float32),
        "unit_activation": np.array([0, 0, 3, 1, np.nan], np.float32),
    }
    layers = [
        {"name": name, "n_units": n_units, "n_edges": 0, "shares": None}
        for name, n_units in (("a", 4), ("b", 1), ("c", 0))
    ]
    measures = dict(zip(MEASURES, summarize(layers, units, None).measures, strict=True))
    assert np.isnan(measures["gradient_norm"]).all()
    assert measures["dead"][0] == pytest.approx(2 / 3)
    assert measures["activation"][0] == 1
    assert np.isnan(measures["dead"][1:]).all()


def test_columns__of_the_distributions_are_recorded():
    """The quantiles that the screen shows are columns of the log."""
    assert {f"{of}_{name}" for of in ("weight", "gradient") for name in QUANTILES} <= set(COLUMNS)
