"""The NeuroMapper tab in a page of a real Chromium: what tests do on it, ask it, and wait for."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from PIL import Image

from tests.servers import PATIENCE_S, await_value

PATIENCE_MS = 1000 * PATIENCE_S
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
MENUS = ("layout-menu", "samples-menu", "views-menu", "save-menu")
ROOT = "[data-testid=neuromapper]"
# What a picture shows must not depend on the fonts of the machine, nor on words that come late.
WITHOUT_WORDS = """
*, *::before, *::after, ::placeholder { color: transparent !important; }
text { fill: transparent !important; }
"""
# Lets the page draw so many frames; a slow machine takes longer over them.
PASS_FRAMES = """(n) => new Promise((resolve) => {
  const next = () => (n-- > 0 ? requestAnimationFrame(next) : resolve());
  next();
})"""
# A timer that is set now comes after the one from which the page writes its address (URL_PAUSE_MS of index.tsx).
PASS_ADDRESS_TIMER = "() => new Promise((resolve) => setTimeout(resolve, 450))"


def link_to(server, **state):
    """A link into a server's tab with these keys, escaped as the page does it."""
    keys = "".join(f"&p.neuromapper.{key}={quote(value, safe='')}" for key, value in state.items())
    return f"{server.url}#neuromapper{keys}"


class Tab:
    """The NeuroMapper tab of a TensorBoard, or a link into it, in one browser page.

    Args:
        page: A new page.
        url: TensorBoard's address, or a link into the tab.

    Attributes:
        page: The page.
        frame: The frame in which the tab's own page lives.
        errors: The errors of the console, so far.
        expected_errors: Words of errors that the test brings about.
    """

    def __init__(self, page, url):
        self.page = page
        self.errors = []
        self.expected_errors = []
        self._under_way = set()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        page.on("request", lambda request: self._under_way.add(request))
        page.on("requestfinished", lambda request: self._under_way.discard(request))
        page.on("requestfailed", lambda request: self._under_way.discard(request))
        page.goto(url if "#" in url else f"{url}#neuromapper")
        self.frame = page.frame_locator("iframe[src*='plugin_entry'], iframe")

    def _note(self, message):
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location.get('url', '')}")

    def unexpected_errors(self):
        """Errors in the console that contain none of the expected words."""
        return [error for error in self.errors if not any(words in error for words in self.expected_errors)]

    def get(self, test_id):
        """The elements with this test id."""
        return self.frame.get_by_test_id(test_id)

    def root(self, **attributes):
        """The page's root element with these data attributes."""
        conditions = "".join(f'[data-{name.replace("_", "-")}="{value}"]' for name, value in attributes.items())
        return self.frame.locator(ROOT + conditions)

    def attribute(self, name):
        """A data attribute of the root element, as it is now."""
        return self.frame.locator(ROOT).get_attribute(f"data-{name}")

    def evaluate(self, script, argument=None):
        """What a script returns in the tab's own frame, once the page is there."""
        self.await_root()
        (frame,) = [frame for frame in self.page.frames if "plugin_entry" in frame.url]
        return frame.evaluate(script, argument)

    def inspect(self):
        """What the page tells tests about itself (src/inspect.ts)."""
        return self.evaluate("() => window.__neuromapper.inspect()")

    def selected(self):
        """The rows of the selected samples, as a set."""
        return set(self.inspect()["selected"])

    def link(self):
        """The whole address, as it is now; `page.url` changes only while Playwright is at work."""
        return self.page.evaluate("() => location.href")

    def hash(self):
        """The address behind the #, decoded, lists in it too, as it is now."""
        return unquote(unquote(self.page.evaluate("() => location.hash")))

    def await_root(self, **attributes):
        """Wait until the root element has these data attributes."""
        self.root(**attributes).wait_for(state="attached", timeout=PATIENCE_MS)

    def await_complete(self, **attributes):
        """Wait until every block's projection is done and drawn."""
        self.await_root(state="ready", **attributes)
        await_value(lambda: all(block["state"] == "done" and block["nPoints"] for block in self.inspect()["blocks"]))
        self.await_root(settled="true", **attributes)

    def await_still(self):
        """Wait until all answers are there and the page has nothing to draw: half a second of frames, if it is fast."""
        await_value(self._is_still)

    def _is_still(self):
        before = self.n_drawn()
        self.evaluate(PASS_FRAMES, 30)
        return not self._under_way and self.n_drawn() == before

    def n_drawn(self):
        """How many frames the canvas of the screen has been drawn, since the screen was opened."""
        state = self.inspect()
        return state["frames"] + (state["flow"]["frames"] if state["flow"] else 0)

    def await_address(self):
        """Wait until the address says all that is shown."""
        self.evaluate(PASS_ADDRESS_TIMER)

    def hold_clock(self):
        """Stop the page's time, which must have been opened `with_clock`; from now on `page.clock` moves it."""
        self.page.clock.pause_at(self.page.evaluate("() => Date.now()") / 1000 + 1)

    def pixels(self, locator=None):
        """The pixels (h, w, 3) of an element, of the canvas if none is given, as 8-bit RGB and without any words."""
        png = (locator or self.get("canvas")).screenshot(style=WITHOUT_WORDS)
        return np.asarray(Image.open(BytesIO(png)).convert("RGB"))

    def view(self, index=0):
        """The pixels of a block's plot without its edge, which shows the focus; the pointer is away from it."""
        self.page.mouse.move(300, 75)
        return self.pixels(self.get("plot").nth(index)).astype(int)[5:-5, 5:-5]

    def pin(self, sample_id):
        """Pin the sample with this id."""
        self.get("sample-search").fill(str(sample_id))
        self.get("sample-search").press("Enter")

    def drag(self, plot, path, *, modifier=None):
        """Drag along a path of shares (x, y) of a plot's sides, with a key held down if one is named."""
        box = plot.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
        if modifier:
            self.page.keyboard.down(modifier)
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()
        if modifier:
            self.page.keyboard.up(modifier)

    def save(self, test_id):
        """Click a button that saves a file; returns the file's name and bytes."""
        with self.page.expect_download() as waiting:
            self.get(test_id).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def set_theme(self, theme):
        """Switch TensorBoard to "light" or "dark"; the page follows."""
        self.page.evaluate(f"() => document.body.classList.toggle('dark-mode', {str(theme == 'dark').lower()})")
        self.await_root(theme=theme)

    def fits_sideways(self):
        """Whether nothing of the page lies outside the window at the right."""
        return self.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
