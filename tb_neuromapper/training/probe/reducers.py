"""Reduces what a module returns, in any form, to one row of features per sample, on the model's device."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

# Above this size an exact eigendecomposition takes too long; a seeded subspace iteration takes its place.
_MAX_EXACT = 2048
_N_ITERATIONS = 6
_OVERSAMPLING = 32

# Where the features are in what dict-like outputs hold, best first.
_FEATURE_KEYS = ("last_hidden_state", "logits", "prediction_logits", "out", "output")
_OUTPUT_KEYS = ("logits", "prediction_logits", "out", "output", "last_hidden_state")


def main_tensor(output: object, *, is_network: bool = False) -> torch.Tensor | None:
    """The tensor that stands for a module's output; None if there is none.

    Tuples give their first tensor (recurrent layers: the outputs, not the states); dict-like outputs
    (also Hugging Face's) give their hidden state, or their logits if `is_network`.
    """
    if isinstance(output, torch.Tensor):
        return output
    if isinstance(output, nn.utils.rnn.PackedSequence):
        padded, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
        return padded
    if isinstance(output, Mapping):
        keys = _OUTPUT_KEYS if is_network else _FEATURE_KEYS
        values = [output[key] for key in keys if key in output]
        return _first_tensor([*values, *output.values()], is_network)
    if isinstance(output, (tuple, list)):
        return _first_tensor(list(output), is_network)
    if hasattr(output, "__dict__"):
        return main_tensor(dict(vars(output)), is_network=is_network)
    return None


def _first_tensor(values: list[Any], is_network: bool) -> torch.Tensor | None:
    found = (
        main_tensor(v, is_network=is_network) for v in values if isinstance(v, (torch.Tensor, Mapping, tuple, list))
    )
    # A scalar is a loss that the network computed, not an output per sample.
    return next((tensor for tensor in found if tensor is not None and tensor.ndim > 0), None)


def sample_axes(tensor: torch.Tensor, *, n_rows: int, module: nn.Module) -> tuple[int, ...]:
    """Axes of a batch's output that may be the samples', the likeliest first; two if there are as many tokens.

    Raises:
        ValueError: No axis has one entry per sample.
    """
    on_first = tensor.ndim >= 1 and tensor.shape[0] == n_rows
    on_second = tensor.ndim >= 3 and tensor.shape[1] == n_rows
    if on_first and on_second:
        if (True, n_rows) in _declared_features(module):
            return (0,)
        return (1, 0) if _puts_time_first(module) else (0, 1)
    if on_first or on_second:
        return (0,) if on_first else (1,)
    raise ValueError(
        f"the output has shape {tuple(tensor.shape)}, but the batch has {n_rows} samples; "
        "only outputs with one entry per sample along the first or second axis can be logged."
    )


def reduce_to_rows(
    tensor: torch.Tensor, *, n_rows: int, module: nn.Module, mask: torch.Tensor | None = None, axis: int | None = None
) -> tuple[torch.Tensor, str]:
    """One feature row per sample: the mean over positions or tokens.

    Args:
        tensor: A batch's output, one axis of size n_rows among its first two.
        n_rows: Number of samples in the batch.
        module: Where it comes from; its layers show which is the feature axis.
        mask: (n_rows, n_tokens), true where a token counts; used if the tensor has that many tokens.
        axis: The samples' axis, 0 or 1; None takes the likeliest of `sample_axes`.

    Returns:
        The rows, float32 (n_rows, d), never an alias of `tensor`, and the name of the reduction.

    Raises:
        ValueError: No axis has one entry per sample.
    """
    if axis is None:
        axis = sample_axes(tensor, n_rows=n_rows, module=module)[0]
    rows = tensor.transpose(0, 1) if axis == 1 else tensor
    if rows.ndim == 1:
        return rows.to(torch.float32, copy=True)[:, None], "none"
    if rows.ndim == 2:
        return rows.to(torch.float32, copy=True), "none"
    if _feature_axis(rows, module) == 1:
        return rows.flatten(2).mean(2, dtype=torch.float32), "spatial mean"
    if mask is not None and rows.ndim == 3 and mask.shape == rows.shape[:2]:
        weights = mask.to(torch.float32)
        total = torch.einsum("ntd,nt->nd", rows.to(torch.float32), weights)
        return total / weights.sum(1, keepdim=True).clamp_min(1.0), "token mean without padding"
    reduction = "token mean" if rows.ndim == 3 else "spatial mean"
    return rows.flatten(1, -2).mean(1, dtype=torch.float32), reduction


def _puts_time_first(module: nn.Module) -> bool:
    return any(getattr(part, "batch_first", True) is False for part in module.modules())


def _feature_axis(rows: torch.Tensor, module: nn.Module) -> int:
    """1 if features come right after the samples (convolutions), -1 if they come last (tokens)."""
    for is_first, n_features in _declared_features(module):
        if is_first and rows.shape[1] == n_features:
            return 1
        if not is_first and rows.shape[-1] == n_features:
            return -1
    return -1 if rows.ndim == 3 else 1


def _declared_features(module: nn.Module) -> Iterator[tuple[bool, int]]:
    """What the layers say of their outputs, last layer first: (features come first, number of features)."""
    for part in reversed(list(module.modules())):
        if isinstance(part, nn.modules.conv._ConvNd):
            yield True, part.out_channels
        elif isinstance(part, (nn.modules.batchnorm._NormBase,)):
            yield True, part.num_features
        elif isinstance(part, nn.GroupNorm):
            yield True, part.num_channels
        elif isinstance(part, nn.LayerNorm):
            yield False, int(part.normalized_shape[-1])
        elif isinstance(part, nn.Linear):
            yield False, part.out_features
        elif isinstance(part, nn.RNNBase):
            yield False, (part.proj_size or part.hidden_size) * (2 if part.bidirectional else 1)
        elif isinstance(part, nn.Embedding):
            yield False, part.embedding_dim


def principal_components(rows: torch.Tensor, max_dims: int) -> tuple[torch.Tensor, float]:
    """Project wide rows on their leading principal components; the same input gives the same output.

    Exact up to 2,048 samples or features (0.4 s on a CPU), above that a seeded subspace iteration, which keeps within
    three per cent of the variance that the exact one keeps, even on noise.

    Args:
        rows: float32 (n, d), finite.
        max_dims: Rows that are not wider than this come back as they are.

    Returns:
        float32 (n, min(n, max_dims)) if projected: centred, strongest component first, each component's greatest
        value positive; and the share of the variance that is left, between 0 and 1.
    """
    if rows.shape[1] <= max_dims:
        return rows, 1.0
    # A power of two near the greatest value, so that no square overflows or vanishes and no digit is lost.
    scale = math.ldexp(1.0, max(math.frexp(float(rows.abs().max()))[1] - 1, -126))
    centred = rows / scale
    centred -= centred.mean(0)
    scores = _scores(centred, min(max_dims, len(rows)))
    strongest = scores.gather(0, scores.abs().argmax(0, keepdim=True))
    total, kept = float(centred.square().sum()), float(scores.square().sum())
    return torch.where(strongest < 0, -scores, scores) * scale, min(kept / total, 1.0) if total > 0 else 1.0


def _scores(centred: torch.Tensor, n_dims: int) -> torch.Tensor:
    n_rows, n_features = centred.shape
    if n_features <= min(n_rows, _MAX_EXACT):
        return centred @ _top_eigenvectors(centred.T @ centred, n_dims)[1]
    if n_rows <= _MAX_EXACT:
        values, vectors = _top_eigenvectors(centred @ centred.T, n_dims)
        return vectors * values.clamp_min(0).sqrt()
    generator = torch.Generator("cpu").manual_seed(0)
    width = min(n_dims + _OVERSAMPLING, n_rows, n_features)
    # Dtype and device are named, because the user's default dtype and device may be others.
    basis = torch.randn(n_features, width, generator=generator, dtype=torch.float32, device="cpu").to(centred.device)
    for _ in range(_N_ITERATIONS):
        basis = torch.linalg.qr(centred.T @ (centred @ basis))[0]
    small = centred @ basis
    return small @ _top_eigenvectors(small.T @ small, n_dims)[1]


def _top_eigenvectors(matrix: torch.Tensor, n_dims: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Largest eigenvalues (n_dims,) of a symmetric matrix, and their vectors (n, n_dims)."""
    device = matrix.device
    values, vectors = torch.linalg.eigh(matrix.cpu() if device.type == "mps" else matrix)
    return values.flip(0)[:n_dims].to(device), vectors.flip(1)[:, :n_dims].to(device)
