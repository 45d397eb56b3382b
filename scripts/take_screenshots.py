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
from tests.browser.conftest import FLAGS, Tab
from tests.servers import TensorBoardServer


def main() -> None:
    """Each screen in light and in dark."""
    log_dir = sys.argv[1]
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as playwright:
        server = TensorBoardServer("--logdir", log_dir, cache=cache)
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        try:
            tab = Tab(browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1), server.url)
            tab.await_complete(**({"run": sys.argv[2]} if len(sys.argv) > 2 else {}))
            hover_a_point(tab)
            for theme in ("light", "dark"):
                set_theme(tab, theme)
                take(tab, f"embeddings_{theme}")
            open_gradients(tab)
            for theme in ("light", "dark"):
                set_theme(tab, theme)
                # Half of the way to the input.
                tab.get("replay").click()
                tab.page.wait_for_timeout(4000)
                take(tab, f"gradients_{theme}")
                tab.await_root(settled="true")
        finally:
            browser.close()
            server.close()


def set_theme(tab: Tab, theme: str) -> None:
    """Switch TensorBoard's theme; the page follows."""
    tab.page.evaluate(f"() => document.body.classList.toggle('dark-mode', {str(theme == 'dark').lower()})")
    tab.await_root(theme=theme, settled="true")
    tab.page.wait_for_timeout(500)


def take(tab: Tab, name: str) -> None:
    """Save the page as one of the documentation's pictures."""
    tab.page.screenshot(path=str(ROOT / "docs" / "images" / f"{name}.png"))


def open_gradients(tab: Tab) -> None:
    """The neuron view with the distributions of its last layer; a pass takes long enough to be caught half way."""
    tab.get("screen-gradients").click()
    tab.await_root(screen="gradients", state="ready", settled="true")
    tab.get("overview-map").wait_for()
    tab.get("column-head").last.click()
    tab.get("distribution-gradient").locator("canvas").wait_for()
    tab.get("pass").select_option("8")


def hover_a_point(tab: Tab) -> None:
    """Put the pointer on a sample of the first block."""
    plot = tab.get("plot").first
    pixels = tab.pixels(plot).astype(int)
    rows, columns = (abs(pixels - pixels[20, 20]).max(axis=-1) > 60).nonzero()
    middle = len(rows) // 3
    plot.hover(position={"x": float(columns[middle]), "y": float(rows[middle])})
    tab.get("tooltip").wait_for()


if __name__ == "__main__":
    main()
