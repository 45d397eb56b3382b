"""A real Chromium on a real TensorBoard over real training runs."""

from __future__ import annotations

import re
from io import BytesIO
from urllib.parse import unquote

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from sklearn.datasets import load_digits
from torch import nn

from scripts.find_chromium import find
from tb_neuromapper import NeuroMapper
from tests.servers import TensorBoardServer, await_value

PATIENCE_MS = 90_000
expect.set_options(timeout=PATIENCE_MS)
# Software rendering, so that the tests need no graphics card, and as Chromium does it without one: of the page, only
# WebGL goes through SwiftShader. No requests of the browser's own.
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",
]
ROOT = "[data-testid=neuromapper]"
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    path = find()
    assert path, "no Chromium: sudo apt-get install chromium, or set CHROMIUM to the path of one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Tab:
    """The NeuroMapper tab of a TensorBoard, or a link into it, in one browser page."""

    def __init__(self, page: Page, url: str):
        self.page = page
        self.errors: list[str] = []
        self.expected_errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        page.goto(url if "#" in url else f"{url}#neuromapper")
        self.frame = page.frame_locator("iframe[src*='plugin_entry'], iframe")

    def _note(self, message):
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location.get('url', '')}")

    def unexpected_errors(self):
        """Errors in the console that contain none of the expected words."""
        return [error for error in self.errors if not any(words in error for words in self.expected_errors)]

    def root(self, **attributes):
        """The page's root element with these data attributes."""
        conditions = "".join(f'[data-{name.replace("_", "-")}="{value}"]' for name, value in attributes.items())
        return self.frame.locator(ROOT + conditions)

    def await_root(self, **attributes):
        self.root(**attributes).wait_for(state="attached", timeout=PATIENCE_MS)

    def await_complete(self, **attributes):
        """Wait until every block's projection is done and drawn."""
        self.await_root(state="ready", **attributes)
        await_value(lambda: all(block["state"] == "done" and block["nPoints"] for block in self.inspect()["blocks"]))
        self.await_root(settled="true", **attributes)

    def await_still(self):
        """Wait until epochs and figures that come late have come: a second and a half without a drawn frame."""

        def is_still():
            before = self.inspect()["frames"]
            self.page.wait_for_timeout(1500)
            return self.inspect()["frames"] == before

        await_value(is_still)

    def get(self, test_id):
        return self.frame.get_by_test_id(test_id)

    def attribute(self, name):
        return self.frame.locator(ROOT).get_attribute(f"data-{name}")

    def inspect(self):
        return self.evaluate("() => window.__neuromapper.inspect()")

    def evaluate(self, script, argument=None):
        (frame,) = [frame for frame in self.page.frames if "plugin_entry" in frame.url]
        return frame.evaluate(script, argument)

    def hash(self):
        """The address behind the #, decoded, lists in it too; `page.url` changes only while Playwright is at work."""
        return unquote(unquote(self.page.evaluate("() => location.hash")))

    def await_address(self):
        """Wait until the address says all that is shown: it follows at most every 350 ms."""

        def is_still():
            before = self.hash()
            self.page.wait_for_timeout(600)
            return self.hash() == before

        await_value(is_still)

    def pixels(self, locator=None):
        """The pixels (h, w, 3) of an element, of the canvas if none is given."""
        png = (locator or self.get("canvas")).screenshot()
        return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


@pytest.fixture
def open_tab(browser):
    """A function that opens the tab; the test fails if the browser's console showed an error.

    `script` runs in every frame before the page's own.
    """
    tabs = []

    def opened(server, *, size=(1280, 800), scheme="light", reduced_motion="no-preference", script=""):
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion=reduced_motion
        )
        context.set_default_timeout(PATIENCE_MS)
        if script:
            context.add_init_script(script)
        tabs.append(Tab(context.new_page(), server if isinstance(server, str) else server.url))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.page.context.close()
    assert [error for tab in tabs for error in tab.unexpected_errors()] == []


def share_of(pixels, colour, tolerance=12):
    """The share of pixels that have a colour."""
    return (np.abs(pixels.astype(int) - colour).max(axis=-1) <= tolerance).mean()


def rgb(css):
    """A CSS colour #rrggbb as three numbers."""
    match = re.fullmatch(r"#(..)(..)(..)", css)
    assert match, css
    return np.array([int(part, 16) for part in match.groups()])


class DigitsTraining:
    """A real, small training on handwritten digits that goes on epoch by epoch when told to."""

    def __init__(self, folder, n_probe=400):
        digits = load_digits()
        self.images = torch.from_numpy(digits.images).float() / 16
        self.labels = torch.from_numpy(digits.target)
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        probe = torch.utils.data.TensorDataset(self.images[:n_probe].unsqueeze(1), self.labels[:n_probe])
        names = [f"digit {index}" for index in range(10)]
        self.mapper = NeuroMapper(
            self.model, folder, probe=probe, class_names=names, blocks=["2", "4"], gradient_every=10
        )
        self.n_epochs = 0

    def epoch(self):
        for rows in torch.randperm(len(self.images)).split(64):
            loss = nn.functional.cross_entropy(self.model(self.images[rows]), self.labels[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.mapper.step()
        self.mapper.log_epoch(self.n_epochs)
        self.mapper.flush()
        self.n_epochs += 1


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
