"""A real Chromium on a real TensorBoard over real training runs."""

import pytest
from playwright.sync_api import expect, sync_playwright

from scripts.find_chromium import find
from tests.browser.page import FLAGS, PATIENCE_MS, Tab
from tests.browser.trainings import DigitsTraining, FaultyTraining, write_plain
from tests.servers import TensorBoardServer, await_value

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items):
    """Mark all tests of this folder, which need a browser."""
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests of a process."""
    path = find()
    assert path, "no Chromium: sudo apt-get install chromium, or set CHROMIUM to the path of one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser):
    """A function that opens the tab; the test fails if the browser's console showed an error.

    `script` runs in every frame before the page's own; `touch`: the page is on a touch screen; `with_clock`: the test
    may hold and move the page's time.
    """
    tabs = []

    def opened(server, *, size=(1280, 800), scheme="light", script="", touch=False, with_clock=False, **options):
        width, height = size
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, color_scheme=scheme, has_touch=touch, **options)
        context.set_default_timeout(PATIENCE_MS)
        if script:
            context.add_init_script(script)
        if with_clock:
            context.clock.install()
        tabs.append(Tab(context.new_page(), server if isinstance(server, str) else server.url))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.page.context.close()
    assert [error for tab in tabs for error in tab.unexpected_errors()] == []


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A log directory with two finished runs: five epochs in "first", three in "second"."""
    folder = tmp_path_factory.mktemp("trained")
    for name, n_epochs in (("first", 5), ("second", 3)):
        training = DigitsTraining(folder / name)
        for _ in range(n_epochs):
            training.epoch()
        training.mapper.close()
    return folder


@pytest.fixture(scope="session")
def board(trained, cache_folder):
    """A TensorBoard on `trained` for all tests that only look."""
    server = TensorBoardServer("--logdir", trained, cache=cache_folder)
    yield server
    server.close()


@pytest.fixture(scope="session")
def scalars_board(tmp_path_factory, cache_folder):
    """A TensorBoard on the runs "faulty", with records, and "plain", with scalars alone."""
    folder = tmp_path_factory.mktemp("scalars")
    training = FaultyTraining(folder / "faulty")
    for _ in range(4):
        training.epoch()
    training.close()
    write_plain(folder / "plain")
    server = TensorBoardServer("--logdir", folder, cache=cache_folder)

    def last_step(run):
        return server.json("scalars")["runs"].get(run, {}).get("train/loss", {}).get("last_step")

    await_value(lambda: (last_step("faulty"), last_step("plain")) == (159, 49), server.process)
    yield server
    server.close()


@pytest.fixture
def open_scalars(scalars_board, open_tab):
    """A function that opens the scalars screen of "faulty", its charts drawn and the findings there."""

    def opened(**options):
        tab = open_tab(scalars_board, **options)
        tab.await_root(run="faulty")
        tab.get("screen-scalars").click()
        tab.await_root(screen="scalars", state="ready", settled="true")
        expect(tab.get("finding").first).to_be_visible()
        return tab

    return opened
