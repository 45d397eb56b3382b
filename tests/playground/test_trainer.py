"""Trainings of the playground are real runs."""

import numpy as np
import pytest
import torch
from torch import nn

from tb_neuromapper.playground.data_sets import load_data_set
from tb_neuromapper.playground.network import make_network, make_optimizer
from tb_neuromapper.playground.parameters import ACTIVATIONS, INITIALIZATIONS, OPTIMIZERS, parse_training
from tb_neuromapper.playground.trainer import run_training
from tests.training.reading import read_records, scalars


def run(folder, *, why_stop=lambda: "", **values):
    """Train with some parameters into a folder; the last progress, and all that were reported."""
    parameters = parse_training(values)
    seen = []
    data = load_data_set(parameters.data, folder)
    last = run_training(parameters, data, folder, report=seen.append, why_stop=why_stop)
    return last, seen


def test_run_training__logs_an_ordinary_run(tmp_path):
    """Each epoch has activations of every layer, outcomes and scalars; it learns, and its probe has pictures."""
    last, seen = run(tmp_path, hidden=[16, 8], optimizer="adam", learning_rate=0.01, n_epochs=3)
    assert last.state == "done"
    assert last.message.startswith("epoch 3 of 3: loss")
    records = read_records(tmp_path, "activations")
    assert list(records) == [0, 1, 2, 3]
    assert list(records[3][0].attributes["blocks"]) == ["hidden1", "hidden2", "output"]
    gradients = read_records(tmp_path, "gradients")
    assert 0 < len(gradients) <= 200
    layers = gradients[0][1]["gradients/layers"]
    assert [layer["name"] for layer in layers] == ["hidden1.0", "hidden2.0", "head"]
    assert [layer["activation"] for layer in layers] == ["ReLU", "ReLU", None]
    accuracy = scalars(tmp_path, "train/accuracy")
    assert list(accuracy) == [1, 2, 3]
    assert accuracy[3] == pytest.approx(last.accuracy)
    assert accuracy[3] > 0.7
    assert list(scalars(tmp_path, "train/loss")) == list(gradients)
    assert read_records(tmp_path, "probe")[0][1]["probe/thumbnails"].shape == (600, 8, 8, 1)
    assert [progress.share for progress in seen] == sorted(progress.share for progress in seen)
    assert seen[-1].share == 1


def test_run_training__describes_points(tmp_path):
    """Samples of the plane have their coordinates as text, and a network without hidden layers is allowed."""
    last, _ = run(tmp_path, data="moons", hidden=[], n_epochs=1)
    assert last.state == "done"
    _, probe = read_records(tmp_path, "probe")[0]
    assert probe["probe/class_names"] == ["upper moon", "lower moon"]
    assert probe["probe/descriptions"][0].startswith("x ")


def test_run_training__gives_the_same_for_the_same_seed(tmp_path):
    """Seed and parameters determine the run; another seed gives another."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        run(tmp_path / name, data="circles", hidden=[4], n_epochs=1, seed=seed)
    a, b, c = (read_records(tmp_path / name, "activations")[1][1] for name in "abc")
    np.testing.assert_array_equal(a["activations/output"], b["activations/output"])
    assert (a["activations/output"] != c["activations/output"]).any()


def test_run_training__stops_when_told(tmp_path):
    """The epochs until then stay; the message gives the reason."""
    n_asked = 0

    def why_stop():
        nonlocal n_asked
        n_asked += 1
        return "stopped" if n_asked > 60 else ""

    last, _ = run(tmp_path, hidden=[8], n_epochs=50, why_stop=why_stop)
    assert (last.state, last.message) == ("stopped", "stopped; the epochs until 1 are kept.")
    assert list(read_records(tmp_path, "activations")) == [0, 1]


def test_run_training__stopped_in_its_first_epoch_keeps_the_untrained_network(tmp_path):
    """No epoch is promised where none has ended."""
    last, _ = run(tmp_path, hidden=[8], n_epochs=50, why_stop=lambda: "stopped")
    assert last.message == "stopped; no epoch had ended, only the untrained network is kept."
    assert list(read_records(tmp_path, "activations")) == [0]


def test_run_training__says_that_it_diverged(tmp_path):
    """A learning rate that makes the loss infinite ends the training with advice."""
    last, _ = run(tmp_path, hidden=[32], activation="identity", initialization="large", learning_rate=1000, n_epochs=5)
    assert last.state == "failed"
    assert "the loss became " in last.message
    assert "try a learning rate below 1000" in last.message


def test_run_training__says_that_nothing_can_be_written(tmp_path):
    """A folder that cannot be written to gets a message."""
    (tmp_path / "file").write_text("")
    last, _ = run(tmp_path / "file", data="moons", hidden=[2], n_epochs=1)
    assert last.state == "failed"
    assert "file" in last.message


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initialization", INITIALIZATIONS)
def test_make_network__has_the_layers_asked_for(activation, initialization):
    """Sizes, activation and initialisation are those of the parameters."""
    network = make_network(
        parse_training({"hidden": [5, 3], "activation": activation, "initialization": initialization}), 64, 10
    )
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert [tuple(layer.weight.shape) for layer in linear] == [(5, 64), (3, 5), (10, 3)]
    assert network(torch.rand(7, 1, 8, 8)).shape == (7, 10)
    deviation = float(linear[0].weight.detach().std())
    expected = {
        "small": 0.01,
        "large": 1.0,
        "zeros": 0.0,
        "he": (2 / 64) ** 0.5,
        "glorot": (2 / 69) ** 0.5,
        "orthogonal": 1 / 8,
    }
    assert deviation == pytest.approx(expected.get(initialization, (1 / 192) ** 0.5), rel=0.2, abs=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_make_optimizer__moves_the_weights(optimizer):
    """Each optimizer can be made and takes a step with the learning rate asked for."""
    parameters = parse_training({"optimizer": optimizer, "learning_rate": 0.5})
    network = make_network(parameters, 4, 2)
    made = make_optimizer(parameters, network)
    assert made.param_groups[0]["lr"] == 0.5
    before = network.head.bias.detach().clone()
    network(torch.ones(3, 4)).pow(2).sum().backward()
    made.step()
    assert (network.head.bias != before).any()
