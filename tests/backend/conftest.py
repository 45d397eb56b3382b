"""Fixtures for the tests of the viewer."""

import pytest

from tests.backend.viewer import Viewer


@pytest.fixture
def open_viewer(cache_folder):
    """A function that opens a Viewer over a log directory; all are closed at the end of the test."""
    viewers = []

    def opened(log_dir, cache=cache_folder, **options):
        viewers.append(Viewer(log_dir, cache, **options))
        return viewers[-1]

    yield opened
    for viewer in viewers:
        viewer.close()
