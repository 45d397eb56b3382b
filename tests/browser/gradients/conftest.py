"""The gradients screen of finished runs."""

import pytest

from tests.browser.trainings import train_convolutions
from tests.logs import write_run
from tests.servers import TensorBoardServer


@pytest.fixture(scope="module")
def logs(trained, tmp_path_factory):
    """The runs "first" and "second" (fully connected), "convolutions", and "plain" without gradient records."""
    folder = tmp_path_factory.mktemp("gradients")
    for name in ("first", "second"):
        (folder / name).symlink_to(trained / name)
    train_convolutions(folder / "convolutions")
    write_run(folder / "plain")
    return folder


@pytest.fixture(scope="module")
def server(logs, cache_folder):
    """One TensorBoard for all tests that only look."""
    server = TensorBoardServer("--logdir", logs, cache=cache_folder)
    yield server
    server.close()


@pytest.fixture
def open_screen(server, open_tab):
    """A function that opens the gradients screen of a run, everything loaded and still."""

    def opened(run="first", **options):
        tab = open_tab(server, **options)
        tab.await_root(run="convolutions")
        tab.get("run").select_option(run)
        tab.get("screen-gradients").click()
        tab.await_root(screen="gradients", run=run, state="ready", settled="true")
        tab.get("overview-map").wait_for()
        return tab

    return opened


@pytest.fixture
def tab(open_screen):
    """The screen of the run "first"."""
    return open_screen()
