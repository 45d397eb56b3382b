"""A published-size run in the viewer: TensorBoard's memory, the answers' times, and what the plugin adds to its start.

Writes 10,000 samples x 4 blocks x 40 epochs x 256 dims (about 820 MB), starts TensorBoard on it with each ingester,
lists the run, asks for everything that a page asks for, and prints the growth of TensorBoard's own process. The layouts
are not waited for: they are made in another process. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.logs import LogWriter
from tests.servers import TensorBoardServer

BLOCKS = [f"layer{index}" for index in range(1, 5)]

_IMPORTS = """
import time
start = time.perf_counter()
import tensorboard.main, tensorboard.default
tensorboard.default.get_static_plugins()
base = time.perf_counter()
import tb_neuromapper.backend.loader
loader = time.perf_counter()
import tb_neuromapper.backend.plugin
print((base - start) * 1e3, (loader - base) * 1e3, (time.perf_counter() - loader) * 1e3)
"""


def write_big_run(folder, n_samples, n_epochs, n_dims):
    """Write a run with four blocks whose classes drift apart from epoch to epoch."""
    writer = LogWriter(folder, n=n_samples, n_classes=10)
    thumbnails = np.random.default_rng(0).integers(0, 256, (n_samples, 32, 32, 3), dtype=np.uint8)
    writer.probe(**{"probe/thumbnails": thumbnails})
    rng = np.random.default_rng(0)
    centres, noise = rng.normal(size=(10, n_dims)), rng.normal(size=(n_samples, n_dims))
    for step in range(n_epochs):
        features = (centres[writer.labels] * step / n_epochs * 4 + noise).astype(np.float16)
        tensors = {f"activations/{block}": np.roll(features, index, axis=1) for index, block in enumerate(BLOCKS)}
        writer.record("activations", step, tensors, {})
        writer.outcomes(step)
    writer.close()


def resident_mb(pid):
    """A process's resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def timed_ms(function, n_runs=7):
    """The median of several calls in milliseconds."""
    times = []
    for _ in range(n_runs):
        start_s = time.perf_counter()
        function()
        times.append((time.perf_counter() - start_s) * 1000)
    return statistics.median(times)


def measure(log_dir, cache, load_fast, n_samples, n_epochs):
    """What one TensorBoard takes to answer everything that a page asks for."""
    server = TensorBoardServer("--logdir", log_dir, "--load_fast", load_fast, cache=cache)
    try:
        server.get("static/index.js")
        before_mb = resident_mb(server.process.pid)
        server.await_runs(lambda runs: len(runs[0]["steps"]) == n_epochs)
        listing_ms = timed_ms(lambda: server.json("runs"))
        run_ms = timed_ms(lambda: server.json("run?run=big"))
        server.get("samples?run=big")
        for step in range(n_epochs):
            server.get(f"outcomes?run=big&step={step}")
        for sheet in range(-(-n_samples // 256)):
            server.get(f"thumbnails?run=big&sheet={sheet}")
        ids = [item["id"] for item in server.post("projections", {"run": "big"})["projections"]]
        server.post("cancel", {"ids": ids})
        return {
            "listing_ms": listing_ms,
            "run_ms": run_ms,
            "before_mb": before_mb,
            "growth_mb": resident_mb(server.process.pid) - before_mb,
        }
    finally:
        server.close()


def import_cost_ms():
    """What the entry point adds to TensorBoard's imports, and those imports themselves."""
    rows = []
    for _ in range(5):
        command = [sys.executable, "-W", "ignore", "-c", _IMPORTS]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([float(value) for value in result.stdout.split()])
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def main():
    """Parse the options, measure, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--dims", type=int, default=256)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    base_ms, loader_ms, plugin_ms = import_cost_ms()
    results["import"] = {"tensorboard_ms": base_ms, "loader_ms": loader_ms, "plugin_ms": plugin_ms}
    print(
        f"imports: TensorBoard {base_ms:.0f} ms; + our entry point {loader_ms:.1f} ms; + our plugin {plugin_ms:.0f} ms"
    )
    with tempfile.TemporaryDirectory() as folder:
        write_big_run(Path(folder) / "logs" / "big", options.samples, options.epochs, options.dims)
        size_mb = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 2**20
        size = f"{options.samples} samples x 4 blocks x {options.epochs} epochs x {options.dims} dims"
        print(f"{size}: {size_mb:.0f} MB")
        print(f"{'ingester':10} {'list runs':>10} {'one run':>10} {'process before':>15} {'growth':>10}")
        for name, load_fast in (("rust", "true"), ("python", "false")):
            row = measure(Path(folder) / "logs", Path(folder) / "cache", load_fast, options.samples, options.epochs)
            results[name] = row
            print(
                f"{name:10} {row['listing_ms']:7.1f} ms {row['run_ms']:7.1f} ms "
                f"{row['before_mb']:12.0f} MB {row['growth_mb']:7.0f} MB"
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
