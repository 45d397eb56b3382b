"""From opening the tab to the first picture with cached layouts: 10,000 samples x 4 blocks x 40 epochs.

A headless Chromium with a new context each time, nothing in its cache; TensorBoard has read the log. Times count from
the navigation to TensorBoard's page and from that of the plugin's frame in it, until all views of the newest epoch
have been drawn; the difference is TensorBoard's own. Prints the requests until then, and the size of the built page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from layout_data import FOLDER, N_EPOCHS
from page_data import prepare_run

from scripts.find_chromium import find
from tests.browser.page import FLAGS, Tab
from tests.servers import TensorBoardServer, await_value

# Notes when all views have been drawn. The frame after that one has been given to the screen.
WATCH = """
(() => {
  const look = () => {
    const seen = window.__neuromapper?.inspect();
    if (!seen || seen.frames === 0 || seen.blocks.length === 0 || seen.blocks.some((block) => block.nPoints === 0))
      return requestAnimationFrame(look);
    requestAnimationFrame(() => { window.__firstPicture = performance.now(); });
  };
  if (window !== window.top) requestAnimationFrame(look);
})();
"""
READ = """() => ({
  origin: performance.timeOrigin,
  picture: window.__firstPicture ?? 0,
  requests: performance.getEntriesByType("resource").map(({ name, startTime, responseEnd, transferSize }) =>
    ({ name: name.replace(/.*neuromapper\\//, ""), startTime, responseEnd, transferSize })),
})"""


def open_once(browser, url):
    """Milliseconds from both navigations to the first picture, and the requests of the plugin's frame until then."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    tab = Tab(context.new_page(), url)
    tab.await_root(state="ready")
    seen = await_value(lambda: (found := tab.evaluate(READ))["picture"] and found)
    page_origin = tab.page.evaluate("() => performance.timeOrigin")
    context.close()
    return {
        "from_page_ms": seen["origin"] + seen["picture"] - page_origin,
        "from_frame_ms": seen["picture"],
        "requests": [request for request in seen["requests"] if request["startTime"] < seen["picture"]],
    }


def page_size_kb():
    """Kilobytes, gzipped, of all files of the built page."""
    static = ROOT / "tb_neuromapper" / "static"
    files = [path for path in static.rglob("*") if path.suffix in (".js", ".css", ".html")]
    return sum(len(gzip.compress(path.read_bytes())) for path in files) / 1000


def main():
    """Open the tab several times, print the times and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    log_dir, cache = prepare_run(FOLDER / "page", N_EPOCHS)
    server = TensorBoardServer("--logdir", log_dir, cache=cache)
    try:
        server.await_runs(lambda runs: len(runs[0]["steps"]) == N_EPOCHS)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
            results = [open_once(browser, server.url) for _ in range(options.runs)]
            browser.close()
    finally:
        server.close()
    for request in results[-1]["requests"]:
        words = f"{request['name']:50.50} {request['startTime']:7.0f} to {request['responseEnd']:5.0f} ms"
        print(f"{words} {request['transferSize'] / 1000:8.1f} kB")
    print(f"\n{'first picture':34} {'first':>8} {'median':>8} {'worst':>8}")
    for name, words in (("from_page_ms", "from TensorBoard's page"), ("from_frame_ms", "from the plugin's frame")):
        times = [result[name] for result in results]
        print(f"{words:34} {times[0]:5.0f} ms {statistics.median(times):5.0f} ms {max(times):5.0f} ms")
    print(f"built page, gzipped: {page_size_kb():.1f} kB")
    if options.json:
        options.json.write_text(json.dumps({"opened": results, "page_kb": page_size_kb()}, indent=2))


if __name__ == "__main__":
    main()
