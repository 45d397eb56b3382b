"""Read a run back by plain means: TensorBoard's event reader and the safetensors library."""

from __future__ import annotations

import numpy as np
import safetensors.numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tb_neuromapper import schema


def accumulate(run_dir):
    """A run's events, read by TensorBoard."""
    accumulator = EventAccumulator(str(run_dir), size_guidance={"tensors": 0, "scalars": 0})
    accumulator.Reload()
    return accumulator


def read_records(run_dir, kind):
    """Records of a kind by step, as (record, arrays); every checksum, dtype and shape is verified."""
    accumulator = accumulate(run_dir)
    if schema.tag(kind) not in accumulator.Tags()["tensors"]:
        return {}
    return {e.step: _decode(run_dir, e.tensor_proto.string_val) for e in accumulator.Tensors(schema.tag(kind))}


def _decode(run_dir, values):
    record = schema.decode(values[0])
    if record.file is None:
        raw = dict(zip(record.tensors, values[1:], strict=True))
    else:
        stored = safetensors.numpy.load_file(run_dir / schema.ASSET_FOLDER / record.file)
        raw = {name: stored[name].tobytes() for name in record.tensors}
    arrays = {}
    for name, spec in record.tensors.items():
        array = np.frombuffer(raw[name], "uint8" if spec.dtype == "json" else spec.dtype).reshape(spec.shape)
        assert schema.checksum(array) == spec.checksum
        arrays[name] = schema.from_json_array(array) if spec.dtype == "json" else array
    return record, arrays


def scalars(run_dir, name):
    """A scalar's values by step."""
    return {e.step: e.value for e in accumulate(run_dir).Scalars(name)}
