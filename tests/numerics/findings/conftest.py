"""Fixtures for trainings of small networks."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks are faster so, and alike on every machine."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
