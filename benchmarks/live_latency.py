"""From the flush of a new epoch to its points on screen: TensorBoard, worker and a real Chromium, at 1,000 samples.

Prints each epoch's latency and what of it is beyond TensorBoard's reload interval (1 s here).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.find_chromium import find
from tests.browser.page import FLAGS, Tab
from tests.browser.trainings import DigitsTraining
from tests.servers import TensorBoardServer

RELOAD_INTERVAL_S = 1.0  # As tests/servers.py starts TensorBoard.


def measure(folder, n_samples, n_epochs):
    """Seconds from the end of each epoch to its points on screen."""
    training = DigitsTraining(folder / "logs" / "live", n_probe=n_samples)
    training.epoch()
    server = TensorBoardServer("--logdir", folder / "logs", cache=folder / "cache")
    latencies_s = []
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
            tab = Tab(browser.new_page(viewport={"width": 1280, "height": 800}), server.url)
            tab.await_complete(steps=1)
            for epoch in range(1, n_epochs + 1):
                training.epoch()
                start_s = time.perf_counter()
                tab.await_complete(steps=epoch + 1, step=epoch)
                latencies_s.append(time.perf_counter() - start_s)
                print(f"epoch {epoch}: {latencies_s[-1]:.2f} s")
            browser.close()
    finally:
        training.mapper.close()
        server.close()
    return latencies_s


def main():
    """Train, watch the tab, print the latencies and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        latencies_s = measure(Path(folder), options.samples, options.epochs)
    median_s, worst_s = statistics.median(latencies_s), max(latencies_s)
    print(f"{options.samples} samples, 3 blocks: median {median_s:.2f} s, worst {worst_s:.2f} s")
    beyond_s = [value - RELOAD_INTERVAL_S for value in (median_s, worst_s)]
    beyond = f"beyond the reload interval of {RELOAD_INTERVAL_S:g} s"
    print(f"{beyond}: median {beyond_s[0]:.2f} s, worst {beyond_s[1]:.2f} s")
    if options.json:
        options.json.write_text(json.dumps({"latencies_s": latencies_s, "reload_interval_s": RELOAD_INTERVAL_S}))


if __name__ == "__main__":
    main()
