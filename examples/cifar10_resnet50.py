"""ResNet-50 on CIFAR-10, watched by NeuroMapper: the 10,000 test images as the probe, layer1 to layer4 as blocks.

    pip install "tb-neuromapper[vision]"
    python examples/cifar10_resnet50.py --data data --download --epochs 30
    tensorboard --logdir runs

Needs torchvision. `--data` is the folder that holds (or, with --download, gets) `cifar-10-batches-py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
BLOCKS = ["layer1", "layer2", "layer3", "layer4"]


def main(arguments=None):
    """Read the command line, load the images and train."""
    options = parse(arguments)
    try:
        import torch
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError) as error:
        sys.exit(
            f'This example needs torch and torchvision ({error}). Install them: pip install "tb-neuromapper[vision]"'
        )
    torch.manual_seed(options.seed)
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    train_set, test_set = load(options)
    print(f"{len(train_set)} training and {len(test_set)} probe images, {device}", flush=True)
    train(make_model().to(device), train_set, test_set, device, options)


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with cifar-10-batches-py")
    parser.add_argument("--download", action="store_true", help="fetch CIFAR-10 (170 MB) into --data first")
    parser.add_argument("--epochs", type=count, default=30)
    parser.add_argument("--limit", type=count, help="use only so many training and so many probe images")
    parser.add_argument("--logdir", type=Path, default=Path("runs/cifar10_resnet50"))
    parser.add_argument("--batch-size", type=count, default=128)
    parser.add_argument("--workers", type=int, default=2, help="processes that load training images")
    parser.add_argument("--device", help="cpu, cuda, mps; the first GPU if there is one")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def count(text):
    """A whole number of 1 or more, from the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not an integer of 1 or more")
    return value


def load(options):
    """The training set with augmentation, the test set without."""
    from torch.utils.data import Subset
    from torchvision import transforms
    from torchvision.datasets import CIFAR10

    normalise = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), *normalise])
    try:
        train_set = CIFAR10(options.data, train=True, transform=augment, download=options.download)
        test_set = CIFAR10(options.data, train=False, transform=transforms.Compose(normalise))
    except (RuntimeError, OSError) as error:
        sys.exit(
            f"CIFAR-10 could not be read from {options.data} ({error}). Point --data to the folder that holds "
            "cifar-10-batches-py, or add --download."
        )
    if options.limit is None:
        return train_set, test_set
    return tuple(Subset(part, range(min(options.limit, len(part)))) for part in (train_set, test_set))


def make_model():
    """A ResNet-50 of torchvision with the stem that is usual for 32 x 32 images: a 3 x 3 convolution and no pooling."""
    from torch import nn
    from torchvision.models import resnet50

    model = resnet50(num_classes=10)
    model.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


def class_names(data_set):
    """The names of a data set's classes, also of a part of it."""
    return getattr(data_set, "dataset", data_set).classes


def train(model, train_set, test_set, device, options):
    """Train and log: the test images after every epoch, the gradients of some steps."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader

    from tb_neuromapper import NeuroMapper

    loader = DataLoader(
        train_set, batch_size=options.batch_size, shuffle=True, num_workers=options.workers, drop_last=False
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, epochs=options.epochs, steps_per_epoch=len(loader)
    )
    with NeuroMapper(model, options.logdir, probe=test_set, class_names=class_names(test_set), blocks=BLOCKS) as mapper:
        for epoch in range(options.epochs):
            model.train()
            total = 0.0
            for x, y in loader:
                loss = criterion(model(x.to(device)), y.to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                mapper.step()
                total += loss.item() * len(x)
            mapper.log_epoch(epoch)
            print(f"epoch {epoch + 1}/{options.epochs}: training loss {total / len(train_set):.3f}", flush=True)
    print(f"Done. Look at it: tensorboard --logdir {options.logdir.parent}", flush=True)


if __name__ == "__main__":
    main()
