"""A small vision transformer on scikit-learn's handwritten digits: its blocks' activations, and how gradients flow.

    python examples/transformer.py --logdir runs/transformer
    tensorboard --logdir runs

Each 8 x 8 image is cut into sixteen patches of 2 x 2 pixels (Dosovitskiy et al., 2021). In the NeuroMapper tab each
attention block has a view; its activations are the mean over the tokens. Takes about a minute on one core.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from tb_neuromapper import NeuroMapper

N_PROBE = 600
PATCH = 2
N_PATCHES = (8 // PATCH) ** 2


class Block(nn.Module):
    """Attention, then a perceptron, each with its normalisation before and a shortcut around."""

    def __init__(self, n_dims: int, n_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(n_dims)
        self.attention = nn.MultiheadAttention(n_dims, n_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(n_dims)
        self.perceptron = nn.Sequential(nn.Linear(n_dims, 2 * n_dims), nn.GELU(), nn.Linear(2 * n_dims, n_dims))

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, tokens, n_dims) to the same."""
        x = self.norm1(tokens)
        tokens = tokens + self.attention(x, x, x, need_weights=False)[0]
        out: Tensor = tokens + self.perceptron(self.norm2(tokens))
        return out


class DigitsTransformer(nn.Module):
    """Patches to tokens, a learnt position for each, blocks, and the mean over the tokens to ten answers."""

    def __init__(self, n_dims: int, n_heads: int, n_blocks: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, n_dims, PATCH, stride=PATCH)
        self.position = nn.Parameter(0.02 * torch.randn(1, N_PATCHES, n_dims))
        self.blocks = nn.ModuleList(Block(n_dims, n_heads) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(n_dims)
        self.head = nn.Linear(n_dims, 10)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 1, 8, 8) to (n, 10)."""
        tokens = self.embed(images).flatten(2).transpose(1, 2) + self.position
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.head(self.norm(tokens).mean(dim=1))
        return out


def load_digits() -> tuple[Tensor, Tensor]:
    """1,797 images (n, 1, 8, 8) in [0, 1] and their classes (n,), in a fixed random order."""
    try:
        from sklearn import datasets
    except ImportError as error:
        sys.exit(f'The digits come with scikit-learn ({error}): pip install "tb-neuromapper[demo]".')
    digits = datasets.load_digits()
    order = torch.randperm(len(digits.images), generator=torch.Generator().manual_seed(0))
    images = torch.from_numpy(digits.images).float().unsqueeze(1) / 16
    return images[order], torch.from_numpy(digits.target).long()[order]


def train(options: argparse.Namespace) -> float:
    """Train and log; the accuracy on what was trained on, over the last epoch."""
    torch.manual_seed(options.seed)
    images, labels = load_digits()
    model = DigitsTransformer(options.dims, options.heads, options.blocks)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    probe = (images[:N_PROBE], labels[:N_PROBE])
    images, labels = images[N_PROBE:], labels[N_PROBE:]
    names = [str(digit) for digit in range(10)]
    with NeuroMapper(
        model, options.logdir, probe=probe, class_names=names, gradient_every=options.gradient_every
    ) as mapper:
        mapper.log_epoch(0)  # The untrained network, for comparison.
        for epoch in range(1, options.epochs + 1):
            n_right = 0
            for rows in torch.split(torch.randperm(len(images)), options.batch_size):
                answers = model(images[rows])
                n_right += int((answers.argmax(dim=1) == labels[rows]).sum())
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(answers, labels[rows])
                loss.backward()
                optimizer.step()
                mapper.step(loss=loss)  # Every `gradient_every` steps it records the gradient flow.
            mapper.log_epoch(epoch)
            print(f"epoch {epoch} of {options.epochs}: training accuracy {n_right / len(images):.1%}", flush=True)
    return n_right / len(images)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", type=Path, default=Path("runs/transformer"))
    parser.add_argument("--epochs", type=count, default=30)
    parser.add_argument("--dims", type=count, default=32, help="features of a token (default: 32)")
    parser.add_argument("--heads", type=count, default=4, help="attention heads a block; a divisor of --dims")
    parser.add_argument("--blocks", type=count, default=4, help="attention blocks (default: 4)")
    parser.add_argument("--batch-size", type=count, default=32)
    parser.add_argument("--gradient-every", type=count, default=20, help="steps between records (default: 20)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.dims % options.heads:
        parser.error(f"--dims is {options.dims}; it must be a multiple of --heads, {options.heads}")
    torch.set_num_threads(1)
    train(options)
    print(f"Done. Look at it: tensorboard --logdir {options.logdir.parent}")


def count(text: str) -> int:
    """A whole number of 1 or more, from the command line."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


if __name__ == "__main__":
    main()
