"""Small real networks and data, on which faults can be planted."""

from __future__ import annotations

import itertools

import torch
from torch import nn

N_CLASSES = 4


def mlp(widths=(32, 64, 64, 64, N_CLASSES), activation=nn.ReLU, norm=None):
    """Linear layers with an activation between them; in `named_modules` fc1, fc2, ..."""
    model = nn.Sequential()
    for index, (n_in, n_out) in enumerate(itertools.pairwise(widths), 1):
        model.add_module(f"fc{index}", nn.Linear(n_in, n_out))
        if index < len(widths) - 1:
            if norm is not None:
                model.add_module(f"norm{index}", norm(n_out))
            model.add_module(f"act{index}", activation())
    return model


def cnn(width=8):
    """Convolutions with batch norm."""
    blocks = []
    for n_in, n_out in ((1, width), (width, 2 * width), (2 * width, 2 * width)):
        blocks += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()]
    return nn.Sequential(
        nn.Unflatten(1, (1, 4, 8)), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, N_CLASSES)
    )


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        """Tokens (n, 8, width) after the block."""
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Eight tokens of four numbers each."""

    def __init__(self, width=32, n_blocks=3):
        super().__init__()
        self.embed = nn.Linear(4, width)
        self.places = nn.Parameter(torch.randn(8, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, N_CLASSES)

    def forward(self, x):
        """Logits (n, 4) of inputs (n, 32)."""
        tokens = self.embed(x.unflatten(1, (8, 4))) + self.places
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens.mean(1)))


class Unused(nn.Module):
    """A layer that is registered and to be trained, but never called."""

    def __init__(self):
        super().__init__()
        self.used = mlp()
        self.forgotten = nn.Linear(32, 8)

    def forward(self, x):
        """Logits of the used layers."""
        return self.used(x)


class Detached(nn.Module):
    """A layer that is called, but cut off from the loss."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Linear(32, 32)
        self.used = mlp()

    def forward(self, x):
        """Logits that depend on the cut layer, whose gradient does not come back."""
        return self.used(x + self.cut(x).detach())


def data(seed, n=512, noise=0.7):
    """Four noisy clusters of two centres each: (n, 32) and (n,)."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(2 * N_CLASSES, 32, generator=generator)
    which = torch.randint(0, 2 * N_CLASSES, (n,), generator=generator)
    return centres[which] + noise * torch.randn(n, 32, generator=generator), which % N_CLASSES


HEALTHY = {
    "mlp": mlp,
    "wide mlp": lambda: mlp((32, 128, 64, 4)),
    "small mlp": lambda: mlp((32, 16, 16, 4)),
    "tanh mlp": lambda: mlp(activation=nn.Tanh),
    "gelu mlp": lambda: mlp(activation=nn.GELU),
    "sigmoid mlp": lambda: mlp((32, 64, 4), nn.Sigmoid),
    "deep mlp with norm": lambda: mlp((32, *(64,) * 6, 4), norm=nn.BatchNorm1d),
    "cnn": cnn,
    "transformer": Transformer,
}
