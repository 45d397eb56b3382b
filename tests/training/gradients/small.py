"""A batch, and the small networks that it is given to."""

from __future__ import annotations

import torch
from torch import nn

GENERATOR = torch.Generator().manual_seed(0)
X, Y = torch.randn(8, 4, generator=GENERATOR), torch.randint(0, 3, (8,), generator=GENERATOR)
PROBE = torch.zeros(2, 4)


def two_layers():
    """Two linear layers with a ReLU between, always of the same weights."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 3))


def three_layers():
    """Three linear layers with a ReLU and a tanh between, always of the same weights."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
