"""Takes the pictures of the documentation: the real page on a real run.

    python scripts/take_screenshots.py runs [RUN]

`make demo` writes a run to look at.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from scripts.find_chromium import find
from tests.browser.page import FLAGS, Tab
from tests.browser.pixels import hover_a_point
from tests.servers import TensorBoardServer

PASS_MS = 8000


def main() -> None:
    """Each screen in light and in dark."""
    log_dir = sys.argv[1]
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as playwright:
        server = TensorBoardServer("--logdir", log_dir, cache=cache)
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1)
            page.clock.install()
            tab = Tab(page, server.url)
            tab.await_complete(**({"run": sys.argv[2]} if len(sys.argv) > 2 else {}))
            hover_a_point(tab, tab.get("plot").first)
            for theme in ("light", "dark"):
                set_theme(tab, theme)
                take(tab, f"embeddings_{theme}")
            open_gradients(tab)
            for theme in ("light", "dark"):
                set_theme(tab, theme)
                take_half_way(tab, f"gradients_{theme}")
        finally:
            browser.close()
            server.close()


def set_theme(tab: Tab, theme: str) -> None:
    """Switch TensorBoard's theme; the page follows."""
    tab.set_theme(theme)
    tab.await_root(settled="true")
    tab.await_still()


def take(tab: Tab, name: str) -> None:
    """Save the page as one of the documentation's pictures."""
    tab.page.screenshot(path=str(ROOT / "docs" / "images" / f"{name}.png"))


def take_half_way(tab: Tab, name: str) -> None:
    """Save the page while the gradient is half of its way to the input."""
    tab.hold_clock()
    tab.get("replay").click()
    tab.page.clock.run_for(PASS_MS // 2)
    take(tab, name)
    tab.page.clock.resume()
    tab.await_root(settled="true")


def open_gradients(tab: Tab) -> None:
    """The neuron view with the distributions of its last layer; a pass takes `PASS_MS`."""
    tab.get("screen-gradients").click()
    tab.await_root(screen="gradients", state="ready", settled="true")
    tab.get("overview-map").wait_for()
    tab.get("column-head").last.click()
    tab.get("distribution-gradient").locator("canvas").wait_for()
    tab.get("pass").select_option(str(PASS_MS // 1000))


if __name__ == "__main__":
    main()
