"""The probe pass leaves no trace in training."""

from __future__ import annotations

import copy
import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from tb_neuromapper.training.callback import NeuroMapper
from tb_neuromapper.training.state import undisturbed
from tests.training.networks import ConvNet, images


def random_states():
    """The states of all random generators, comparable."""
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


class Restless(nn.Module):
    """Writes into a buffer in place and replaces another, in evaluation too."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("last", torch.full((2,), float("nan")))

    def forward(self, x):
        """(n, 2) to (n, 2), with side effects."""
        self.calls += 1
        self.last = x.mean(0)
        return self.linear(x)


def test_undisturbed__restores_each_flag():
    """A frozen part stays in evaluation mode while the rest goes back to training."""
    model = ConvNet()
    model.layer1[1].eval()
    before = {name: module.training for name, module in model.named_modules()}
    with undisturbed(model):
        assert not any(module.training for module in model.modules())
        assert not torch.is_grad_enabled()
    assert {name: module.training for name, module in model.named_modules()} == before
    assert torch.is_grad_enabled()


def test_undisturbed__restores_after_an_exception():
    """Flags, buffers and random states come back when the pass fails."""
    model, before = Restless(), random_states()

    def fail():
        with undisturbed(model):
            model(torch.rand(3, 2) + random.random() + np.random.rand())
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail()
    assert model.training
    assert random_states() == before
    assert model.calls.item() == 0


def test_undisturbed__restores_buffers_bit_by_bit():
    """Buffers written in place and buffers replaced are as before, the same objects."""
    model = Restless()
    calls, last = model.calls, model.last
    with undisturbed(model):
        model(torch.ones(3, 2))
        assert model.calls.item() == 1
    assert model.calls is calls
    assert model.calls.item() == 0
    assert model.last is last
    assert model.last.isnan().all()


def test_undisturbed__restores_random_states():
    """Python, numpy, torch and the loader's own generator continue where they were."""
    generator = torch.Generator().manual_seed(3)
    model = nn.Linear(1, 1)
    before, own = random_states(), generator.get_state()
    with undisturbed(model, generator):
        random.random(), np.random.rand(), torch.rand(1), torch.rand(1, generator=generator)
    assert random_states() == before
    assert torch.equal(generator.get_state(), own)


def test_undisturbed__leaves_a_waiting_graph_alone():
    """A pass between forward and backward does not spoil the backward pass."""
    model, (x, y) = ConvNet(), images()
    loss = nn.functional.cross_entropy(model(x), y)
    with undisturbed(model):
        model(x)
    loss.backward()
    assert model.fc.weight.grad is not None


class Noisy(Dataset):
    """Draws from every global generator when it is read, yet gives constant samples."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        random.random(), np.random.rand(), torch.rand(1)
        return self.x[i], self.y[i]


def probe_of(kind, x, y):
    """The same samples as a probe of some kind."""
    if kind == "tensor":
        return x
    if kind == "dataset":
        return Noisy(x, y)
    n_workers = 2 if kind == "loader with workers" else 0
    return DataLoader(Noisy(x, y), batch_size=5, num_workers=n_workers)


def train(model, mapper_of, autocast=False):
    """Three epochs of shuffled training; the weights, buffers and optimizer state at the end."""
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    model = copy.deepcopy(model)
    loader = DataLoader(TensorDataset(*images(40)), batch_size=8, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    n_steps = 0
    with mapper_of(model) as mapper:
        for epoch in range(3):
            for x, y in loader:
                noise = np.random.rand() + random.random()
                with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                    loss = nn.functional.cross_entropy(model(x + noise * 0.01).float(), y)
                    if autocast and mapper is not None and epoch == 1:
                        # The pass also comes inside the user's autocast block, before the backward pass.
                        mapper.log_epoch(n_steps)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                n_steps += 1
                if mapper is not None:
                    mapper.step()
            if mapper is not None and not autocast:
                mapper.log_epoch(epoch)
    return {**model.state_dict(), **{f"adam{i}": s["exp_avg"] for i, s in optimizer.state_dict()["state"].items()}}


@pytest.mark.parametrize("kind", ["tensor", "dataset", "loader", "loader with workers"])
def test_training__is_bit_identical_with_the_callback(tmp_path, kind):
    """Dropout, batch norm and a shuffling loader: same weights with and without, for every kind of probe."""
    model, (x, y) = ConvNet(), images(12, seed=5)
    bare = train(model, lambda _: nullcontext())
    watched = train(model, lambda m: NeuroMapper(m, tmp_path, probe=probe_of(kind, x, y)))
    assert bare.keys() == watched.keys()
    assert all(torch.equal(bare[name], watched[name]) for name in bare)


def test_training__is_bit_identical_under_autocast(tmp_path):
    """A pass inside an autocast block leaves no cached casts without gradients behind."""
    model, probe = ConvNet(), images(12, seed=5)
    bare = train(model, lambda _: nullcontext(), autocast=True)
    watched = train(model, lambda m: NeuroMapper(m, tmp_path, probe=probe), autocast=True)
    assert all(torch.equal(bare[name], watched[name]) for name in bare)


def test_log_epoch__leaves_no_hook(tmp_path):
    """No module has a hook after a pass, also when the pass fails."""
    model, (x, _) = ConvNet(), images()
    with NeuroMapper(model, tmp_path, probe=x, gradient_every=0) as mapper:
        mapper.log_epoch(0)
        assert not any(module._forward_hooks for module in model.modules())
        model.fc = nn.Linear(3, 3)
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            mapper.log_epoch(1)
    assert not any(module._forward_hooks for module in model.modules())
    assert model.training
