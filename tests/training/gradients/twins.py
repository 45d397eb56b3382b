"""Networks that keep their activations, and what connects their units, in the plainest form."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

Y = torch.tensor([0, 1, 2, 0, 1])


X = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))


PIXELS = torch.randn(5, 2, 6, 6, generator=torch.Generator().manual_seed(1))


TOKENS = torch.randint(0, 11, (5, 3), generator=torch.Generator().manual_seed(2))


SERIES = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(3))


class Kept(nn.Module):
    """A network that keeps the outputs of its units: `kept[name] = (a, axis)`."""

    def keep(self, name, a, axis=-1):
        """Keep an output with the axis of its units, and pass it on."""
        self.kept[name] = a, axis
        return a

    def forward(self, x):
        """Run, keeping the outputs of this run alone."""
        self.kept = {}
        return self.run(x)


class Functional(Kept):
    """Linear layers with activation functions of torch.nn.functional, one behind dropout, one behind the last."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.first, self.second, self.third = nn.Linear(4, 6), nn.Linear(6, 5), nn.Linear(5, 3)
        self.drop = nn.Dropout(0.0)

    def run(self, x):
        """(n, 4) to (n, 3)."""
        x = self.keep("first", self.function(self.first(x)))
        x = self.keep("second", self.function(self.second(x)))
        return self.keep("third", self.function(self.third(self.drop(x * 1.0))))

    def connections(self):
        """By layer the name of its weight, and the weight as (units, inputs, K)."""
        return {name: (f"{name}.weight", lambda w: w[:, :, None]) for name in ("first", "second", "third")}


class Convolutional(Kept):
    """Convolutions (plain, grouped, transposed) with norms and in-place modules, flattened into a linear layer."""

    def __init__(self):
        super().__init__()
        self.plain, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.grouped, self.group_norm = nn.Conv2d(4, 6, 3, groups=2), nn.GroupNorm(3, 6)
        self.transposed = nn.ConvTranspose2d(6, 4, 2, groups=2)
        self.relu, self.tanh = nn.ReLU(inplace=True), nn.Tanh()
        self.head = nn.Linear(4 * 5 * 5, 3)

    def run(self, x):
        """(n, 2, 6, 6) to (n, 3)."""
        x = self.keep("plain", self.plain(x), 1)
        x = self.keep("norm", self.relu(self.norm(x)), 1)
        x = self.keep("grouped", self.tanh(self.grouped(x)), 1)
        x = self.keep("group_norm", self.group_norm(x), 1)
        x = self.keep("transposed", self.relu(self.transposed(x)), 1)
        return self.keep("head", self.head(x.flatten(1)))

    def connections(self):
        """By layer the name of its weight, and the weight as (units, inputs, K)."""
        return {
            "plain": ("plain.weight", lambda w: w.flatten(2)),
            "norm": ("norm.weight", lambda w: diagonal(w)),
            "grouped": ("grouped.weight", lambda w: by_group(w.flatten(2), 2)),
            "group_norm": ("group_norm.weight", lambda w: diagonal(w)),
            "transposed": ("transposed.weight", lambda w: transposed(w.flatten(2), 2)),
            "head": ("head.weight", lambda w: w[:, :, None]),
        }


def diagonal(weight):
    """A norm's scale as (units, units, 1), NaN off the diagonal."""
    dense = torch.full((len(weight), len(weight), 1), float("nan"))
    for index, value in enumerate(weight):
        dense[index, index, 0] = value
    return dense


def by_group(weight, n_groups):
    """A grouped convolution's weight as (out, in, K), NaN between groups."""
    n_out, n_in, size = weight.shape
    dense = torch.full((n_out, n_in * n_groups, size), float("nan"))
    for out in range(n_out):
        group = out // (n_out // n_groups)
        dense[out, group * n_in : (group + 1) * n_in] = weight[out]
    return dense


def transposed(weight, n_groups):
    """A transposed convolution's weight (in, out / groups, K) as (out, in, K), NaN between groups."""
    n_in, n_out, size = weight.shape
    dense = torch.full((n_out * n_groups, n_in, size), float("nan"))
    for i in range(n_in):
        group = i // (n_in // n_groups)
        for o in range(n_out):
            dense[group * n_out + o, i] = weight[i, o]
    return dense


class Transformer(Kept):
    """Embedding, attention and layer norm; the twin computes its heads by hand."""

    def __init__(self, bias=True):
        super().__init__()
        self.embed, self.norm = nn.Embedding(11, 8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, bias=bias)
        self.head = nn.Linear(8, 3)
        self.is_twin = False

    def run(self, tokens):
        """(n, tokens) to (n, 3)."""
        x = self.keep("embed", self.embed(tokens))
        mixed = self.heads(x) if self.is_twin else self.attention(x, x, x, need_weights=False)[0]
        x = self.keep("norm", self.norm(x + mixed))
        return self.keep("head", self.head(x.mean(1)))

    def heads(self, x):
        """The attention, by hand."""
        projected = F.linear(x, self.attention.in_proj_weight, self.attention.in_proj_bias)
        q, k, v = (part.unflatten(2, (2, 4)).transpose(1, 2) for part in projected.chunk(3, 2))
        mixed = (q @ k.transpose(2, 3) / 2).softmax(3) @ v
        by_head = self.keep("attention", mixed.transpose(1, 2).contiguous(), 2)
        return F.linear(by_head.flatten(2), self.attention.out_proj.weight, self.attention.out_proj.bias)

    def connections(self):
        """By layer the name of its weight, and the weight as (units, inputs, K)."""
        return {
            "embed": ("embed.weight", lambda w: w.t()[:, :, None]),
            "norm": ("norm.weight", lambda w: diagonal(w)),
            "attention": (
                "attention.in_proj_weight",
                lambda w: w.reshape(3, 2, 4, 8).permute(1, 3, 0, 2).flatten(2),
            ),
            "head": ("head.weight", lambda w: w[:, :, None]),
        }


class Recurrent(Kept):
    """A recurrent layer in both directions, whose gates are taken together."""

    def __init__(self, kind):
        super().__init__()
        self.rnn, self.head = kind(4, 5, batch_first=True, bidirectional=True), nn.Linear(10, 3)

    def run(self, x):
        """(n, steps, 4) to (n, 3)."""
        x = self.keep("rnn", self.rnn(x)[0])
        return self.keep("head", self.head(x.mean(1)))

    def connections(self):
        """By layer the name of its weight, and the weight as (units, inputs, K)."""
        return {
            "rnn": ("rnn.weight_ih_l0", lambda w: w.reshape(-1, 5, 4).permute(1, 2, 0)),
            "head": ("head.weight", lambda w: w[:, :, None]),
        }


NETWORKS = {
    "relu": (lambda: Functional(F.relu), X),
    "gelu": (lambda: Functional(F.gelu), X),
    "sigmoid": (lambda: Functional(torch.sigmoid), X),
    "tanh": (lambda: Functional(torch.tanh), X),
    "leaky": (lambda: Functional(F.leaky_relu), X),
    "convolutional": (Convolutional, PIXELS),
    "transformer": (Transformer, TOKENS),
    "transformer without bias": (lambda: Transformer(bias=False), TOKENS),
    "lstm": (lambda: Recurrent(nn.LSTM), SERIES),
    "gru": (lambda: Recurrent(nn.GRU), SERIES),
    "rnn": (lambda: Recurrent(nn.RNN), SERIES),
}


def build(name):
    """One of NETWORKS, always of the same weights, and its input."""
    make, x = NETWORKS[name]
    torch.manual_seed(0)
    return make(), x
