"""Facts about the JSON index."""

import contextlib
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_neuromapper import schema
from tb_neuromapper.schema import Record, RecordError, TensorSpec

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
SPECS = st.builds(
    TensorSpec,
    dtype=st.sampled_from(schema.DTYPES),
    shape=st.lists(st.integers(1, 1000), max_size=4).map(tuple) | st.just((0, 8)),
    checksum=HEX,
)
FILES = st.none() | st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=30).map(
    lambda name: f"{name}.safetensors"
)
RECORDS = st.builds(
    Record,
    kind=st.sampled_from(schema.KINDS),
    step=st.integers(0, 2**53 - 1),
    sample_set=HEX,
    file=FILES,
    tensors=st.dictionaries(st.text(max_size=30), SPECS, max_size=5),
    attributes=st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9), max_size=3),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(RECORDS)
def test_decode__returns_what_encode_was_given(record):
    """An index survives the round trip."""
    assert schema.decode(schema.encode(record)) == record


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_decode__refuses_anything_else_in_words(data):
    """Arbitrary bytes and arbitrary JSON raise RecordError, never anything else."""
    with pytest.raises(RecordError):
        schema.decode(data)


@given(RECORDS, st.sampled_from(["schema_version", "kind", "step", "sample_set", "file", "tensors"]), JSON)
def test_decode__survives_any_value_in_any_field(record, name, value):
    """A falsified field is either still valid or refused with a sentence."""
    index = json.loads(schema.encode(record))
    index[name] = value
    with contextlib.suppress(RecordError):
        schema.decode(json.dumps(index).encode())


@pytest.mark.parametrize(
    "file",
    ["../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "a\\b.safetensors", ".x.safetensors", "x.pkl", ""],
)
def test_decode__refuses_a_file_outside_the_folder(file):
    """Only a bare name is allowed."""
    data = schema.encode(Record("outcomes", 1, "", "good.safetensors", {}))
    with pytest.raises(RecordError, match="bare name"):
        schema.decode(data.replace(b"good.safetensors", json.dumps(file)[1:-1].encode()))


def test_decode__names_both_versions():
    """Another schema version is refused with what came, what is read and what to do."""
    data = schema.encode(Record("outcomes", 1, "", None, {})).replace(b'"schema_version":1', b'"schema_version":7')
    with pytest.raises(RecordError, match=r"version 7; this viewer reads version 1\. Install"):
        schema.decode(data)


@given(st.lists(st.text() | st.integers()))
def test_from_json_array__inverts_to_json_array(values):
    """A list survives the round trip through a uint8 array."""
    assert schema.from_json_array(schema.to_json_array(values)) == values


def test_sample_set_hash__tells_types_and_order_apart():
    """Ids 1 and "1" are different samples, and the order counts."""
    hashes = {schema.sample_set_hash(ids) for ids in ([1, 2], [2, 1], ["1", "2"], [12])}
    assert len(hashes) == 4
