"""Jobs on a real Dask cluster of two worker processes."""

import os
import signal

import numpy as np
import pytest

from tb_neuromapper.backend.jobs.scheduler import check_scheduler
from tests.logs import LogWriter
from tests.servers import await_value

# Dask's own threads and sockets end a moment after the cluster is closed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def cluster():
    """A Dask cluster of two processes with one thread each."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster


def big_run(folder):
    """A run whose layout takes long enough to be interrupted."""
    writer = LogWriter(folder, n=1500)
    writer.probe()
    for step in range(20):
        writer.epoch(step, blocks=["layer1"], seed=step)
    writer.close()


def positions_of(viewer, manifest):
    """uint16 (T, n, 2) of all steps of a projection."""
    frames = [viewer.frame("positions", ids=manifest["id"], step=step)[0] for step in manifest["steps"]]
    return np.stack([frame[manifest["id"]] for frame in frames])


def test_cluster__gives_the_local_result_though_a_worker_dies(tmp_path, open_viewer, cluster):
    """One of two workers is killed in the middle of the job; the other finishes it, and the layout is the local one."""
    big_run(tmp_path / "logs" / "a")
    remote = open_viewer(tmp_path / "logs", tmp_path / "remote", scheduler=cluster.scheduler_address)
    (manifest,) = remote.post("projections", {"run": "a"}).json["projections"]

    def busy_worker():
        state = remote.json("projections", ids=manifest["id"])["projections"][0]
        working = cluster.scheduler.workers.values()
        return state["state"] == "running" and next((item for item in working if item.processing), None)

    os.kill(await_value(busy_worker).pid, signal.SIGKILL)
    (done,) = remote.await_end([manifest["id"]])
    assert done["state"] == "done", done["message"]
    local = open_viewer(tmp_path / "logs", tmp_path / "local")
    (expected,) = local.project("a")
    paths = [sorted((tmp_path / name / "layouts").glob("*/positions.npy")) for name in ("remote", "local")]
    assert [path.parent.name for path in paths[0]] == [path.parent.name for path in paths[1]]
    np.testing.assert_array_equal(np.load(paths[0][0]), np.load(paths[1][0]))
    assert done["steps"] == expected["steps"]


def test_cluster__that_does_not_answer_is_told(tmp_path, open_viewer, monkeypatch):
    """A wrong address does not stop TensorBoard; the projection says what is wrong."""
    monkeypatch.setattr("tb_neuromapper.backend.jobs.scheduler._CONNECT_TIMEOUT_S", 0.5)
    big_run(tmp_path / "logs" / "a")
    viewer = open_viewer(tmp_path / "logs", tmp_path / "cache", scheduler="tcp://127.0.0.1:9")
    assert viewer.get("runs").status_code == 200
    (manifest,) = viewer.project("a")
    assert manifest["state"] == "failed"
    assert "scheduler at tcp://127.0.0.1:9 does not answer" in manifest["message"]


def test_check_scheduler__names_what_is_needed():
    """A flag that is no address gets a sentence."""
    check_scheduler("")
    check_scheduler("tcp://127.0.0.1:8786")
    with pytest.raises(ValueError, match="an address such as tcp"):
        check_scheduler("8786")
