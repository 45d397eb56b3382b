"""Small real networks, one of each kind that people train."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


class ConvNet(nn.Module):
    """A residual-style network with batch norm and dropout; stages layer1 and layer2."""

    def __init__(self, n_classes=4, width=8):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.layer1 = self._stage(width, width)
        self.layer2 = self._stage(width, 2 * width)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * width, n_classes)

    def _stage(self, n_in, n_out):
        return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True))

    def forward(self, x):
        """(n, 1, height, width) to (n, n_classes)."""
        features = self.layer2(self.layer1(self.stem(x)))
        return self.fc(self.drop(features.mean((2, 3))))


def mlp(n_in=6, width=16, n_out=3):
    """Three linear layers with ReLU and dropout between."""
    return nn.Sequential(
        nn.Linear(n_in, width), nn.ReLU(), nn.Dropout(0.3), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, n_out)
    )


@dataclass
class ModelOutput:
    """Like the outputs of Hugging Face models: attributes, some of them absent.

    Attributes:
        loss: (), or None.
        logits: (n, n_classes).
        hidden_states: Of each layer, or None.
    """

    loss: torch.Tensor | None
    logits: torch.Tensor
    hidden_states: tuple | None = None


class Encoder(nn.Module):
    """A transformer encoder over tokens; `returns` chooses the form of its output."""

    def __init__(self, returns="tensor", n_layers=3, n_classes=4, width=8, batch_first=True):
        super().__init__()
        self.returns, self.batch_first = returns, batch_first
        self.embed = nn.Embedding(20, width)
        layer = nn.TransformerEncoderLayer(width, 2, 16, dropout=0.1, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, n_classes)

    def forward(self, input_ids, attention_mask=None):
        """(n, tokens) to (n, n_classes), in the form that `returns` says."""
        tokens = self.embed(input_ids)
        tokens = tokens if self.batch_first else tokens.transpose(0, 1)
        tokens = self.encoder(tokens)
        logits = self.head(tokens.mean(1 if self.batch_first else 0))
        if self.returns == "tuple":
            return logits, tokens
        if self.returns == "dict":
            return {"hidden": tokens, "logits": logits}
        if self.returns == "object":
            return ModelOutput(None, logits)
        return logits


class Recurrent(nn.Module):
    """An LSTM or GRU whose block output is a tuple (outputs, states)."""

    def __init__(self, kind=nn.LSTM, batch_first=True, n_classes=3):
        super().__init__()
        self.rnn = kind(5, 7, batch_first=batch_first)
        self.head = nn.Linear(7, n_classes)
        self.batch_first = batch_first

    def forward(self, x):
        """(n, steps, 5) to (n, n_classes)."""
        outputs, _ = self.rnn(x if self.batch_first else x.transpose(0, 1))
        return self.head(outputs[:, -1] if self.batch_first else outputs[-1])


def images(n=24, size=8, n_classes=4, seed=0):
    """Images (n, 1, size, size) and their classes (n,)."""
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(n, 1, size, size, generator=generator),
        torch.randint(0, n_classes, (n,), generator=generator),
    )
