"""Blocks are found automatically or chosen by names and patterns."""

from __future__ import annotations

import itertools

import pytest
from torch import nn

from tb_neuromapper.training.probe.blocks import MAX_BLOCKS, choose_blocks, find_blocks
from tests.training.networks import ConvNet, Encoder, Recurrent, mlp


def test_find_blocks__takes_residual_stages():
    """Children called layer1, layer2, ... are the blocks."""
    assert find_blocks(ConvNet()) == ["layer1", "layer2"]


def test_find_blocks__takes_transformer_blocks():
    """The list of equal layers inside an encoder is the blocks."""
    assert find_blocks(Encoder()) == [f"encoder.layers.{i}" for i in range(3)]


class Stages(nn.Module):
    """Like ConvNeXt: Sequentials of one kind of block, with something else between them."""

    def __init__(self, container):
        super().__init__()
        self.features = nn.Sequential(container(mlp(), mlp()), nn.Linear(3, 6), container(mlp()))
        for stage in (self.features[0], self.features[2]):
            for i in range(len(stage)):
                stage[i] = Recurrent()


def test_find_blocks__takes_the_sequentials_that_blocks_fill():
    """Several Sequentials of equal blocks are stages; several lists, which never run, give their members."""
    assert find_blocks(Stages(nn.Sequential)) == ["features.0", "features.2"]
    lists = Stages(lambda *blocks: nn.ModuleList(blocks))
    assert find_blocks(lists) == ["features.0.0", "features.0.1", "features.2.0"]


def test_find_blocks__finds_stages_inside_a_backbone():
    """Stages count wherever they are, the outermost ones first."""
    model = nn.ModuleDict({"backbone": ConvNet(), "head": nn.Linear(2, 2)})
    assert find_blocks(model) == ["backbone.layer1", "backbone.layer2"]


def test_find_blocks__spreads_many_blocks():
    """Of 24 layers, MAX_BLOCKS evenly spaced ones are taken, with the first and the last."""
    found = find_blocks(Encoder(n_layers=24))
    assert len(found) == MAX_BLOCKS
    assert found[0] == "encoder.layers.0"
    assert found[-1] == "encoder.layers.23"
    gaps = {int(b.rsplit(".", 1)[1]) - int(a.rsplit(".", 1)[1]) for a, b in itertools.pairwise(found)}
    assert gaps <= {3, 4}


def test_find_blocks__takes_the_parts_of_a_sequential():
    """A stretch from one layer with weights to the next is one block, taken after its nonlinearity."""
    assert find_blocks(mlp()) == ["1", "4", "5"]
    convolutional = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    )
    assert find_blocks(convolutional) == ["2", "5"]


def test_find_blocks__falls_back_on_children_with_parameters():
    """Without stages, lists or a Sequential the direct children are taken."""
    assert find_blocks(Recurrent()) == ["rnn", "head"]


def test_find_blocks__opens_sequentials_inside():
    """A network of `features` and `classifier` is looked into."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3), nn.ReLU())
            self.classifier = nn.Linear(2, 2)

    assert find_blocks(Net()) == ["features.1", "features.3", "classifier"]


def test_find_blocks__gives_none_for_a_single_layer():
    """A network without children has no blocks."""
    assert find_blocks(nn.Linear(2, 2)) == []


def test_choose_blocks__takes_names_and_patterns():
    """Names and patterns mix; the result is in the network's order, without repeats."""
    model = ConvNet()
    assert choose_blocks(model, ["fc", "layer*", "layer1"]) == ["layer1", "layer2", "fc"]
    assert choose_blocks(Encoder(), ["encoder.layers.?.linear1"]) == [f"encoder.layers.{i}.linear1" for i in range(3)]
    assert choose_blocks(Encoder(), ["*.linear2"]) == [f"encoder.layers.{i}.linear2" for i in range(3)]


def test_choose_blocks__names_what_exists():
    """An unknown name raises with the names that exist and the closest one."""
    with pytest.raises(ValueError, match=r"'leyer1'.*Did you mean 'layer1'\?.*stem.*layer2.*fc"):
        choose_blocks(ConvNet(), ["leyer1"])
    with pytest.raises(ValueError, match=r"'conv\*', which no module matches"):
        choose_blocks(ConvNet(), ["conv*"])


@pytest.mark.parametrize(("wanted", "words"), [([], "empty"), ("layer1", r"give a list.*blocks=\['layer1'\]")])
def test_choose_blocks__refuses_nothing_and_plain_strings(wanted, words):
    """An empty list and a bare string are mistakes."""
    with pytest.raises(ValueError, match=words):
        choose_blocks(ConvNet(), wanted)
