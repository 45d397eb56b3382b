"""Fixtures for all tests."""

import pytest

from tests.servers import TensorBoardServer


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
