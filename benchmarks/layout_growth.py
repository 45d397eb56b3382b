"""How time and memory grow with slices and samples, up to 100,000 x 10.

    python benchmarks/layout_growth.py --samples 10000 30000 100000 --slices 10

More samples than the 10,000 recorded ones are drawn between two neighbours of a recorded sample, plus noise.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from layout_data import load_activations

from tb_neuromapper.numerics.layout.aligned import fit_layout
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.types import LayoutParameters
from tb_neuromapper.numerics.warmup import warm_up


def main() -> None:
    """Measure all sizes, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--slices", type=int, nargs="+", default=[10])
    parser.add_argument("--json", type=Path, default=Path("layout_growth.json"))
    options = parser.parse_args()
    warm_up()
    rows = []
    print("samples slices  neighbours  recall    layout  peak memory")
    for n_slices in options.slices:
        for n_samples in options.samples:
            rows.append(measure(n_samples, n_slices))
            row = rows[-1]
            print(
                f"{n_samples:7} {n_slices:6} {row['neighbors_s']:9.1f} s  {row['recall']:.4f} {row['layout_s']:7.1f} s "
                f"{row['peak_gb']:7.2f} GB",
                flush=True,
            )
            options.json.write_text(json.dumps(rows, indent=1))


def measure(n_samples: int, n_slices: int) -> dict:
    """Seconds, recall and peak memory of the neighbours and the layout of one size."""
    activations, _ = load_activations("digits", n_slices)
    random = np.random.default_rng(0)
    parents, partners = random.integers(0, activations.shape[1], n_samples), random.integers(0, 10, n_samples)
    mix, noise_seed = random.uniform(0, 1, (n_samples, 1)).astype(np.float32), random.integers(1 << 30)
    pairs = find_neighbors(activations[-1], n_neighbors=10).ids[parents, partners]
    neighbors, seconds, recall = [], 0.0, 0.0
    for table in activations:
        features = table[parents] + mix * (table[pairs] - table[parents])
        noise = np.random.default_rng(noise_seed).standard_normal(features.shape, dtype=np.float32)
        features += 0.1 * features.std(axis=0) * noise
        start = time.perf_counter()
        neighbors.append(find_neighbors(features, n_neighbors=14))
        seconds += time.perf_counter() - start
        if len(neighbors) == n_slices:
            recall = measure_recall(features, neighbors[-1].ids)
    start = time.perf_counter()
    layouts = fit_layout(neighbors, LayoutParameters())
    layout_s = time.perf_counter() - start
    assert all(np.isfinite(layout).all() for layout in layouts)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "samples": n_samples, "slices": n_slices, "neighbors_s": seconds, "recall": recall, "layout_s": layout_s,
        "peak_gb": peak_gb,
    }  # fmt: skip


def measure_recall(features: np.ndarray, ids: np.ndarray) -> float:
    """Share of the true neighbours found, on 500 rows."""
    own = np.random.default_rng(0).choice(len(features), min(500, len(features)), replace=False)
    squares = (features[own] ** 2).sum(1)[:, None] - 2 * features[own] @ features.T + (features**2).sum(1)
    squares[np.arange(len(own)), own] = np.inf
    true = np.argpartition(squares, ids.shape[1], axis=1)[:, : ids.shape[1]]
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(true, ids[own], strict=True)]))


if __name__ == "__main__":
    main()
