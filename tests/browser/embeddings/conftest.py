"""The embeddings screen on finished runs."""

import pytest

from tb_neuromapper import open_run


@pytest.fixture
def tab(board, open_tab):
    """The tab on two finished runs, everything loaded, at the newest epoch of the first."""
    tab = open_tab(board)
    tab.await_complete(run="first", steps=5, step=4)
    return tab


@pytest.fixture(scope="session")
def run(trained, tmp_path_factory):
    """The run "first" as Python reads it."""
    return open_run(trained / "first", cache=tmp_path_factory.mktemp("unused"))
