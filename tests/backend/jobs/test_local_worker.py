"""Facts about the worker process."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tb_neuromapper.backend.jobs.local_worker import LocalWorker, WorkerDied
from tests.processes import is_alive


@pytest.fixture
def worker():
    """A worker that ends with the test."""
    worker = LocalWorker()
    yield worker
    worker.kill()
    worker.shutdown()


def test_submit__runs_in_one_other_process(worker):
    """All jobs run in one process that is not this one."""
    pids = {worker.submit(os.getpid).result(60) for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids


def test_submit__passes_errors_on(worker):
    """A job's exception comes out of its future, and the worker goes on."""
    with pytest.raises(ZeroDivisionError):
        worker.submit(divmod, 1, 0).result(60)
    assert worker.submit(divmod, 7, 2).result(60) == (3, 1)


def test_submit__survives_prints(worker):
    """What a library prints does not end up among the answers."""
    assert worker.submit(print, "a line on standard output").result(60) is None
    assert worker.submit(abs, -1).result(60) == 1


def test_submit__starts_a_new_process_after_a_death(worker):
    """A killed worker fails its job with a sentence; the next job has a new worker."""
    pid = worker.submit(os.getpid).result(60)
    with pytest.raises(WorkerDied, match="ended with -9"):
        worker.submit(os.kill, pid, signal.SIGKILL).result(60)
    assert worker.submit(os.getpid).result(60) != pid


def test_cancel__takes_a_queued_job_out(worker):
    """A job that has not begun never runs."""
    first = worker.submit(time.sleep, 0.5)
    second = worker.submit(abs, -1)
    assert second.cancel()
    first.result(60)


def test_shutdown__refuses_more_jobs():
    """A closed worker says so."""
    worker = LocalWorker()
    worker.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        worker.submit(abs, 1)


def test_worker__ends_with_its_parent():
    """When TensorBoard is killed in the middle of a job, its worker ends too."""
    script = textwrap.dedent("""
        import os, time
        from tb_neuromapper.backend.jobs.local_worker import LocalWorker
        worker = LocalWorker()
        print(worker.submit(os.getpid).result(), flush=True)
        worker.submit(time.sleep, 600)
        time.sleep(600)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline_s = time.monotonic() + 30
    while is_alive(pid):
        assert time.monotonic() < deadline_s, "the worker outlived its parent"
        time.sleep(0.05)


def test_worker__does_not_import_from_the_current_directory(tmp_path, monkeypatch):
    """A log folder that holds a numba.py must not be able to run it."""
    (tmp_path / "numba.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), "", *sys.path])
    worker = LocalWorker()
    try:
        path = worker.submit(eval, "__import__('sys').path").result(60)
        assert str(tmp_path) not in path
        assert "" not in path
    finally:
        worker.shutdown(cancel_futures=True)


def test_shutdown__cancels_what_is_queued():
    """After the end no queued job starts a new worker."""
    worker = LocalWorker()
    worker.submit(time.sleep, 60)
    queued = worker.submit(abs, 1)
    worker.shutdown(wait=False, cancel_futures=True)
    worker._thread.join(30)
    assert queued.cancelled()
