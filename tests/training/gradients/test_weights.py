"""Which tensors are a layer's weights: one definition for its connections, its table and the layers that share it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from tb_neuromapper.backend.log.parameter_table import is_weight
from tb_neuromapper.training.gradients.layers import find_layers
from tb_neuromapper.training.gradients.weights import plain_weights, weight_names
from tests.training.flows import layers_of, record, sgd_step


class Scale(nn.Module):
    """A normalisation of a kind that torch does not know."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))


class ScaleNorm(Scale):
    """The same under a name that says so."""


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (nn.Linear(4, 3), ["weight"]),
        (nn.Conv2d(4, 6, 3, groups=2), ["weight"]),
        (nn.ConvTranspose1d(4, 6, 3), ["weight"]),
        (nn.BatchNorm2d(4), ["weight"]),
        (nn.LayerNorm((4, 5)), ["weight"]),
        (ScaleNorm(), ["weight"]),
        (nn.Embedding(5, 4), ["weight"]),
        (nn.EmbeddingBag(5, 4), ["weight"]),
        (nn.MultiheadAttention(4, 2), ["in_proj_weight"]),
        (nn.MultiheadAttention(4, 2, kdim=3), ["q_proj_weight"]),
        (nn.LSTM(4, 3, num_layers=2), ["weight_ih_l0"]),
        (nn.GRU(4, 3, bidirectional=True), ["weight_ih_l0", "weight_ih_l0_reverse"]),
        (nn.RNNCell(4, 3), ["weight_ih"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_weights__are_what_connects_inputs_to_units(module, names):
    """Each is a parameter of that name, makes the layer's connections, and counts as a weight to the viewer."""
    parameters = dict(module.named_parameters())
    assert list(weight_names(module)) == names
    assert [id(weight) for weight in plain_weights(module)] == [id(parameters[name]) for name in names]
    (layer,) = find_layers(module)
    assert [id(block.parameter) for block in layer.weight_blocks] == [id(parameters[name]) for name in names]
    for index, block in enumerate(layer.weight_blocks):
        shape = (block.grid.n_units, block.grid.n_inputs)
        assert block.matrix(block.parameter).shape[:2] == shape
        assert block.matrix(block.parameter).numel() == block.parameter.numel()
        assert block.grid.first_unit == index * block.grid.n_units
    assert layer.n_connections == sum(block.grid.n_connections for block in layer.weight_blocks)
    assert all(is_weight(name) for name in names)


@pytest.mark.parametrize(
    ("module", "kind", "n_inputs"),
    [
        (weight_norm(nn.Linear(4, 3)), "linear", 4),
        (nn.BatchNorm1d(4, affine=False), "norm", 0),
        (nn.LSTM(4, 3, proj_size=2), "recurrent", 0),
    ],
    ids=["computed", "missing", "of other units"],
)
def test_weights__that_are_not_plain_make_no_connections(module, kind, n_inputs):
    """A weight that is computed from others, is missing, or does not end in the layer's units."""
    (layer,) = find_layers(module)
    assert layer.kind == kind
    assert layer.n_inputs == n_inputs
    assert layer.weight_blocks == ()
    assert layer.n_connections == 0


def test_weights__of_the_second_direction_keep_their_units():
    """Where one direction's weight is computed from others, that of the other still belongs to the second half."""
    module = nn.GRU(4, 3, bidirectional=True)
    weight_norm(module, "weight_ih_l0")
    (layer,) = find_layers(module)
    assert [(id(block.parameter), block.grid.first_unit) for block in layer.weight_blocks] == [
        (id(module.weight_ih_l0_reverse), 3)
    ]


def test_modules_without_a_kind__are_no_layers():
    """A module that has a `weight` is a layer only if its units are known."""
    assert find_layers(Scale()) == []


def test_record__follows_the_weights(tmp_path):
    """Connections, sharing and the update ratio of a record are those of the weights."""
    embedding, head = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
    head.weight = embedding.weight
    model = nn.Sequential(embedding, nn.GRU(4, 4, batch_first=True), Last(), head)
    tokens, classes = torch.arange(12).reshape(4, 3) % 7, torch.arange(4)
    layers = layers_of(record(tmp_path, model, sgd_step(model, tokens, classes), probe=tokens).gradient_flow(0))
    assert {name: (layer.shares, layer.n_connections) for name, layer in layers.items()} == {
        "0": (None, 28),
        "1": (None, 16),
        "3": ("0", 28),
    }
    assert set(layers["3"].parameters) == {"0.weight"}
    assert layers["3"].update_ratio == layers["0"].update_ratio > 0


class Last(nn.Module):
    """The last output of a recurrent layer."""

    def forward(self, outputs):
        """(n, d) of ((n, t, d), states)."""
        return outputs[0][:, -1]
