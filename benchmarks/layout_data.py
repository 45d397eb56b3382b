"""Activations of real training runs, to lay out: two small networks on two image tasks, recorded at every epoch.

    python benchmarks/layout_data.py digits

digits: a residual network on scikit-learn's digits, augmented by shifts, turns and noise, 10 classes.
shapes: a plain convolutional network on drawn shapes, 8 classes, with a tenth of the training labels wrong.
Probe sets of 10,000 images; activations of 256 channels, averaged over the image; one .npy a training.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import affine_transform
from torch import nn

N_SAMPLES = 10_000
N_TRAIN = 4_000
N_EPOCHS = 40
SIDE = 16
FOLDER = Path(tempfile.gettempdir()) / "tb_neuromapper_benchmarks"


def load_activations(name: str, n_epochs: int = N_EPOCHS, folder: Path = FOLDER) -> tuple[np.ndarray, np.ndarray]:
    """Float32 (n_epochs, 10,000, 256) activations, evenly spread over the training, and int labels (10,000,)."""
    path = folder / f"{name}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        images, labels = {"digits": draw_digits, "shapes": draw_shapes}[name](N_SAMPLES + N_TRAIN)
        activations = train(name, images, labels)
        np.savez(path, activations=activations, labels=labels[:N_SAMPLES])
    with np.load(path) as file:
        chosen = np.unique(np.linspace(0, N_EPOCHS - 1, n_epochs).round().astype(int))
        return file["activations"][chosen].astype(np.float32), file["labels"]


def draw_digits(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Float32 (n, 1, 16, 16) images of shifted, turned and noisy digits, and their classes (n,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    random = np.random.default_rng(0)
    chosen = random.integers(0, len(digits.images), n)
    images = np.empty((n, 1, SIDE, SIDE), np.float32)
    for i, source in enumerate(chosen):
        angle, zoom = random.normal(0, 0.15), random.uniform(0.45, 0.6)
        turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        offset = np.array([3.5, 3.5]) - turn @ (np.array([7.5, 7.5]) + random.uniform(-1.5, 1.5, 2))
        images[i, 0] = affine_transform(digits.images[source] / 16, turn, offset, (SIDE, SIDE), order=1)
    images += random.normal(0, 0.1, images.shape).astype(np.float32)
    return images, digits.target[chosen]


def draw_shapes(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Float32 (n, 3, 16, 16) images of eight kinds of shapes in random colours, and their classes (n,)."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 8, n)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    images = np.empty((n, 3, SIDE, SIDE), np.float32)
    for i, label in enumerate(labels):
        cx, cy = random.uniform(5, 10, 2)
        r, angle = random.uniform(3, 5.5), random.uniform(0, 2 * np.pi)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        d = np.hypot(u, v)
        inside = [
            d < r,
            (d < r) & (d > 0.6 * r),
            np.maximum(np.abs(u), np.abs(v)) < 0.8 * r,
            (np.maximum(np.abs(u), np.abs(v)) < 0.8 * r) & (np.minimum(np.abs(u), np.abs(v)) < 0.3 * r),
            (np.abs(v) < 0.35 * r) & (np.abs(u) < 1.2 * r),
            (v > -0.6 * r) & (v < 1.2 * r - 2 * np.abs(u)),
            (d < r) & (u > 0),
            (np.abs(np.abs(u) - 0.6 * r) < 0.25 * r) & (np.abs(v) < r),
        ][label]
        colour, ground = random.uniform(0.2, 1, (3, 1, 1)), random.uniform(0, 0.5, (3, 1, 1))
        images[i] = np.where(inside, colour, ground)
    return images + random.normal(0, 0.15, images.shape).astype(np.float32), labels


class Block(nn.Module):
    """A convolution that may have a shortcut, with batch norm."""

    def __init__(self, n_in: int, n_out: int, stride: int, residual: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(n_out)
        self.skip = nn.Conv2d(n_in, n_out, 1, stride, bias=False) if residual else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Activations (n, n_out, h / stride, w / stride) of images (n, n_in, h, w)."""
        out = self.norm(self.conv(x))
        return torch.relu(out + self.skip(x) if self.skip is not None else out)


def train(name: str, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Float16 (N_EPOCHS, N_SAMPLES, 256) activations of the last block after every epoch."""
    torch.manual_seed(0)
    residual, n_channels = name == "digits", images.shape[1]
    body = nn.Sequential(
        Block(n_channels, 32, 1, residual), Block(32, 64, 2, residual), Block(64, 128, 2, residual),
        Block(128, 256, 2, residual), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
    head = nn.Linear(256, int(labels.max()) + 1)
    x, y = torch.from_numpy(images[N_SAMPLES:]), torch.from_numpy(labels[N_SAMPLES:]).long()
    if name == "shapes":
        wrong = torch.rand(len(y)) < 0.1
        y = torch.where(wrong, torch.randint(0, int(y.max()) + 1, y.shape), y)
    probe = torch.from_numpy(images[:N_SAMPLES])
    parameters = [*body.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, N_EPOCHS)
    result = np.empty((N_EPOCHS, N_SAMPLES, 256), np.float16)
    for epoch in range(N_EPOCHS):
        start = time.perf_counter()
        body.train()
        for batch in torch.randperm(len(x)).split(128):
            loss = nn.functional.cross_entropy(head(body(x[batch])), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        body.eval()
        with torch.no_grad():
            features = torch.cat([body(part) for part in probe.split(1000)])
            accuracy = (head(features).argmax(1).numpy() == labels[:N_SAMPLES]).mean()
        result[epoch] = features.numpy()
        print(f"{name} epoch {epoch}: accuracy {accuracy:.3f}, {time.perf_counter() - start:.1f} s", flush=True)
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["digits", "shapes"])
    load_activations(parser.parse_args().name)
