"""Many small results on the model's devices, brought to the host together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

FloatArray = npt.NDArray[np.float32]


class Transfer:
    """Collects tensors and fetches them with one copy per device (one, unless a model is spread over devices).

    What `add` returns is a function that gives the values, which may be called once `fetch` has been.
    """

    def __init__(self) -> None:
        self._waiting: dict[torch.device, list[Tensor]] = {}
        self._sizes: dict[torch.device, int] = {}
        self._fetched: dict[torch.device, FloatArray] = {}

    def add(self, tensor: Tensor) -> Callable[[], FloatArray]:
        """Take a tensor along as float32; the result gives its values, in its shape, after `fetch`."""
        return self._add(tensor.detach().to(torch.float32), tuple(tensor.shape))

    def add_ids(self, tensor: Tensor) -> Callable[[], npt.NDArray[np.int32]]:
        """Take integers below 2 ** 31 along; the result gives them as int32 after `fetch`."""
        get = self._add(tensor.to(torch.int32).view(torch.float32), tuple(tensor.shape))
        return lambda: get().view(np.int32)

    def fetch(self) -> None:
        """Bring everything to the host."""
        for device, tensors in self._waiting.items():
            self._fetched[device] = torch.cat(tensors).cpu().numpy()
        self._waiting.clear()

    @property
    def n_bytes(self) -> int:
        """Bytes of all that was added."""
        return 4 * sum(self._sizes.values())

    def _add(self, tensor: Tensor, shape: tuple[int, ...]) -> Callable[[], Any]:
        device, start = tensor.device, self._sizes.get(tensor.device, 0)
        self._waiting.setdefault(device, []).append(tensor.reshape(-1))
        self._sizes[device] = stop = start + tensor.numel()
        return lambda: self._fetched[device][start:stop].reshape(shape)
