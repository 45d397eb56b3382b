"""Fixtures for all tests."""

import signal
import threading

import pytest
from hypothesis import settings

from tests.servers import TensorBoardServer

# No test depends on how fast the machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# A shell starts what runs in its background deaf to Ctrl-C, and the processes that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory):
    """One results cache for the session: equal data are laid out once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def start_tensorboard(cache_folder):
    """A function that starts a TensorBoard with the given flags; all end with the test."""
    servers = []

    def start(*flags):
        servers.append(TensorBoardServer(*flags, cache=cache_folder))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def stalled_disk(monkeypatch):
    """An event; until it is set, no file of a run's arrays is written."""
    from tb_neuromapper.recording import writer

    is_free, write_whole = threading.Event(), writer.write_whole

    def write(path, data):
        assert is_free.wait(60)
        write_whole(path, data)

    monkeypatch.setattr(writer, "write_whole", write)
    return is_free
