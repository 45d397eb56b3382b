"""Whether a record's tensors are those of its kind. What is not is left out, with a sentence for the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tb_neuromapper.schema import Record, RecordError, TensorSpec

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


def same_content(record: Record, probe: Record) -> bool:
    """Whether both speak of the same samples, as far as the log says."""
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
