"""Small pictures of the probe's samples, where the samples are images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from tb_neuromapper.training.probe.source import Batch, tensors_in


class ThumbnailCollector:
    """Collects thumbnails batch by batch.

    Args:
        size: Longest side in pixels; smaller images keep their size; 0 collects nothing.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._is_image = size > 0
        self._shape: tuple[int, int] | None = None
        self._parts: list[torch.Tensor] = []

    def add(self, batch: Batch) -> None:
        """Take a batch's images; one batch that holds none ends the collection."""
        if not self._is_image:
            return
        images = _images(batch)
        if images is None:
            self._is_image, self._parts = False, []
            return
        images = images.detach().cpu()
        images = images.float() if images.is_floating_point() else images
        if self._shape is None:
            self._shape = _target_shape(images.shape[-2:], self._size)
        if images.shape[-2:] != self._shape:
            images = functional.interpolate(images.float(), size=self._shape, mode="area")
        self._parts.append(images)

    def parts(self) -> npt.NDArray[Any] | None:
        """(n, height, width, 1 or 3) in the inputs' own scale, or None if the samples are no images."""
        if not self._parts:
            return None
        return torch.cat(self._parts).permute(0, 2, 3, 1).contiguous().numpy()


def to_pixels(images: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Pixels 0 to 255 from inputs in any scale.

    Inputs in 0..1 or 0..255 keep their brightness; anything else is taken for normalised, and each channel is stretched
    from its least to its greatest value in the whole set.

    Args:
        images: (n, height, width, channels), any real dtype.
    """
    if images.dtype == np.uint8:
        return images
    values = np.nan_to_num(images.astype(np.float32), posinf=0.0, neginf=0.0)
    least, greatest = values.min(axis=(0, 1, 2)), values.max(axis=(0, 1, 2))
    if least.min() >= 0 and greatest.max() <= 1:
        scaled = values * 255
    elif least.min() >= 0 and 16 < greatest.max() <= 255:
        scaled = values
    else:
        scaled = (values - least) / np.maximum(greatest - least, 1e-12) * 255
    return np.rint(scaled).astype(np.uint8)


def _images(batch: Batch) -> torch.Tensor | None:
    """(n, 1 or 3, height, width), or None if the first input is not a batch of images."""
    tensors = tensors_in((batch.args, batch.kwargs))
    x = next((tensor for tensor in tensors if tensor.ndim == 4), tensors[0])
    if x.dtype == torch.uint8 and x.ndim == 3:
        x = x[:, None]
    if x.ndim != 4 or x.is_complex() or x.dtype == torch.bool:
        return None
    if x.shape[1] in (1, 3, 4) and min(x.shape[2:]) >= 4:
        return x[:, :3]
    if x.shape[3] in (1, 3, 4) and min(x.shape[1:3]) >= 4:
        return x[..., :3].permute(0, 3, 1, 2)
    return None


def _target_shape(shape: torch.Size, size: int) -> tuple[int, int]:
    height, width = int(shape[0]), int(shape[1])
    scale = min(1.0, size / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
