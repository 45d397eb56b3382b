"""Fixtures for all tests."""

import signal

import pytest

from tests.servers import TensorBoardServer

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
