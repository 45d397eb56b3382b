"""Whether a record's tensors are those of its kind. What is not is left out, with a sentence for the user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from tb_neuromapper.schema import Record, RecordError, TensorSpec

# Kinds that speak of a training step, not of the probe's samples.
SAMPLE_FREE = ("gradients", "parameters")
UNIT_ARRAYS = ("unit_activation", "unit_zeros", "unit_saturated", "unit_gradient", "unit_signed")
EDGE_ARRAYS = ("edges", "edge_gradient", "edge_weight")
_MAX_THUMBNAIL_SIDE = 256
_LABELS = {"probe/labels": ("int64",), "probe/targets": ("float32", "float64")}


def check_probe(record: Record) -> tuple[Record, list[str]]:
    """The probe record without unusable tensors, and a sentence for each of them.

    Raises:
        RecordError: Without usable ids there is no number of samples.
    """
    ids = record.tensors.get("probe/ids")
    if ids is None or len(ids.shape) != 1 or ids.dtype not in ("int64", "json"):
        raise RecordError("it has no usable tensor 'probe/ids'; a row of int64 or a json list is needed.")
    n_samples = ids.shape[0] if ids.dtype != "json" else record.attributes.get("n_samples")
    if not isinstance(n_samples, int) or isinstance(n_samples, bool) or not 0 < n_samples < 2**40:
        raise RecordError(f"its number of samples is {n_samples!r}; a positive integer is needed.")
    problems = {name: _probe_problem(name, spec, n_samples) for name, spec in record.tensors.items()}
    kept = {name: spec for name, spec in record.tensors.items() if not problems[name]}
    record = replace(record, tensors=kept, attributes={**record.attributes, "n_samples": n_samples})
    return record, [problem for problem in problems.values() if problem]


def check_record(record: Record, n_samples: int) -> tuple[Record, list[str]]:
    """A record of any kind but the probe without its unusable tensors, and a sentence for each of those.

    Raises:
        RecordError: Nothing usable is left.
    """
    if record.kind in ("activations", "outcomes"):
        return check_rows(record, n_samples)
    if record.kind == "gradients":
        return check_gradients(record)
    return check_parameters(record) if record.kind == "parameters" else (record, [])


def check_rows(record: Record, n_samples: int) -> tuple[Record, list[str]]:
    """Activations or outcomes without tensors that do not hold one row a sample, and a sentence for each of those.

    Raises:
        RecordError: No tensor is left.
    """
    rank = 2 if record.kind == "activations" else 1
    prefix = f"{record.kind}/"
    kept: dict[str, TensorSpec] = {}
    problems = []
    for name, spec in record.tensors.items():
        if name.startswith(prefix) and len(spec.shape) == rank and spec.shape[0] == n_samples and spec.dtype != "json":
            kept[name] = spec
        else:
            problems.append(f"tensor {name!r} has shape {list(spec.shape)}; the probe has {n_samples} samples.")
    if not kept:
        raise RecordError(problems[0] if problems else "it has no tensors.")
    return replace(record, tensors=kept), problems


def check_gradients(record: Record) -> tuple[Record, list[str]]:
    """A gradients record without unusable tensors, and a sentence for each of those.

    Raises:
        RecordError: It has no table of its layers, or nothing is known of their units.
    """
    _refuse_other_list(record, "gradients/layers")
    units = {name: record.tensors[name] for key in UNIT_ARRAYS if (name := f"gradients/{key}") in record.tensors}
    lengths = Counter(spec.shape for spec in units.values() if len(spec.shape) == 1 and spec.dtype == "float32")
    if not lengths:
        raise RecordError("it has no usable array of its units; a row of float32 values is needed.")
    shape = lengths.most_common(1)[0][0]
    bad = {
        name: f"tensor {name!r} is {spec.dtype} {list(spec.shape)}; the units' arrays are float32 {list(shape)}."
        for name, spec in units.items()
        if spec.shape != shape or spec.dtype != "float32"
    }
    edges = {key: record.tensors.get(f"gradients/{key}") for key in EDGE_ARRAYS}
    if any(edges.values()) and not _are_edges(*edges.values()):
        shown = ", ".join(f"{key} {spec.dtype} {list(spec.shape)}" for key, spec in edges.items() if spec)
        problem = f"the connections are {shown}; int32 (E, 2) and twice float32 (E,) are needed."
        bad.update({f"gradients/{key}": problem for key in EDGE_ARRAYS})
    kept = {name: spec for name, spec in record.tensors.items() if name not in bad}
    return replace(record, tensors=kept), list(dict.fromkeys(bad.values()))


def check_parameters(record: Record) -> tuple[Record, list[str]]:
    """A parameters record as it is; there is nothing in it that could be left out alone.

    Raises:
        RecordError: It lacks its table, its statistics or the names of their columns.
    """
    _refuse_other_list(record, "parameters/rows")
    spec = record.tensors.get("parameters/statistics")
    if spec is None or spec.dtype != "float32" or len(spec.shape) != 2:
        raise RecordError("it has no usable tensor 'parameters/statistics'; float32 (rows, columns) is needed.")
    columns = record.attributes.get("columns")
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise RecordError("its columns have no names; the attribute 'columns' must be a list of texts.")
    if len(columns) != spec.shape[1]:
        raise RecordError(f"it names {len(columns)} columns; its statistics have {spec.shape[1]}.")
    return record, []


def _refuse_other_list(record: Record, name: str) -> None:
    spec = record.tensors.get(name)
    if spec is None or spec.dtype != "json" or len(spec.shape) != 1:
        raise RecordError(f"it has no usable tensor {name!r}; a json list is needed.")


def _are_edges(edges: TensorSpec | None, gradient: TensorSpec | None, weight: TensorSpec | None) -> bool:
    if edges is None or gradient is None or weight is None:
        return False
    is_pairs = len(edges.shape) == 2 and edges.shape[1] == 2 and edges.dtype == "int32"
    return is_pairs and all(spec.shape == edges.shape[:1] and spec.dtype == "float32" for spec in (gradient, weight))


def same_content(record: Record, probe: Record) -> bool:
    """Whether both speak of the same samples, or the record of none, as far as the log says."""
    if record.kind in SAMPLE_FREE:
        return True
    contents = _content(record.attributes), _content(probe.attributes)
    return record.sample_set == probe.sample_set and (None in contents or contents[0] == contents[1])


def _content(attributes: Mapping[str, object]) -> object:
    return attributes.get("content")


def _probe_problem(name: str, spec: TensorSpec, n_samples: int) -> str:
    """Why a tensor of the probe record cannot be used, or ""."""
    if name == "probe/thumbnails":
        is_good = len(spec.shape) == 4 and spec.dtype == "uint8" and spec.shape[0] == n_samples
        if not is_good or spec.shape[3] not in (1, 3) or max(spec.shape[1:3]) > _MAX_THUMBNAIL_SIDE:
            allowed = f"({n_samples}, height, width, 1 or 3) of uint8, at most {_MAX_THUMBNAIL_SIDE} pixels a side"
            return f"thumbnails are {spec.dtype} {list(spec.shape)}; only {allowed}, are allowed."
    elif spec.dtype != "json" and spec.shape != (n_samples,):
        return f"tensor {name!r} has shape {list(spec.shape)}; the probe has {n_samples} samples."
    elif name in _LABELS and spec.dtype not in _LABELS[name]:
        return f"tensor {name!r} is {spec.dtype}; only {' or '.join(_LABELS[name])} is allowed."
    return ""
