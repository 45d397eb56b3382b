"""A well-fit and an over-fit network on scikit-learn's handwritten digits, to be looked at side by side.

    python examples/overfit.py runs
    tensorboard --logdir runs

In the NeuroMapper tab choose "overfit" beside "fit": both are in one space, and a note gives the figures. The well-fit
network sees all digits of the training set, shifted at random, with weight decay; the over-fit one learns 120 of them
by heart, a third of their labels wrong. Takes less than a minute on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper import NeuroMapper

N_PROBE = 800
N_FEW = 120
WRONG_SHARE = 0.33


def load_data() -> tuple[TensorDataset, TensorDataset]:
    """997 digits to train on and a probe set of 800 others: images (n, 1, 8, 8) in [0, 1], classes (n,)."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    images = torch.from_numpy(digits.images[order]).float().unsqueeze(1) / 16
    labels = torch.from_numpy(digits.target[order]).long()
    return TensorDataset(images[N_PROBE:], labels[N_PROBE:]), TensorDataset(images[:N_PROBE], labels[:N_PROBE])


def make_model() -> nn.Module:
    """Four blocks: two of convolutions, one hidden layer, the output."""
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.ReLU()),
        nn.Sequential(nn.Flatten(), nn.Linear(32 * 16, 64), nn.ReLU()),
        nn.Linear(64, 10),
    )


def shift(images: Tensor) -> Tensor:
    """A batch moved by up to one pixel."""
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(images, (dx, dy), dims=(2, 3))


def few_with_wrong_labels(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The first N_FEW samples, WRONG_SHARE of them with another label."""
    images, labels = images[:N_FEW], labels[:N_FEW].clone()
    n_wrong = round(WRONG_SHARE * len(labels))
    labels[:n_wrong] = (labels[:n_wrong] + torch.randint(1, 10, (n_wrong,))) % 10
    return images, labels


def train(run_dir: Path, *, overfit: bool, n_epochs: int) -> None:
    """Train one network and log it, its training accuracy as an ordinary scalar of the same run."""
    torch.manual_seed(0)
    train_set, probe = load_data()
    images, labels = train_set.tensors
    if overfit:
        images, labels = few_with_wrong_labels(images, labels)
    n_seen = len(train_set)
    model = make_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0 if overfit else 0.05)
    with (
        SummaryWriter(str(run_dir)) as writer,
        NeuroMapper(model, writer=writer, probe=probe, class_names=[str(digit) for digit in range(10)]) as mapper,
    ):
        mapper.log_epoch(0)
        for epoch in range(1, n_epochs + 1):
            # Both take the same number of steps.
            n_right = 0
            for rows in (torch.randperm(n_seen) % len(images)).split(32):
                x = images[rows] if overfit else shift(images[rows])
                answers = model(x)
                n_right += int((answers.argmax(dim=1) == labels[rows]).sum())
                optimizer.zero_grad()
                nn.functional.cross_entropy(answers, labels[rows]).backward()
                optimizer.step()
                mapper.step()
            writer.add_scalar("train/accuracy", n_right / n_seen, epoch)
            mapper.log_epoch(epoch)
        print(f"{run_dir.name}: accuracy {n_right / n_seen:.1%} on what it was trained on")


def main() -> None:
    """Train both networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log_dir", type=Path, nargs="?", default=Path("runs"), help="default: runs")
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in ("fit", "overfit"):
        train(options.log_dir / name, overfit=name == "overfit", n_epochs=options.epochs)


if __name__ == "__main__":
    main()
