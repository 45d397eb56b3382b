"""The background writer: order, bounds, and a disk that refuses."""

from __future__ import annotations

import errno
import gc
import os
import threading
import warnings
import weakref
from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper import schema
from tb_neuromapper.recording import writer as writer_module
from tb_neuromapper.training.callback import NeuroMapper
from tests.processes import start_python
from tests.recording.writing import PROBE, batch_of, open_writer
from tests.training.networks import ConvNet, images
from tests.training.reading import accumulate, read_records, scalars


@pytest.fixture
def disk(monkeypatch):
    """A disk whose files can be made to fail: set `fails` to True; it answers while `answers` is set."""

    class Disk:
        fails, answers = False, threading.Event()

    Disk.answers.set()
    real = writer_module.write_whole

    def write(path, data):
        assert Disk.answers.wait(60)
        if Disk.fails:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(writer_module, "write_whole", write)
    return Disk


def test_writer__writes_in_order(tmp_path):
    """The probe comes first, then the batches as submitted; files are whole and nothing temporary stays."""
    writer = open_writer(tmp_path)
    for step in range(5):
        writer.submit(batch_of(step, step), probe=PROBE if step == 0 else None)
    writer.close()
    events = [e for tag in ("probe", "activations") for e in accumulate(tmp_path).Tensors(schema.tag(tag))]
    assert [e.step for e in events] == [0, 0, 1, 2, 3, 4]
    assert events[0].wall_time <= events[1].wall_time
    assert scalars(tmp_path, "probe/loss") == {step: float(step) for step in range(5)}
    names = sorted(path.name for path in (tmp_path / schema.ASSET_FOLDER).iterdir())
    assert [name.split("-")[0] for name in names] == [f"{s:06d}" for s in range(5)] + ["writer.lock"]
    assert not any("tfevents" in name for name in names)


def test_writer__announces_only_whole_files(tmp_path, monkeypatch):
    """When an event is written, its file is already there under its name."""
    seen = []
    real = writer_module.OwnEventFile.write

    def write(self, summaries, step):
        seen.append([path.suffix for path in (tmp_path / schema.ASSET_FOLDER).glob(f"{step:06d}-*")])
        real(self, summaries, step)

    monkeypatch.setattr(writer_module.OwnEventFile, "write", write)
    writer = open_writer(tmp_path)
    writer.submit(batch_of(0), probe=PROBE)
    writer.close()
    assert seen == [[".safetensors"]]


def test_writer__blocks_only_when_the_queue_is_full(tmp_path, stalled_disk):
    """With the disk stuck, queue_size + 1 batches are taken at once; the next waits until the disk goes on."""
    writer = open_writer(tmp_path, queue_size=2)
    writer.submit(batch_of(0), probe=PROBE)
    while not writer._queue.empty():
        pass
    writer.submit(batch_of(1))
    writer.submit(batch_of(2))
    last = threading.Thread(target=writer.submit, args=(batch_of(3),))
    last.start()
    last.join(0.05)
    assert last.is_alive()
    stalled_disk.set()
    last.join(60)
    writer.close()
    assert list(read_records(tmp_path, "activations")) == [0, 1, 2, 3]


def test_full_disk__warns_once_and_training_goes_on(tmp_path, disk):
    """Epochs that do not fit are missing, the others, the probe among them, are there."""
    disk.fails = True
    disk.answers.clear()
    with NeuroMapper(ConvNet(), tmp_path, probe=images()) as mapper:
        mapper.log_epoch(0)
        disk.answers.set()
        with pytest.warns(RuntimeWarning, match=r"could not write to .*No space left.*Training goes on") as caught:
            mapper.flush()
        mapper.log_epoch(1)
        mapper.flush()
        disk.fails = False
        mapper.log_epoch(2)
        mapper.flush()
    assert len(caught) == 1
    assert list(read_records(tmp_path, "activations")) == [2]
    assert list(read_records(tmp_path, "probe")) == [2]


def test_full_disk__is_reported_by_the_next_epoch(tmp_path, disk):
    """The warning names the line of the training script."""
    disk.fails = True
    disk.answers.clear()
    mapper = NeuroMapper(ConvNet(), tmp_path, probe=images())
    mapper.log_epoch(0)
    disk.answers.set()
    mapper._writer._queue.join()
    with pytest.warns(RuntimeWarning, match="No space left") as caught:
        mapper.log_epoch(1)
    mapper.close()
    assert [warning.filename for warning in caught] == [__file__]


def test_full_disk__in_the_event_file_cuts_it_back(tmp_path):
    """An event that fails half-way is cut off, so that later events are readable; its arrays' file goes, too."""
    script = """
import resource, sys, warnings
from pathlib import Path
from tests.recording.writing import PROBE, batch_of, open_writer

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for payload in ("file", "event"):
    run = Path(sys.argv[1]) / payload
    writer = open_writer(run, payload=payload)
    writer.submit(batch_of(0), probe=PROBE)
    writer.flush()
    size = next(run.glob("*tfevents*")).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))
    writer.submit(batch_of(1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        writer.flush()
    assert len(caught) == 1 and "File too large" in str(caught[0].message), caught
    assert next(run.glob("*tfevents*")).stat().st_size == size
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    writer.submit(batch_of(2))
    writer.close()
"""
    process = start_python(script, tmp_path)
    _, errors = process.communicate(timeout=150)
    assert process.returncode == 0, errors
    for payload in ("file", "event"):
        assert list(read_records(tmp_path / payload, "activations")) == [0, 2]
    assert not list(tmp_path.rglob("000001-*"))


@pytest.mark.parametrize("shared", [False, True])
def test_unwritable_directory__warns_at_construction(tmp_path, shared):
    """A run directory that cannot be made: one warning, no error, and it works once the obstacle is gone."""
    run = tmp_path / "run"
    summary_writer = SummaryWriter(str(run)) if shared else None
    obstacle = run / "plugins" if shared else run
    obstacle.write_text("in the way")
    target = {"writer": summary_writer} if shared else {"log_dir": run}
    with pytest.warns(RuntimeWarning, match="could not write to .*Training goes on") as caught:
        mapper = NeuroMapper(ConvNet(), **target, probe=images())
    assert [warning.filename for warning in caught] == [__file__]
    mapper.log_epoch(0)
    mapper.flush()
    obstacle.unlink()
    mapper.log_epoch(1)
    mapper.close()
    if summary_writer is not None:
        summary_writer.close()
    assert list(read_records(run, "activations")) == [1]


def test_shared_writer__failure_is_a_warning(tmp_path, monkeypatch):
    """A SummaryWriter whose file fails is a warning, too."""

    def fail():
        raise OSError(errno.ENOSPC, "No space left on device")

    with SummaryWriter(str(tmp_path)) as summary_writer, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with monkeypatch.context() as patch, NeuroMapper(ConvNet(), writer=summary_writer, probe=images()) as mapper:
            patch.setattr(summary_writer.file_writer, "flush", fail)
            mapper.log_epoch(0)
            mapper.flush()
            mapper.log_epoch(1)
            mapper.flush()
    assert [w.category for w in caught] == [RuntimeWarning]
    assert "No space left" in str(caught[0].message)


def test_event_file__is_cut_back_when_it_cannot_be_synced(tmp_path, monkeypatch):
    """Announcements that the disk refuses only at fsync name no arrays that were removed."""
    real, fails = os.fsync, [False]

    def fsync(descriptor):
        if fails[0] and "tfevents" in Path(f"/proc/self/fd/{descriptor}").readlink().name:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    writer = open_writer(tmp_path)
    writer.submit(batch_of(0), probe=PROBE)
    writer.flush()
    fails[0] = True
    writer.submit(batch_of(1))
    with pytest.warns(RuntimeWarning, match="No space left"):
        writer.flush()
    fails[0] = False
    writer.submit(batch_of(2))
    writer.close()
    assert list(read_records(tmp_path, "activations")) == [0, 2]


def test_writer__leaves_no_hook_behind(tmp_path, monkeypatch):
    """Hooks at fork cannot be removed: many writers register none of their own, and are freed when closed."""
    monkeypatch.setattr(os, "register_at_fork", lambda **hooks: pytest.fail("a hook that stays for ever"))
    writers = [open_writer(tmp_path / str(i)) for i in range(3)]
    references = [weakref.ref(writer) for writer in writers]
    for writer in writers:
        writer.close()
    del writer, writers
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


def test_terminated__writer_writes_what_waits_and_drops_the_rest(tmp_path, stalled_disk):
    """While SIGTERM drains, a submit comes before the end or is dropped; it neither raises nor waits for ever."""
    writer = open_writer(tmp_path, queue_size=8)
    writer.submit(batch_of(0), probe=PROBE)
    writer.submit(batch_of(1))
    terminating = threading.Thread(target=writer.terminate)
    terminating.start()
    training = threading.Thread(target=lambda: [writer.submit(batch_of(step)) for step in range(2, 50)])
    training.start()
    stalled_disk.set()
    terminating.join(60)
    training.join(60)
    assert not training.is_alive()
    writer.check_open()
    writer.submit(batch_of(99))
    writer.flush()
    writer.close()
    found = list(read_records(tmp_path, "activations"))
    assert found[:2] == [0, 1]
    assert found == list(range(len(found)))


def test_writer__removes_leftovers_of_a_crash(tmp_path):
    """A temporary file that a killed process left is removed by the next one."""
    folder = tmp_path / schema.ASSET_FOLDER
    folder.mkdir(parents=True)
    (folder / "000003-abcdef.safetensors.tmp").write_bytes(b"half")
    open_writer(tmp_path).close()
    assert not list(folder.glob("*.tmp"))


def test_writer__drains_when_its_mapper_is_forgotten(tmp_path):
    """A mapper that goes out of scope without close writes what waits and frees the run."""
    mapper = NeuroMapper(ConvNet(), tmp_path, probe=images())
    mapper.log_epoch(0)
    del mapper
    NeuroMapper(ConvNet(), tmp_path, probe=images()).close()
    assert list(read_records(tmp_path, "activations")) == [0]
