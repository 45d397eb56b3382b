"""Live layouts: one more epoch at a time, a change of parameters, a cancellation; how fast and how good.

python benchmarks/layout_live.py --samples 10000 --slices 40

Prints every value with its goal, the longest of its kind unless it says otherwise; kernels are compiled before.
An update is the new epoch's neighbours and its layout. The first layout counts from when all neighbours are known.
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

from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.types import LayoutCancelled, LayoutParameters
from tb_neuromapper.numerics.warmup import warm_up


def main() -> None:
    """Parse the options, measure, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits", choices=["digits", "shapes"])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--slices", type=int, default=40)
    parser.add_argument("--json", type=Path, default=Path("layout_live.json"))
    options = parser.parse_args()
    activations, labels = load_activations(options.data, options.slices)
    slices = [table[: options.samples].copy() for table in activations]
    warm_up()
    neighbors = [find_neighbors(features, n_neighbors=29) for features in slices]
    rows: list[tuple[str, float, float | None]] = []
    joint = watch_joint(neighbors, rows)
    live = update_one_by_one(slices, neighbors, rows)
    change_parameters(neighbors, joint, rows)
    rows.append(("cancelled after, s", cancel_at_random(neighbors), 0.1))
    scores = [score(slices, labels[: options.samples], neighbors, layouts) for layouts in (joint, live)]
    for name in ("trustworthiness", "continuity", "preservation", "accuracy"):
        rows.append((f"{name}: joint less live", scores[0][name] - scores[1][name], 0.01))
    print(f"{options.samples} samples x {options.slices} epochs, {options.data}")
    for name, value, limit in rows:
        asked = "" if limit is None else f"   asked {limit:g}{'' if value <= limit else '  !'}"
        print(f"{name:44} {value:8.3f}{asked}")
    result = {"samples": options.samples, "slices": options.slices, "quality": scores}
    result["rows"] = [{"name": name, "value": value, "asked": limit} for name, value, limit in rows]
    options.json.write_text(json.dumps(result, indent=1))


def watch_joint(neighbors: list, rows: list) -> list:
    """The joint layout of all slices; appends the waits for its intermediate layouts to the rows."""
    start, seen = time.perf_counter(), []
    layouts = fit_layout(neighbors, LayoutParameters(), on_progress=lambda _: seen.append(time.perf_counter() - start))
    whole_s = time.perf_counter() - start
    rows.append(("first layout, s", seen[0], 1.0))
    rows.append(("wait for the next layout, s", float(np.diff([*seen, whole_s]).max()), 0.5))
    rows.append(("median wait for the next layout, s", float(np.median(np.diff([*seen, whole_s]))), 0.33))
    rows.append(("whole layout, s", whole_s, None))
    return layouts


def update_one_by_one(slices: list, neighbors: list, rows: list) -> list:
    """The layouts of a live run, epoch by epoch; appends the times of the updates to the rows."""
    parameters = LayoutParameters()
    layouts, times = fit_layout(neighbors[:1], parameters), []
    for t in range(1, len(neighbors)):
        first = max(0, t - parameters.window)
        start = time.perf_counter()
        near = find_neighbors(slices[t], n_neighbors=29)
        layouts.append(extend_layout([*neighbors[first:t], near], layouts[first:], parameters))
        times.append(time.perf_counter() - start)
    rows.append(("update in the median, s", float(np.median(times)), 1.0))
    rows.append(("update, s", max(times), 1.0))
    return layouts


def change_parameters(neighbors: list, layouts: list, rows: list) -> None:
    """Seconds to the first changed layout and to the last, for the seven epochs around one and for all."""
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

            fit_layout(neighbors[part], parameters, init=layouts[part], on_progress=report)
            settled_s = time.perf_counter() - start
            limits = (0.25, 3.0) if name == "around" else (None, None)
            rows.append((f"{what}, {name}: first changed, s", seen[0] if seen else settled_s, limits[0]))
            rows.append((f"{what}, {name}: settled, s", settled_s, limits[1]))


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
