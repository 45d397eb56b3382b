"""Writes logs by docs/event_format.md alone, without the package's own writer: the reader's slow twin."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_BLOB_SEQUENCE, DATA_CLASS_TENSOR, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.event_file_writer import EventFileWriter

FIRST_WALL_TIME_S = 1_700_000_000.0


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def json_tensor(values):
    return np.frombuffer(json.dumps(values).encode(), np.uint8)


def spec(array, *, is_json=False):
    return {
        "dtype": "json" if is_json else array.dtype.name,
        "shape": list(array.shape),
        "checksum": digest(array),
    }


def string_tensor(values, *, scalar):
    shape = TensorShapeProto() if scalar else TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(values))])
    return TensorProto(dtype=DT_STRING, string_val=values, tensor_shape=shape)


@dataclass
class LogWriter:
    """Writes records into one run's folder; every record can be falsified before it is written."""

    folder: Path
    n: int = 60
    n_classes: int = 3
    payload: str = "file"
    wall_time_s: float = FIRST_WALL_TIME_S
    ids: list = field(default_factory=list)

    def __post_init__(self):
        self.ids = self.ids or list(range(self.n))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.events = EventFileWriter(str(self.folder))
        text = json.dumps(self.ids, separators=(",", ":"))
        self.sample_set = hashlib.sha256(text.encode()).hexdigest()
        self.labels = np.arange(self.n, dtype=np.int64) % self.n_classes

    def probe(self, **extra):
        """`extra`: further tensors by name; the json dtype is recognised by a leading list."""
        tensors = {"probe/ids": np.array(self.ids, np.int64), "probe/labels": self.labels}
        tensors["probe/class_names"] = [f"class {index}" for index in range(self.n_classes)]
        tensors["probe/thumbnails"] = np.arange(self.n * 4 * 4, dtype=np.uint8).reshape(self.n, 4, 4, 1)
        return self.record("probe", 0, {**tensors, **extra}, {"n_samples": self.n})

    def epoch(self, step, blocks=("layer1", "output"), *, seed=0, **changes):
        """Activations of well separated classes, which drift a little with every step."""
        rng = np.random.default_rng(seed)
        centres, noise = rng.normal(size=(self.n_classes, 8)) * 6, rng.normal(size=(self.n, 8))
        points = (centres[self.labels] * (1 + 0.1 * step) + noise).astype(np.float16)
        tensors = {f"activations/{block}": points + np.float16(index) for index, block in enumerate(blocks)}
        details = {block: {"n_features": 8, "reduction": "none", "explained_variance": 1.0} for block in blocks}
        return self.record("activations", step, tensors, {"blocks": details}, **changes)

    def outcomes(self, step):
        ones = np.ones(self.n, np.float32)
        tensors = {"outcomes/predicted": self.labels, "outcomes/confidence": ones * 0.5, "outcomes/loss": ones}
        return self.record("outcomes", step, tensors, {})

    def record(self, kind, step, tensors, attributes, *, index_changes=None, file=None):
        """Write one record; answers the sidecar's path, or None for a payload in the event."""
        arrays = {name: json_tensor(value) if isinstance(value, list) else value for name, value in tensors.items()}
        specs = {name: spec(arrays[name], is_json=isinstance(value, list)) for name, value in tensors.items()}
        file = file or f"{step:06d}-{kind}-{int(self.wall_time_s * 10) % 1000000}.safetensors"
        index = {
            "schema_version": 1,
            "kind": kind,
            "step": step,
            "sample_set": self.sample_set,
            "file": file if self.payload == "file" else None,
            "tensors": specs,
            "attributes": attributes,
            **(index_changes or {}),
        }
        data = json.dumps(index).encode()
        path = None
        if self.payload == "file":
            path = self.folder / "plugins" / "neuromapper" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
            self.event(kind, step, string_tensor([data], scalar=True), DATA_CLASS_TENSOR)
        else:
            blobs = [data, *(array.tobytes() for array in arrays.values())]
            self.event(kind, step, string_tensor(blobs, scalar=False), DATA_CLASS_BLOB_SEQUENCE)
        return path

    def event(self, kind, step, tensor, data_class):
        metadata = SummaryMetadata(
            plugin_data=SummaryMetadata.PluginData(plugin_name="neuromapper"), data_class=data_class
        )
        value = Summary.Value(tag=f"neuromapper/{kind}", metadata=metadata, tensor=tensor)
        self.wall_time_s += 1
        self.events.add_event(Event(wall_time=self.wall_time_s, step=step, summary=Summary(value=[value])))
        self.events.flush()

    def close(self):
        self.events.close()


def write_run(folder, steps=(0, 1, 2), **options):
    """A whole run: probe, and activations and outcomes at each step."""
    writer = LogWriter(Path(folder), **options)
    writer.probe()
    for step in steps:
        writer.epoch(step)
        writer.outcomes(step)
    writer.close()
    return writer
