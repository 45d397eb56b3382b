"""How faithful and how coherent aligned layouts are, over the alignment strength: this package and umap-learn.

    python benchmarks/layout_faithful.py                      # digits and shapes at 3,000 x 6, iris, digits' pixels
    python benchmarks/layout_faithful.py --plot docs/images/layout_tradeoff.svg

    python benchmarks/layout_faithful.py --data iris pixels --strengths 0.01 --seeds 10

Trustworthiness, continuity and preservation of the 15 nearest, accuracy of the 15 nearest in the plane, and movement
between epochs over the RMS radius; means over the epochs and the seeds, and over the seeds their standard errors. At
equal strength the table ends with the differences between the engines and what is allowed. umap-learn takes about a
minute per point: --strengths and --samples reduce it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from layout_data import load_activations

from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.quality.layout_quality import mean_movement, measure_quality
from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP

STRENGTHS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
ENGINES = ("neuromapper", "umap-learn")
MEASURES = ("trustworthiness", "continuity", "preservation", "accuracy", "movement")
# Ours may be worse than umap-learn by no more; continuity is shown beside.
ALLOWED = {"trustworthiness": 0.003, "preservation": 0.003, "accuracy": 0.003, "movement": 0.0}


def main() -> None:
    """Lay out all data sets at all strengths, print the measures, write them as JSON and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["digits", "shapes", "iris", "pixels"])
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--slices", type=int, default=6)
    parser.add_argument("--strengths", type=float, nargs="+", default=list(STRENGTHS))
    parser.add_argument("--engines", nargs="+", default=list(ENGINES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("layout_faithful.json"))
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    points = []
    print(f"{'data':8} {'engine':12} {'strength':>8}  " + "  ".join(f"{name:15}" for name in MEASURES) + "  seconds")
    for data in options.data:
        slices, labels, relations = load(data, options.samples, options.slices)
        neighbors = [find_neighbors(table, n_neighbors=15) for table in slices]
        for strength in options.strengths:
            row = {}
            for engine in options.engines:
                runs = [
                    run(engine, strength, seed, slices, labels, relations, neighbors) for seed in range(options.seeds)
                ]
                row[engine] = {"data": data, "engine": engine, "strength": strength, **summarize(runs)}
                print_point(row[engine])
            points += row.values()
            if len(row) == len(ENGINES):
                print_difference(*(row[engine] for engine in ENGINES))
        options.json.write_text(json.dumps(points, indent=1))
    if options.plot:
        plot(points, options.plot)


def summarize(runs: list) -> dict:
    """Means over the seeds, and the standard errors of the measures (None for one seed)."""
    means = {name: float(np.mean([run[name] for run in runs])) for name in (*MEASURES, "seconds")}
    errors = {name: standard_error([run[name] for run in runs]) for name in MEASURES}
    return {**means, "seeds": len(runs), "errors": errors}


def standard_error(values: list) -> float | None:
    """The standard error of the mean, or None for one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def print_point(point: dict) -> None:
    """Print the measures of one engine at one strength."""
    numbers = [f"{point[name]:.4f}{plus_minus(point['errors'][name])}".ljust(15) for name in MEASURES]
    print(f"{point['data']:8} {point['engine']:12} {point['strength']:8.3f}  " + "  ".join(numbers), end="  ")
    print(f"{point['seconds']:.1f}", flush=True)


def plus_minus(error: float | None) -> str:
    """A standard error as text; nothing for None."""
    return "" if error is None else f" ±{error:.4f}"


def print_difference(ours: dict, theirs: dict) -> None:
    """How much better ours is, with its standard error, and whether it is worse by more than is allowed."""
    cells = []
    for name in MEASURES:
        better = (theirs[name] - ours[name]) if name == "movement" else (ours[name] - theirs[name])
        verdict = "" if better >= -ALLOWED.get(name, np.inf) else " !"
        errors = [ours["errors"][name], theirs["errors"][name]]
        error = None if None in errors else float(np.hypot(*errors))
        cells.append(f"{better:+.4f}{plus_minus(error)}{verdict}".ljust(15))
    limits = ", ".join(f"{name} -{limit:g}" for name, limit in ALLOWED.items())
    print(f"{'':8} {'better by':12} {'':8}  " + "  ".join(cells) + f"  allowed: {limits}", flush=True)


def load(data: str, n_samples: int, n_slices: int) -> tuple[list, list, list]:
    """Slices, labels of every slice's rows, and relations."""
    from sklearn.datasets import load_digits, load_iris

    if data in ("digits", "shapes"):
        activations, labels = load_activations(data, n_slices)
        slices = [table[:n_samples].copy() for table in activations]
        return slices, [labels[:n_samples]] * n_slices, [{row: row for row in range(n_samples)}] * (n_slices - 1)
    source = load_iris() if data == "iris" else load_digits()
    order = np.argsort(source.data[:, 2] if data == "iris" else source.data.sum(axis=1), kind="stable")
    size, shift = (50, 25) if data == "iris" else (600, 200)
    firsts = range(0, len(order) - size + 1, shift)
    slices = [source.data[order[first : first + size]].astype(np.float32) for first in firsts]
    labels = [source.target[order[first : first + size]] for first in firsts]
    return slices, labels, [{row + shift: row for row in range(size - shift)}] * (len(slices) - 1)


def run(engine: str, strength: float, seed: int, slices: list, labels: list, relations: list, neighbors: list) -> dict:
    """The measures of one layout, and the seconds that it took."""
    # umap-learn's joint layout takes its random numbers from transform_seed, 42 unless set.
    model = AlignedUMAP(alignment_regularisation=strength, random_state=seed, transform_seed=42 + seed, engine=engine)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layouts = model.fit_transform(slices, relations=list(relations))
    seconds = time.perf_counter() - start
    return {**score(slices, labels, neighbors, layouts, relations), "seconds": seconds}


def score(slices: list, labels: list, neighbors: list, layouts: list, relations: list | None = None) -> dict:
    """Means over the slices of all measures."""
    rows = []
    for t, layout in enumerate(layouts):
        quality = measure_quality(slices[t], neighbors[t], layout, None, n_samples=1500)
        own = labels if np.ndim(labels) == 1 else labels[t]
        votes = own[find_neighbors(layout, n_neighbors=min(15, len(layout) - 1)).ids]
        accuracy = np.mean([np.bincount(vote).argmax() == label for vote, label in zip(votes, own, strict=True)])
        movement = np.nan
        if t > 0:
            before = np.full_like(layout, np.nan)
            links = relations[t - 1] if relations else {row: row for row in range(len(layout))}
            before[list(links.values())] = layouts[t - 1][list(links)]
            movement = mean_movement(layout, before)
        rows.append((quality.trustworthiness, quality.continuity, quality.preservation, accuracy, movement))
    return dict(zip(MEASURES, np.nanmean(rows, axis=0).tolist(), strict=True))


def plot(points: list, path: Path) -> None:
    """Draw preservation and trustworthiness over movement as an SVG, a column for each data set."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "layout", "font.size": 8})
    from matplotlib import pyplot, ticker

    names = list(dict.fromkeys(point["data"] for point in points))
    figure, axes = pyplot.subplots(2, len(names), figsize=(3.2 * len(names), 5), squeeze=False, layout="constrained")
    for column, name in enumerate(names):
        for row, measure in enumerate(("preservation", "trustworthiness")):
            axis = axes[row, column]
            for engine, style in (("neuromapper", "o-"), ("umap-learn", "s--")):
                curve = [p for p in points if p["data"] == name and p["engine"] == engine]
                axis.plot([p["movement"] for p in curve], [p[measure] for p in curve], style, label=engine, ms=4)
                for p in curve:
                    if p["strength"] == 0.01:
                        axis.plot(p["movement"], p[measure], "ko", ms=8, mfc="none")
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_formatter("")
            axis.set(title=name if row == 0 else "", xlabel="movement" if row else "", ylabel=measure)
            axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False)
    figure.suptitle("Left and up is better; rings mark the default strength 0.01", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
