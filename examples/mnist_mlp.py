"""A fully connected network on MNIST, watched by NeuroMapper: activations after every epoch, gradients as they flow.

    pip install "tb-neuromapper[vision]"
    python examples/mnist_mlp.py --data-dir data --download
    tensorboard --logdir runs

`--data-dir` is the folder that holds (or, with --download, gets) MNIST as torchvision keeps it. Without MNIST,
`--data digits` takes scikit-learn's 8 x 8 handwritten digits: no download, a few seconds of training.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from tb_neuromapper import NeuroMapper

N_PROBE = 1000


def load_mnist(folder: Path, download: bool) -> tuple[Dataset, Dataset]:
    """The 60,000 training images, and the first N_PROBE test images as the probe."""
    try:
        from torchvision.datasets import MNIST
        from torchvision.transforms import ToTensor
    except (ImportError, RuntimeError) as error:
        sys.exit(f'MNIST needs torchvision ({error}): pip install "tb-neuromapper[vision]", or take --data digits.')
    try:
        train, test = (
            MNIST(str(folder), train=part, transform=ToTensor(), download=download) for part in (True, False)
        )
    except (RuntimeError, OSError) as error:
        sys.exit(
            f"MNIST could not be read from {folder} ({error}). Point --data-dir to the folder that holds MNIST/raw, "
            "add --download, or take --data digits."
        )
    return train, Subset(test, range(min(N_PROBE, len(test))))


def load_digits() -> tuple[Dataset, Dataset]:
    """scikit-learn's digits: 1,197 to train on, 600 as the probe; images (n, 1, 8, 8) in [0, 1]."""
    try:
        from sklearn import datasets
    except ImportError as error:
        sys.exit(f'The digits come with scikit-learn ({error}): pip install "tb-neuromapper[demo]".')
    digits = datasets.load_digits()
    order = torch.randperm(len(digits.images), generator=torch.Generator().manual_seed(0))
    images = torch.from_numpy(digits.images).float().unsqueeze(1)[order] / 16
    labels = torch.from_numpy(digits.target).long()[order]
    return TensorDataset(images[600:], labels[600:]), TensorDataset(images[:600], labels[:600])


def make_model(n_pixels: int, hidden: list[int]) -> nn.Sequential:
    """Flatten, then a linear layer and a ReLU for each hidden layer, then ten answers."""
    sizes = [n_pixels, *hidden]
    layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(sizes[-1], 10))


def run_epoch(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer, mapper: NeuroMapper) -> float:
    """One time through the training set; the mean loss."""
    total, n = 0.0, 0
    for x, y in loader:
        loss: Tensor = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mapper.step(loss=loss)  # Every `gradient_every` steps it records the gradient flow.
        total, n = total + loss.item() * len(x), n + len(x)
    return total / n


def main(arguments: list[str] | None = None) -> None:
    """Train and log."""
    options = parse(arguments)
    torch.manual_seed(options.seed)
    train, probe = load_digits() if options.data == "digits" else load_mnist(options.data_dir, options.download)
    x, _ = train[0]
    model = make_model(x.numel(), options.hidden)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)
    loader = DataLoader(train, batch_size=options.batch_size, shuffle=True)
    names = [str(digit) for digit in range(10)]
    with NeuroMapper(
        model, options.logdir, probe=probe, class_names=names, gradient_every=options.gradient_every
    ) as mapper:
        mapper.log_epoch(0)  # The untrained network, for comparison.
        for epoch in range(1, options.epochs + 1):
            loss = run_epoch(model, loader, optimizer, mapper)
            mapper.log_epoch(epoch)
            print(f"epoch {epoch} of {options.epochs}: training loss {loss:.3f}", flush=True)
    print(f"Done. Look at it: tensorboard --logdir {options.logdir.parent}")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=["mnist", "digits"], default="mnist", help="default: mnist")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="folder with MNIST (default: data)")
    parser.add_argument("--download", action="store_true", help="fetch MNIST (12 MB) into --data-dir first")
    parser.add_argument("--hidden", type=sizes, default=[128, 64], help="units of each layer (default: 128,64)")
    parser.add_argument("--epochs", type=count, default=10)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--batch-size", type=count, default=64)
    parser.add_argument("--gradient-every", type=count, default=50, help="steps between records (default: 50)")
    parser.add_argument("--logdir", type=Path, default=Path("runs/mnist_mlp"))
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def count(text: str) -> int:
    """A whole number of 1 or more, from the command line."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def sizes(text: str) -> list[int]:
    """Whole numbers of 1 or more in a text like "128,64"."""
    return [count(part.strip()) for part in text.split(",")]


if __name__ == "__main__":
    main()
