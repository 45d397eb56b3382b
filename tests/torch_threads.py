"""Trainings of tiny networks run on one thread: threads that wait by spinning slow each other down.

A conftest that imports the fixture has it for all tests of its folder.
"""

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Torch computes on one thread, and results are alike on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
