"""How long a whole aligned layout takes: this package and umap-learn, in one run on one machine.

    python benchmarks/layout_speed.py                      # 10,000 samples x 6 epochs, both engines: about 10 minutes
    python benchmarks/layout_speed.py --slices 40 --ours   # our engine alone

Activations are those of a real training (layout_data.py). Every engine runs in a process of its own with an empty
kernel cache, on all cores, with its default parameters: umap-learn works on one core where it is given a seed. Cold is
the import and the first whole fit in a process that has loaded nothing but numpy; warm is a whole fit after that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
ENGINES = ("neuromapper", "umap-learn")


def main() -> None:
    """Run the engines, each in a process of its own, print their times and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits", choices=["digits", "shapes"])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--slices", type=int, default=6)
    parser.add_argument("--ours", action="store_true", help="without umap-learn")
    parser.add_argument("--json", type=Path, default=Path("layout_speed.json"))
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(options)))
        return
    # Ours before and after the long run of umap-learn: what else the machine does shows in their difference.
    order = ["neuromapper"] if options.ours else ["neuromapper", "umap-learn", "neuromapper"]
    with tempfile.TemporaryDirectory() as folder:
        options.table = Path(folder) / "activations.npy"
        save_activations(options)
        runs = [run_engine(engine, options) for engine in order]
    ours = {
        key: statistics.mean(run[key] for run in runs if run["engine"] == "neuromapper") for key in ("cold_s", "warm_s")
    }
    print(f"{options.samples} samples x {options.slices} epochs x 256 dims, {options.data}")
    print(f"{'engine':12} {'cold':>9} {'warm':>9}   ratio to the mean of ours, cold (asked 50) and warm (asked 100)")
    for run in runs:
        ratios = [run[key] / ours[key] for key in ("cold_s", "warm_s")]
        print(f"{run['engine']:12} {run['cold_s']:7.2f} s {run['warm_s']:7.2f} s   {ratios[0]:.1f}, {ratios[1]:.1f}")
        print(" " * 13 + ", ".join(f"{key} {value:.2f} s" for key, value in run["parts"].items()))
    options.json.write_text(json.dumps({"data": options.data, "samples": options.samples, "runs": runs}, indent=1))


def save_activations(options: argparse.Namespace) -> None:
    """Write the activations here and not in the measured process, which loads nothing before its clock starts."""
    import numpy as np
    from layout_data import load_activations

    activations, _ = load_activations(options.data, options.slices)
    np.save(options.table, activations[:, : options.samples])


def run_engine(engine: str, options: argparse.Namespace) -> dict:
    """The times of one engine, measured in a new process with an empty kernel cache."""
    command = [sys.executable, "-W", "ignore", __file__, "--engine", engine, "--data", options.data]
    command += ["--samples", str(options.samples), "--slices", str(options.slices), "--table", str(options.table)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        result = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def measure(options: argparse.Namespace) -> dict:
    """Seconds of the first and of later fits, in this process."""
    import numpy as np

    slices = [table.copy() for table in np.load(options.table)]
    relations = [{row: row for row in range(len(slices[0]))}] * (len(slices) - 1)
    fit = fit_ours if options.engine == "neuromapper" else fit_theirs
    cold_s, cold_cpu_s = timed(lambda: fit(slices, relations))
    n_warm = 3 if options.engine == "neuromapper" else 1
    warm = [timed(lambda: fit(slices, relations)) for _ in range(n_warm)]
    warm_s, warm_cpu_s = (statistics.median(column) for column in zip(*warm, strict=True))
    parts = {"cold, all cores": cold_cpu_s, "warm, all cores": warm_cpu_s}
    if options.engine == "neuromapper":
        parts |= measure_parts(slices)
    return {"engine": options.engine, "slices": len(slices), "cold_s": cold_s, "warm_s": warm_s, "parts": parts}


def fit_ours(slices: list, relations: list) -> None:
    """Lay out the slices with this package's engine."""
    from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP

    AlignedUMAP().fit(slices, relations=relations)


def fit_theirs(slices: list, relations: list) -> None:
    """Lay out the slices with umap-learn."""
    from umap import AlignedUMAP

    AlignedUMAP().fit(slices, relations=list(relations))


def measure_parts(slices: list) -> dict[str, float]:
    """Seconds of the neighbours, the layout and its quality."""
    from tb_neuromapper.numerics.layout.aligned import fit_layout
    from tb_neuromapper.numerics.neighbors.find import find_neighbors
    from tb_neuromapper.numerics.quality.layout_quality import measure_quality
    from tb_neuromapper.numerics.types import LayoutParameters

    table, few = slices[0], find_neighbors(slices[0], n_neighbors=14)
    measure_quality(table, few, table[:, :2], None)  # Compiles it.
    start = time.perf_counter()
    neighbors = [find_neighbors(table, n_neighbors=14) for table in slices]
    found = time.perf_counter()
    layouts = fit_layout(neighbors, LayoutParameters())
    laid_out = time.perf_counter()
    for features, near, layout, before in zip(slices, neighbors, layouts, [None, *layouts[:-1]], strict=True):
        measure_quality(features, near, layout, before)
    measured = time.perf_counter()
    return {"neighbours": found - start, "layout": laid_out - found, "quality": measured - laid_out}


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of all cores together."""
    start, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start, time.process_time() - cpu


if __name__ == "__main__":
    main()
