"""Facts about findings of trainings that the real callback recorded: from the training script to `run.findings`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

import tb_neuromapper
from tb_neuromapper import NeuroMapper
from tests.numerics.findings.networks import Transformer, Unused, cnn, data, mlp


def record(folder, model, cache, *, lr=1e-3, n_steps=200, disturb=None, schedule=None):
    """The findings by kind of a training, recorded every ten steps: with Adam, or SGD by a schedule of its rate."""
    x, y = data(0, n=1024, noise=1.0)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    if schedule is not None:
        optimizer = torch.optim.SGD(model.parameters(), schedule(0), momentum=0.9)
    writer = SummaryWriter(str(folder))
    probe = torch.utils.data.TensorDataset(x[:100], y[:100])
    with NeuroMapper(model, writer=writer, probe=probe, gradient_every=10) as mapper:
        for step in range(n_steps):
            if schedule is not None:
                optimizer.param_groups[0]["lr"] = schedule(step)
            rows = torch.randint(0, len(x), (32,), generator=generator)
            batch = disturb(step, x[rows], y[rows]) if disturb is not None else (x[rows], y[rows])
            loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mapper.step()
            writer.add_scalar("train/loss", loss.item(), step)
            if step % 50 == 49 and loss.isfinite():
                mapper.log_epoch(step // 50)
    writer.close()
    found = {}
    for finding in tb_neuromapper.open_run(folder, cache=cache).findings():
        found.setdefault(finding.kind, []).append(finding)
    return found


@pytest.fixture(autouse=True)
def seeded():
    """Equal weights in each run of a test."""
    torch.manual_seed(0)


@pytest.mark.parametrize("make", [mlp, cnn, Transformer])
def test_recorded__healthy_networks_have_at_most_one_finding(tmp_path, cache_folder, make):
    """A network with dense layers, one with convolutions and one with attention."""
    found = record(tmp_path / "a", make(), cache_folder)
    assert sum(map(len, found.values())) <= 1, found


def test_recorded__dead_units_are_seen_in_batches_and_on_the_probe(tmp_path, cache_folder):
    """Half of a layer never opens."""
    model = mlp()
    with torch.no_grad():
        model.fc2.bias[:32] = -50
    (finding,) = [each for each in record(tmp_path / "a", model, cache_folder)["dead_units"] if each.where == "fc2"]
    assert set(range(32)) <= set(finding.units)
    assert finding.evidence["n_probe_samples"] == 100
    assert finding.evidence["block"] == "act2"


def test_recorded__vanishing_gradient_of_sigmoids(tmp_path, cache_folder):
    """Six layers of sigmoids."""
    (finding,) = record(tmp_path / "a", mlp((32, *(32,) * 5, 4), nn.Sigmoid), cache_folder)["vanishing_gradient"]
    assert finding.where == "fc1"


def test_recorded__exploding_gradient_of_large_weights(tmp_path, cache_folder):
    """Weights several times too large, in seven layers without norm."""
    model = mlp((32, *(64,) * 6, 4))
    with torch.no_grad():
        for layer in model[::2]:
            nn.init.normal_(layer.weight, 0, 5 / layer.in_features**0.5)
    assert record(tmp_path / "a", model, cache_folder)["exploding_gradient"][0].where == "fc1"


def test_recorded__saturated_tanh(tmp_path, cache_folder):
    """What comes into the tanh is far beyond where it is steep."""
    model = mlp(activation=nn.Tanh)
    with torch.no_grad():
        for layer in model[::2]:
            nn.init.normal_(layer.weight, 0, 8 / layer.in_features**0.5)
    assert "fc1" in [each.where for each in record(tmp_path / "a", model, cache_folder)["saturated_units"]]


@pytest.mark.parametrize(("lr", "words"), [(1e-7, "too small"), (0.3, "too large")])
def test_recorded__update_ratio_of_a_bad_learning_rate(tmp_path, cache_folder, lr, words):
    """One finding of the whole network."""
    (finding,) = record(tmp_path / "a", mlp(), cache_folder, lr=lr, n_steps=100)["update_ratio"]
    assert finding.where == ""
    assert words in finding.message


def test_recorded__layer_out_of_the_graph(tmp_path, cache_folder):
    """It is registered and handed to the optimizer, but never called."""
    (finding,) = record(tmp_path / "a", Unused(), cache_folder, n_steps=50)["no_gradient"]
    assert finding.where == "forgotten"


def test_recorded__loss_spike_with_its_layer(tmp_path, cache_folder):
    """Weights are spoilt between two recorded steps."""
    model = mlp()

    def disturb(step, x, y):
        if step == 143:
            with torch.no_grad():
                model.fc3.weight.mul_(-8)
        return x, y

    (finding,) = record(tmp_path / "a", model, cache_folder, disturb=disturb)["loss_spike"]
    assert any(first <= 143 <= last for first, last in finding.steps)
    assert (finding.where, finding.evidence["layer_step"]) == ("fc3", 150)
    assert "whose weights changed: their norm was" in finding.message


def test_recorded__loss_spike_of_a_rate_too_high_for_all(tmp_path, cache_folder):
    """The step is recorded; the last layer's weights become many times as large, but no layer is to blame."""
    found = record(tmp_path / "a", mlp(), cache_folder, schedule=lambda step: 2.0 if step == 60 else 0.01, n_steps=120)
    (finding,) = found["loss_spike"]
    assert (finding.where, finding.evidence["layer"]) == ("train/loss", "")
    assert finding.steps[0][0] == 61
    assert "It began with step 60: it changed all layers" in finding.message


def test_recorded__non_finite_values_with_layer_and_step(tmp_path, cache_folder):
    """A sample with an infinite number, at a recorded step."""

    def disturb(step, x, y):
        return (x.index_fill(1, torch.tensor([0]), torch.inf) if step == 100 else x), y

    (finding,) = record(tmp_path / "a", mlp(), cache_folder, disturb=disturb, n_steps=130)["non_finite"]
    assert (finding.where, finding.evidence["what"], finding.evidence["first_step"]) == ("fc1", "activations", 100)
