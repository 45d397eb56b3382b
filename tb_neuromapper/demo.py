"""The demo's training script: a small residual network on scikit-learn's handwritten digits.

It is an ordinary training loop; the lines that mention `mapper` are all that the dashboard needs.
"""

from __future__ import annotations

import argparse
import signal
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, TensorDataset

from tb_neuromapper import NeuroMapper

N_PROBE = 1000
N_SHIFTS = 5


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut around them (He et al., 2016).

    Args:
        n_in: Input channels.
        n_out: Output channels.
        stride: Of the first convolution and of the shortcut.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Conv2d(n_in, n_out, 1, stride, bias=False) if n_in != n_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, n_in, h, w) to (n, n_out, h / stride, w / stride)."""
        out: Tensor = torch.relu(self.body(x) + self.shortcut(x))
        return out


class DigitsResNet(nn.Module):
    """Four residual stages for 8 x 8 grey images."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.layer1 = ResidualBlock(16, 16, 1)
        self.layer2 = ResidualBlock(16, 32, 2)
        self.layer3 = ResidualBlock(32, 64, 2)
        self.layer4 = ResidualBlock(64, 128, 1)
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 1, 8, 8) to the classes' scores (n, 10)."""
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        out: Tensor = self.head(x.mean(dim=(2, 3)))
        return out


def load_data() -> tuple[TensorDataset, TensorDataset]:
    """797 digits to train on and a probe set of 1,000 others: images (n, 1, 8, 8) in [0, 1], classes (n,)."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    images = torch.from_numpy(digits.images[order]).float().unsqueeze(1) / 16
    labels = torch.from_numpy(digits.target[order]).long()
    train = TensorDataset(images[N_PROBE:], labels[N_PROBE:])
    probe = TensorDataset(images[:N_PROBE], labels[:N_PROBE])
    return train, probe


def shift(images: Tensor) -> Tensor:
    """A batch moved by up to one pixel, so that 797 digits, seen N_SHIFTS times an epoch, are enough to learn from."""
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(images, (dx, dy), dims=(2, 3))


def train(log_dir: str, n_epochs: int) -> None:
    """Train and log; one line of text an epoch."""
    torch.manual_seed(0)
    # The network is small; the other cores are for TensorBoard and the browser.
    torch.set_num_threads(1)
    train_set, probe = load_data()
    digits: Dataset[tuple[Tensor, ...]] = ConcatDataset([train_set] * N_SHIFTS)
    loader = DataLoader(digits, batch_size=32, shuffle=True)
    model = DigitsResNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_epochs)
    criterion = nn.CrossEntropyLoss()
    names = [str(digit) for digit in range(10)]
    with NeuroMapper(model, log_dir, probe=probe, class_names=names, gradient_every=50) as mapper:
        mapper.log_epoch(0)  # The untrained network, for comparison.
        for epoch in range(1, n_epochs + 1):
            model.train()
            for x, y in loader:
                loss = criterion(model(shift(x)), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                mapper.step(loss=loss)
            schedule.step()
            mapper.log_epoch(epoch)
            print(f"epoch {epoch} of {n_epochs}: loss of the last batch {loss.item():.3f}", flush=True)  # noqa: T201


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log_dir", help="folder of the run")
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))  # Without a traceback; the log is still closed properly.
    train(options.log_dir, options.epochs)


if __name__ == "__main__":
    main()
