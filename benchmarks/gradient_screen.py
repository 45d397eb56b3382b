"""The gradients screen with 10,000 units and 100,000 connections: JavaScript per frame and frames per second.

Writes a run, starts TensorBoard on it, opens a headless Chromium with software rendering, all layers unfolded, with all
connections, and plays through the steps. Printed are the milliseconds of JavaScript of the neuron view's own frames,
and, apart from them, what making a step ready costs once, when it has arrived.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.find_chromium import find
from tests.browser.page import FLAGS, Tab
from tests.logs import LogWriter
from tests.servers import TensorBoardServer, await_value

N_LAYERS = 20


def layers_of(n_units, n_links):
    """Equal layers in a row, of whose connections only the strongest are stored."""
    names = [f"block{index // 4}.fc{index % 4}" for index in range(N_LAYERS)]
    return [
        {
            "name": name,
            "kind": "linear",
            "type": "Linear",
            "unit": "neuron",
            "activation": "ReLU",
            "n_units": n_units,
            "n_inputs": n_units,
            "inputs_per_source": 1,
            "sources": [names[index - 1] if index else ""],
            "frozen": False,
            "shares": None,
            "calls": 1,
            "n_edges": n_links,
            "n_connections": n_units**2,
        }
        for index, name in enumerate(names)
    ]


def write_run(folder, n_units, n_links, n_steps):
    """Write a run of equal layers with `n_links` connections each, every 50 training steps."""
    writer = LogWriter(folder)
    layers = layers_of(n_units, n_links)
    rng = np.random.default_rng(0)
    strength = rng.lognormal(0, 1, N_LAYERS * n_units)
    inputs = rng.integers(0, n_units, N_LAYERS * n_links)
    units = np.tile(np.repeat(np.arange(n_units), n_links // n_units), N_LAYERS)
    edges = np.stack([inputs, units], 1).astype(np.int32)
    for step in range(0, 50 * n_steps, 50):
        gradient = (1e-3 * strength * rng.lognormal(0, 0.5, len(strength))).astype(np.float32)
        links = (1e-4 * rng.lognormal(0, 1.5, len(edges)) * rng.choice([-1, 1], len(edges))).astype(np.float32)
        tensors = {
            "gradients/unit_gradient": gradient,
            "gradients/unit_signed": gradient * rng.choice([-1, 1], len(strength)).astype(np.float32),
            "gradients/edges": edges,
            "gradients/edge_gradient": links,
            "gradients/edge_weight": links * 1000,
        }
        writer.gradients(step, layers, tensors=tensors)
    writer.close()


def open_screen(browser, url):
    """The screen with all units and all connections."""
    names = ",".join(f".{name}" for name in ["", *(layer["name"] for layer in layers_of(1, 1))])
    state = {"screen": "gradients", "lines": "all", "pass": "0.5", "unfolded": names}
    hash_of_state = "".join(f"&p.neuromapper.{key}={quote(value, safe='')}" for key, value in state.items())
    tab = Tab(browser.new_page(viewport={"width": 1920, "height": 1080}), f"{url}#neuromapper{hash_of_state}")
    tab.await_root(state="ready", settled="true")
    return tab


def play(tab, n_steps):
    """Frames while playing through all steps, and how long it took, in seconds of the page's clock."""
    tab.get("first").click()
    tab.await_root(train_step=0, settled="true")
    before = tab.inspect()["flow"]
    start_ms = tab.evaluate("() => performance.now()")
    tab.get("play").click()
    last = str(50 * (n_steps - 1))
    while (tab.attribute("train-step"), tab.attribute("settled")) != (last, "true"):
        tab.page.wait_for_timeout(200)
    elapsed_s = (tab.evaluate("() => performance.now()") - start_ms) / 1000
    return before, tab.inspect()["flow"], elapsed_s


def row_of(values):
    """Median, 95th percentile, maximum, mean and number of some values."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    at = {"median": 0.5, "p95": 0.95}
    found = {name: ordered[int(share * (len(ordered) - 1))] for name, share in at.items()}
    return {**found, "max": ordered[-1], "mean": statistics.mean(ordered), "n": len(ordered)}


def main():
    """Write the run, play it in the browser, print the times and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        n_units = options.units // N_LAYERS
        write_run(Path(folder) / "logs" / "big", n_units, options.connections // N_LAYERS, options.steps)
        server = TensorBoardServer("--logdir", Path(folder) / "logs", cache=Path(folder) / "cache")
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        try:
            await_value(lambda: server.json("gradients?run=big")["steps"])
            tab = open_screen(browser, server.url)
            before, after, elapsed_s = play(tab, options.steps)
        finally:
            browser.close()
            server.close()
    n_frames = after["frames"] - before["frames"]
    results = {
        "units": after["nodes"],
        "connections": after["links"],
        "frame_ms": row_of(after["frameMs"][-min(n_frames, len(after["frameMs"])) :]),
        "prepare_ms": row_of(after["prepareMs"]),
        "fps": n_frames / elapsed_s,
    }
    print(f"{results['units']} nodes, {results['connections']} connections, {options.steps} steps")
    for name in ("frame_ms", "prepare_ms"):
        print(f"{name:12}" + "".join(f"  {key} {value:.2f}" for key, value in results[name].items()))
    print(f"fps          {results['fps']:.1f}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
