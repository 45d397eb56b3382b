"""A real TensorBoard with each of its two ingesters."""

import signal

import pytest

from tests.logs import LogWriter, write_run
from tests.processes import children_of, is_alive
from tests.servers import await_value

INGESTERS = pytest.mark.parametrize("load_fast", ["true", "false"], ids=["rust", "python"])


@INGESTERS
def test_runs__are_complete(tmp_path, start_tensorboard, load_fast):
    """All 120 steps, nested names, both payloads and a resumed run arrive, and are projected."""
    write_run(tmp_path / "deep" / "er" / "a", steps=range(120))
    write_run(tmp_path / "blobs", steps=range(12), payload="event")
    resumed = LogWriter(tmp_path / "resumed")
    resumed.probe()
    for step in [0, 1, 2, 3]:
        resumed.epoch(step)
    resumed.close()
    again = LogWriter(tmp_path / "resumed", wall_time_s=resumed.wall_time_s + 50)
    again.probe()
    newest = {step: again.epoch(step, seed=1) for step in [2, 3, 4]}
    again.close()
    server = start_tensorboard("--logdir", tmp_path, "--load_fast", load_fast)
    expected = {"deep/er/a": 120, "blobs": 12, "resumed": 5}
    server.await_runs(lambda runs: {run["name"]: len(run["steps"]) for run in runs} == expected)
    assert all(path.is_file() for path in newest.values())
    for manifest in server.await_projections("blobs") + server.await_projections("resumed"):
        assert len(manifest["steps"]) == expected[manifest["run"]]
        assert server.get(f"positions?ids={manifest['id']}&step={manifest['steps'][-1]}")[:4] == b"NMF1"


@INGESTERS
def test_path_prefix_and_the_log_directory_itself(tmp_path, start_tensorboard, load_fast):
    """With --path_prefix all routes move; a run in the log directory itself is called "."."""
    write_run(tmp_path)
    server = start_tensorboard("--logdir", tmp_path, "--path_prefix", "/some/where", "--load_fast", load_fast)
    assert server.url.endswith("/some/where/")
    (run,) = server.await_runs(lambda runs: len(runs[0]["steps"]) == 3)
    assert run["name"] == "."
    assert all(item["state"] == "done" for item in server.await_projections("."))


def test_logdir_spec__finds_the_sidecars(tmp_path, start_tensorboard):
    """With --logdir_spec runs lie in several places under given names."""
    write_run(tmp_path / "here" / "a")
    write_run(tmp_path / "there")
    server = start_tensorboard("--logdir_spec", f"first:{tmp_path / 'here'},second:{tmp_path / 'there'}")
    runs = server.await_runs(lambda runs: len(runs) == 2)
    assert [run["name"] for run in runs] == ["first/a", "second/."]
    assert [run["problems"] for run in runs] == [[], []]
    assert all(item["state"] == "done" for item in server.await_projections("second/."))


@INGESTERS
def test_new_epochs__arrive_while_tensorboard_runs(tmp_path, start_tensorboard, load_fast):
    """An epoch that is logged later is listed and projected without a restart."""
    writer = LogWriter(tmp_path / "live")
    writer.probe()
    writer.epoch(0)
    server = start_tensorboard("--logdir", tmp_path, "--load_fast", load_fast)
    server.await_runs(lambda runs: runs[0]["steps"] == [0])
    writer.epoch(1)
    writer.close()
    server.await_runs(lambda runs: runs[0]["steps"] == [0, 1])
    assert server.await_projections("live")[0]["steps"] == [0, 1]


def test_sigterm__ends_the_worker_too(tmp_path, start_tensorboard):
    """TensorBoard ends at once when asked to, in the middle of a job, and leaves no process behind."""
    write_run(tmp_path / "a", steps=range(40), n=2000)
    server = start_tensorboard("--logdir", tmp_path, "--load_fast", "false")
    server.await_runs(lambda runs: len(runs[0]["steps"]) == 40)
    server.post("projections", {"run": "a", "parameters": {"seed": 12345}})
    children = await_value(lambda: children_of(server.process.pid))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    await_value(lambda: not any(is_alive(pid) for pid in children))
