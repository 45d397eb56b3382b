"""What the page's benchmarks draw: a run of published size with its layouts cached, and clouds of any size.

    python benchmarks/page_data.py

writes the run and computes its layouts ahead, once, in the folder of the activations of layout_data.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.logs import LogWriter

BLOCKS = [f"layer{index}" for index in range(1, 5)]
SIDE = 65534  # 65535 marks a missing position.


def prepare_run(folder: Path, n_epochs: int) -> tuple[Path, Path]:
    """The log directory and the cache with the layouts of its run `digits`: 10,000 samples x 4 blocks x epochs.

    The blocks are quarters of the 256 channels of a real training; `folder` keeps them for the next time.
    """
    log_dir, cache, done = folder / "logs", folder / "cache", folder / "done"
    if not done.exists():
        write_real_run(log_dir / "digits", n_epochs)
        command = [sys.executable, "-m", "tb_neuromapper.cli", "precompute", str(log_dir), "--cache", str(cache)]
        subprocess.run(command, check=True)
        done.touch()
    return log_dir, cache


def write_real_run(folder: Path, n_epochs: int) -> None:
    """Write a run with the activations of a real training and random thumbnails."""
    from layout_data import load_activations

    activations, labels = load_activations("digits", n_epochs)
    writer = LogWriter(folder, n=activations.shape[1], n_classes=10)
    writer.labels = labels.astype(np.int64)
    thumbnails = np.random.default_rng(0).integers(0, 256, (writer.n, 16, 16, 1), dtype=np.uint8)
    writer.probe(**{"probe/thumbnails": thumbnails})
    for step, features in enumerate(activations.astype(np.float16)):
        quarters = np.split(features, len(BLOCKS), axis=1)
        named = zip(BLOCKS, quarters, strict=True)
        writer.record("activations", step, {f"activations/{name}": quarter for name, quarter in named}, {})
        writer.outcomes(step)
    writer.close()


def load_positions(log_dir: Path, cache: Path, steps: slice) -> tuple[np.ndarray, np.ndarray]:
    """Positions uint16 (blocks, steps, n, 2) of the run's cached layouts, and classes uint8 (n,)."""
    from tb_neuromapper import open_run

    run = open_run(log_dir / "digits", cache=cache)
    layouts = [quantized(run.project(block).positions[steps]) for block in run.blocks]
    return np.stack(layouts), np.asarray(run.labels).astype(np.uint8)


def draw_clouds(n_blocks: int, n_steps: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of made-up layouts: ten classes of five clusters each, which drift from step to step."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, n)
    clusters = labels * 5 + random.integers(0, 5, n)
    clouds = np.empty((n_blocks, n_steps, n, 2), np.uint16)
    for block in range(n_blocks):
        centres = random.normal(size=(50, 2)) * 6
        own = random.normal(size=(n, 2)) * random.gamma(3, 0.3, (50, 1))[clusters]
        layouts = [own + centres[clusters] * (0.3 + step / n_steps) for step in range(n_steps)]
        clouds[block] = quantized(np.stack(layouts))
    return clouds, labels.astype(np.uint8)


def quantized(positions: np.ndarray) -> np.ndarray:
    """(steps, n, 2) positions as uint16 shares of their common extent."""
    low = positions.min(axis=(0, 1))
    side = (positions.max(axis=(0, 1)) - low).max()
    return ((positions - low) / side * SIDE).round().astype(np.uint16)


if __name__ == "__main__":
    from layout_data import FOLDER, N_EPOCHS

    prepare_run(FOLDER / "page", N_EPOCHS)
