"""Real processes that end in every way, fork, share a run, or train together."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch

from tb_neuromapper import schema
from tb_neuromapper.training.callback import NeuroMapper
from tests.processes import free_port, start_python
from tests.training.networks import ConvNet, images
from tests.training.reading import accumulate, read_records, scalars

# Logs epochs 0 to 4 while the disk is slow, so that most of them still wait, then ends as the argument says.
ENDING = """
import os, signal, sys, threading, time
from tb_neuromapper.recording import writer as writer_module
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.networks import ConvNet, images

real = writer_module.write_whole
def slow(path, data):
    time.sleep(0.1)
    real(path, data)
writer_module.write_whole = slow
ending = sys.argv[2]
if ending == "own handler":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
mapper = NeuroMapper(ConvNet(), sys.argv[1], probe=images(), queue_size=8)
if ending == "terminated":
    other = NeuroMapper(ConvNet(), sys.argv[1] + "/other", probe=images(), queue_size=8)
for epoch in range(5):
    mapper.log_epoch(epoch)
    if ending == "terminated":
        other.log_epoch(epoch)
if ending == "exception":
    raise KeyError("training failed")
if ending == "killed":
    mapper.flush()
    mapper.log_epoch(5)
if ending not in ("normal", "own handler"):
    print("ready", flush=True)
    while ending == "terminated":
        epoch += 1
        mapper.log_epoch(epoch)
        mapper.step()
    while True:
        time.sleep(0.01)
if ending == "own handler":
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("normal", 0),
        ("exception", 1),
        ("own handler", 7),
        ("terminated", -signal.SIGTERM),
        ("interrupted", -signal.SIGINT),
        ("killed", -signal.SIGKILL),
    ],
)
def test_ending__loses_nothing(tmp_path, ending, status):
    """However a process ends, what it logged is readable, and its exit status is what it would have been."""
    process = start_python(ENDING, tmp_path, ending)
    if status < 0:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(-status)
    _, errors = process.communicate(timeout=150)
    assert process.returncode == status, errors
    assert list(read_records(tmp_path, "activations"))[:5] == [0, 1, 2, 3, 4]
    assert "Traceback" not in errors or ending in ("exception", "interrupted")
    if ending == "terminated":
        assert list(read_records(tmp_path / "other", "activations")) == [0, 1, 2, 3, 4]


HOLDING = """
import sys, time
from torch.utils.data import DataLoader, TensorDataset
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.networks import ConvNet, images
mapper = NeuroMapper(ConvNet(), sys.argv[1], probe=images())
workers = iter(DataLoader(TensorDataset(*images()), num_workers=1, persistent_workers=True))
next(workers)
mapper.log_epoch(0)
mapper.flush()
print("ready", flush=True)
time.sleep(60)
"""


def test_two_writers__are_refused_across_processes(tmp_path):
    """A live process holds its run; when it is killed, the run is free at once and can be resumed."""
    process = start_python(HOLDING, tmp_path)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    with pytest.raises(RuntimeError, match=rf"another NeuroMapper is writing into .* \(process {process.pid}\)"):
        NeuroMapper(ConvNet(), tmp_path, probe=images())
    process.kill()
    process.communicate(timeout=150)
    with NeuroMapper(ConvNet(), tmp_path, probe=images()) as mapper:
        mapper.log_epoch(0)
    assert list(read_records(tmp_path, "activations")) == [0]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork__child_neither_holds_nor_writes(tmp_path):
    """A forked child cannot log through its parent's mapper, does not drain it, and dies by SIGTERM as usual."""
    with NeuroMapper(ConvNet(), tmp_path, probe=images()) as mapper:
        mapper.log_epoch(0)
        child = os.fork()
        if child == 0:
            is_refused = False
            try:
                mapper.log_epoch(1)
            except RuntimeError as error:
                is_refused = "belongs to the parent process" in str(error)
            os._exit(3 if is_refused and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL else 4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        mapper.log_epoch(1)
    assert list(read_records(tmp_path, "activations")) == [0, 1]


def test_termination__handler_is_removed(tmp_path):
    """After close SIGTERM is handled as before; mappers may be closed in any order."""
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    first = NeuroMapper(ConvNet(), tmp_path / "a", probe=images())
    second = NeuroMapper(ConvNet(), tmp_path / "b", probe=images())
    first.close()
    assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    second.close()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


RANK = """
import sys, torch
from torch import distributed, nn
from torch.distributed.fsdp import fully_shard
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from tb_neuromapper.training.callback import NeuroMapper
from tests.training.networks import ConvNet, images
rank, port, run = int(sys.argv[1]), sys.argv[2], sys.argv[3]
distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(ConvNet())
data = TensorDataset(*images(7))
with NeuroMapper(model, run + "-loader", probe=DataLoader(data, batch_size=2), dtype="float32") as mapper:
    mapper.log_epoch(0)
probe = data
with NeuroMapper(model, run, probe=probe, dtype="float32") as mapper:
    mapper.log_epoch(0)
    if rank == 1:
        model.module.fc.weight.data[0] = float("nan")
    try:
        mapper.log_epoch(1)
    except (ValueError, RuntimeError) as error:
        print(type(error).__name__, error)
    model.module.fc.weight.data[0] = 0.0
    mapper.log_epoch(2)

def refused(work):
    try:
        work()
    except (ValueError, RuntimeError) as error:
        print(type(error).__name__, error)

class Nothing(IterableDataset):
    def __iter__(self):
        return iter(())

class Gated(ConvNet):
    def forward(self, x):
        return super().forward(x) if rank == 0 else self.fc(x.mean((2, 3)).repeat(1, 16))

with NeuroMapper(ConvNet(), run + "-refused", probe=Nothing()) as mapper:
    refused(lambda: mapper.log_epoch(0))
    refused(lambda: mapper.log_epoch(-rank))
with NeuroMapper(Gated(), run + "-refused", probe=data) as mapper:
    refused(lambda: mapper.log_epoch(0))
mesh = distributed.device_mesh.init_device_mesh("cpu", (2,))
refused(lambda: NeuroMapper(fully_shard(ConvNet(), mesh=mesh), run + "-refused", probe=data))
distributed.barrier()
distributed.destroy_process_group()
"""


def test_distributed__ranks_share_the_probe(tmp_path):
    """Two ranks write what one process writes; an error on one reaches both, and none waits for ever."""
    port = free_port()
    ranks = [start_python(RANK, rank, port, tmp_path / "two") for rank in range(2)]
    texts = [rank.communicate(timeout=150) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], texts
    assert texts[0][0].startswith("ValueError block 'output' gave NaN"), texts
    assert texts[1][0].startswith("RuntimeError NeuroMapper failed on rank 0: ValueError: block 'output'"), texts
    for text, _ in texts:
        _, empty, epoch, gated, sharded = text.splitlines()
        assert "the probe is empty; give at least one sample" in empty
        assert "log_epoch got -1; only an integer of 0 or more" in epoch
        assert "block 'layer1' ran for 3 of 7 samples of the probe" in gated
        assert sharded.startswith("ValueError the model's parameters are sharded")
    torch.manual_seed(0)
    with NeuroMapper(ConvNet(), tmp_path / "one", probe=images(7), dtype="float32") as mapper:
        mapper.log_epoch(0)
    pairs = [(run, kind) for run in ("two", "two-loader") for kind in ("probe", "activations", "outcomes")]
    for run, kind in pairs:
        (record, together), (expected, alone) = (read_records(tmp_path / name, kind)[0] for name in (run, "one"))
        assert record.sample_set == expected.sample_set
        assert record.attributes["content"] == expected.attributes["content"]
        assert list(together) == list(alone)
        for name in alone:
            np.testing.assert_allclose(together[name], alone[name], rtol=1e-4, atol=1e-5)
    assert list(read_records(tmp_path / "two", "activations")) == [0, 2]
    assert list(scalars(tmp_path / "two", "probe/loss")) == [0, 2]
    assert len(list((tmp_path / "two").glob("*tfevents*"))) == 1
    assert schema.tag("outcomes") in accumulate(tmp_path / "two").Tags()["tensors"]
