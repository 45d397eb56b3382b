"""Facts about frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tb_neuromapper.backend.http.frames import DTYPES, decode_frame, encode_frame

ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
)


@given(st.dictionaries(st.text(max_size=10), ARRAYS, max_size=4))
def test_decode_frame__inverts_encode_frame(named):
    """Arrays and attributes survive the round trip, and every array is aligned to 8 bytes."""
    data = encode_frame(named, {"step": 3})
    decoded, attributes = decode_frame(data)
    assert attributes == {"step": 3}
    assert list(decoded) == list(named)
    for name, array in named.items():
        np.testing.assert_array_equal(decoded[name], array)
    assert len(data) % 8 == 0


@given(ARRAYS.filter(lambda array: array.size > 8), st.integers(1, 8))
def test_decode_frame__refuses_a_cut_frame(array, n_cut):
    """A frame that lost whole words at its end is refused."""
    data = encode_frame({"a": array})
    with pytest.raises(ValueError, match="beyond the end"):
        decode_frame(data[: -8 * n_cut])


def test_encode_frame__refuses_other_dtypes():
    """float64 does not travel."""
    with pytest.raises(ValueError, match="float64"):
        encode_frame({"a": np.zeros(2)})
