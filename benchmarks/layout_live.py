"""Live layouts: one more epoch at a time, a change of parameters, a cancellation; how fast and how good.

python benchmarks/layout_live.py --samples 10000 --slices 40
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from layout_data import load_activations
from layout_faithful import score

from tb_neuromapper.numerics.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.neighbors import find_neighbors
from tb_neuromapper.numerics.types import LayoutCancelled, LayoutParameters
from tb_neuromapper.numerics.warmup import warm_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits", choices=["digits", "shapes"])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--slices", type=int, default=40)
    parser.add_argument("--json", type=Path, default=Path("layout_live.json"))
    options = parser.parse_args()
    activations, labels = load_activations(options.data, options.slices)
    slices = [table[: options.samples].copy() for table in activations]
    warm_up()
    neighbors = [find_neighbors(points, n_neighbors=29) for points in slices]
    result: dict = {"samples": options.samples, "slices": options.slices}
    joint, result["joint"] = watch_joint(neighbors)
    live, result["update_s"] = update_one_by_one(neighbors, LayoutParameters())
    result["change"] = change_parameters(neighbors, joint)
    result["cancel_s"] = cancel_at_random(neighbors)
    result["quality"] = {}
    for name, layouts in (("joint", joint), ("live", live)):
        result["quality"][name] = score(slices, labels[: options.samples], neighbors, layouts)
    print(json.dumps(result, indent=1))
    options.json.write_text(json.dumps(result, indent=1))


def watch_joint(neighbors: list) -> tuple[list, dict]:
    start, seen = time.perf_counter(), []
    layouts = fit_layout(neighbors, LayoutParameters(), on_progress=lambda _: seen.append(time.perf_counter() - start))
    whole_s = time.perf_counter() - start
    return layouts, {"first_s": seen[0], "longest_wait_s": float(np.diff([*seen, whole_s]).max()), "whole_s": whole_s}


def update_one_by_one(neighbors: list, parameters: LayoutParameters) -> tuple[list, dict]:
    layouts, times = fit_layout(neighbors[:1], parameters), []
    for t in range(1, len(neighbors)):
        first = max(0, t - parameters.window)
        start = time.perf_counter()
        layouts.append(extend_layout(neighbors[first : t + 1], layouts[first:], parameters))
        times.append(time.perf_counter() - start)
    return layouts, {"median": float(np.median(times)), "longest": max(times)}


def change_parameters(neighbors: list, layouts: list) -> dict:
    """Seconds to the first changed layout and to the last, for the seven epochs around one on view and for all."""
    result = {}
    middle = len(neighbors) // 2
    around = slice(max(0, middle - 3), middle + 4)
    for name, part in (("around", around), ("all", slice(None))):
        for what, parameters in (
            ("min_dist 0.5", LayoutParameters(min_dist=0.5)),
            ("alignment 0.05", LayoutParameters(alignment=0.05)),
            ("n_neighbors 8", LayoutParameters(n_neighbors=8)),
            ("n_neighbors 30", LayoutParameters(n_neighbors=30)),
        ):
            start, seen = time.perf_counter(), []

            def report(progress, start=start, seen=seen):
                if progress.n_done:
                    seen.append(time.perf_counter() - start)

            fit_layout(neighbors[part], parameters, starts=layouts[part], on_progress=report)
            settled_s = time.perf_counter() - start
            result[f"{name}, {what}"] = {"first_s": seen[0] if seen else settled_s, "settled_s": settled_s}
    return result


def cancel_at_random(neighbors: list) -> float:
    """The longest time from a wish to stop to the end, over wishes all along the layout."""
    longest, random = 0.0, np.random.default_rng(0)
    for wish_s in random.uniform(0, 2, 12):
        start = time.perf_counter()
        try:
            fit_layout(neighbors, LayoutParameters(), should_stop=lambda: time.perf_counter() - start > wish_s)  # noqa: B023
        except LayoutCancelled:
            longest = max(longest, time.perf_counter() - start - wish_s)
    return longest


if __name__ == "__main__":
    main()
