"""What recording leaves behind: records, and not a bit of a difference in the training."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from contextlib import nullcontext

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tb_neuromapper import open_run
from tb_neuromapper.training.callback import NeuroMapper
from tests.processes import free_port, start_python
from tests.training.flows import (
    layers_of,
    n_hooks,
    record,
    sgd_step,
)
from tests.training.gradients.small import PROBE, X, Y, two_layers
from tests.training.networks import ConvNet, images
from tests.training.reading import accumulate, read_records, scalars


def test_payload__may_be_the_event(tmp_path):
    """With payload="event" the records are whole, without files beside."""
    model = two_layers()
    run = record(tmp_path, model, sgd_step(model, X, Y), payload="event")
    assert not list((tmp_path / "plugins/neuromapper").glob("*.safetensors"))
    assert len(run.gradient_flow(0).layers[0].edges) == 24
    assert run.problems == []


def test_axes__can_be_mapped_to_one_another(tmp_path):
    """Epochs know how many steps came before them, steps the last epoch; the loss is a scalar of recorded steps."""
    model = two_layers()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    losses = []
    with NeuroMapper(model, tmp_path, probe=(X, Y), gradient_every=2) as mapper:
        for epoch in range(2):
            mapper.log_epoch(epoch)
            for _ in range(3):
                loss = F.cross_entropy(model(X), Y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                mapper.step(loss=loss)
                losses.append(loss.item())
    for kind in ("activations", "outcomes"):
        records = read_records(tmp_path, kind)
        assert {step: found.attributes["train_step"] for step, (found, _) in records.items()} == {0: 0, 1: 3}
    for kind in ("gradients", "parameters"):
        records = read_records(tmp_path, kind)
        assert {step: found.attributes["epoch"] for step, (found, _) in records.items()} == {0: 0, 2: 0, 4: 1}
        assert all(found.sample_set == "" and "content" not in found.attributes for found, _ in records.values())
    assert scalars(tmp_path, "train/loss") == pytest.approx({step: losses[step] for step in (0, 2, 4)})


def train(model, mapper_of, *, autocast):
    """Three epochs on a shuffling loader; weights, buffers, optimizer and random state at the end."""
    torch.manual_seed(1)
    model = copy.deepcopy(model)
    loader = DataLoader(TensorDataset(*images(40)), batch_size=8, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    scaler = torch.amp.GradScaler("cpu", enabled=autocast, growth_interval=4)
    with mapper_of(model) as mapper:
        for epoch in range(3):
            for x, y in loader:
                with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                    loss = F.cross_entropy(model(x).float(), y)
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                scaler.step(optimizer)
                scaler.update()
                if mapper is not None:
                    mapper.step(loss=loss)
            if mapper is not None:
                mapper.log_epoch(epoch)
    state = {f"adam{i}": s["exp_avg"] for i, s in optimizer.state_dict()["state"].items()}
    return {**model.state_dict(), **state, "random": torch.get_rng_state()}


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("every", [1, 3])
def test_training__is_bit_identical_with_recording(tmp_path, autocast, every):
    """Dropout, batch norm, in-place modules, clipping, a shuffling loader, mixed precision: the same bits."""
    torch.manual_seed(0)
    model, probe = ConvNet(), images(12, seed=5)
    bare = train(model, lambda _: nullcontext(), autocast=autocast)
    watched = train(model, lambda m: NeuroMapper(m, tmp_path, probe=probe, gradient_every=every), autocast=autocast)
    assert bare.keys() == watched.keys()
    assert all(torch.equal(bare[name], watched[name]) for name in bare)
    assert len(read_records(tmp_path, "gradients")) == len(range(0, 15, every))


def test_a_probe_pass__is_the_same_while_a_step_is_followed(tmp_path):
    """Hooks are taken away meanwhile, as transformer layers compute otherwise when hooks are on them."""
    found = []
    for every in (0, 1):
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        model = nn.Sequential(nn.Linear(4, 8), nn.TransformerEncoder(layer, 2), nn.Flatten(), nn.Linear(24, 3))
        probe = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(1))
        run_dir = tmp_path / str(every)
        with NeuroMapper(model, run_dir, probe=probe, gradient_every=every, blocks=["3"], dtype="float32") as mapper:
            mapper.log_epoch(0)
        found.append(read_records(run_dir, "activations")[0][1])
    np.testing.assert_array_equal(found[0]["activations/3"], found[1]["activations/3"])


def test_memory__is_freed_after_the_recorded_step(tmp_path):
    """No activation, gradient or copy of a weight outlives the step that was recorded."""

    def n_tensors():
        gc.collect()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())

    model = ConvNet()
    x, y = images()
    step = sgd_step(model, x, y)
    with NeuroMapper(model, tmp_path, probe=x, gradient_every=2) as mapper:
        step(mapper)
        mapper.flush()
        model.zero_grad()
        before = n_tensors()
        for _ in range(2):
            step(mapper)
        mapper.flush()
        model.zero_grad()
        assert n_tensors() <= before


def test_a_lost_mapper__leaves_no_hooks(tmp_path):
    """A mapper that is dropped instead of closed takes its hooks away."""
    model = two_layers()
    mapper = NeuroMapper(model, tmp_path, probe=PROBE)
    assert n_hooks(model) > 0
    lost = weakref.ref(mapper)
    del mapper
    gc.collect()
    assert lost() is None
    assert n_hooks(model) == 0


RANK = """
import sys, torch, torch.nn.functional as F
from torch import distributed, nn
from tb_neuromapper.training.callback import NeuroMapper
rank, port, run = int(sys.argv[1]), sys.argv[2], sys.argv[3]
distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)))
x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
with NeuroMapper(model, run, probe=x, gradient_every=2) as mapper:
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x[rank::2]), y[rank::2]).backward()
        optimizer.step()
        mapper.step()
    print(sum(len(module._forward_hooks) for module in model.modules()))
del model, optimizer, mapper
distributed.barrier()  # Who leaves while another still talks is torn down by the backend's own threads.
distributed.destroy_process_group()
"""


def test_distributed__rank_0_records_its_share(tmp_path):
    """Rank 0 alone records, under the network's own names; the optimizer saw the average over the ranks."""
    port = free_port()
    ranks = [start_python(RANK, rank, port, tmp_path) for rank in range(2)]
    texts = [rank.communicate(timeout=150) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], texts
    assert [text[0] for text in texts] == ["0\n", "0\n"]
    run = open_run(tmp_path)
    assert run.steps("gradients") == [0, 2]
    flow = run.gradient_flow(0)
    assert flow.problems == []
    assert [layer.name for layer in flow.layers] == ["0", "2"]
    row = flow.layers[0].parameters["0.weight"]
    assert row["gradient_norm"] > 0
    assert row["clipped_norm"] > 0
    assert row["clipped_norm"] != pytest.approx(row["gradient_norm"], rel=1e-3)


def test_a_real_training__shows_a_network_that_learns(tmp_path):
    """On the digits, gradient norms fall as the loss does, and update ratios are near what the learning rate makes."""
    digits = load_digits()
    x, y = torch.tensor(digits.data / 16).float(), torch.tensor(digits.target)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    with NeuroMapper(model, tmp_path, probe=(x[:50], y[:50]), gradient_every=50) as mapper:
        for _ in range(5):
            for rows in torch.randperm(len(x)).split(64):
                loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                mapper.step(loss=loss)
    run = open_run(tmp_path)
    assert run.steps("gradients") == [0, 50, 100]
    losses = scalars(tmp_path, "train/loss")
    assert losses[100] < 0.5 < losses[0]
    layers = [layers_of(run.gradient_flow(step)) for step in (0, 100)]
    assert all(1e-5 < layer.update_ratio < 0.1 for found in layers for layer in found.values())
    dead = layers[1]["0"].unit_zeros == 1
    assert dead.sum() < 8
    assert (layers[1]["0"].unit_gradient[dead] > 0).all()  # Behind a dead ReLU there is still dL/da.
    assert "neuromapper/gradients" in accumulate(tmp_path).Tags()["tensors"]
