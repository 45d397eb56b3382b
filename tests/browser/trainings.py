"""Real, small trainings whose runs the tests look at; they go on epoch by epoch when told to."""

import math

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper import NeuroMapper
from tests.numerics.findings.networks import data, mlp
from tests.training.networks import ConvNet, images

# The training step of `FaultyTraining` whose batch has wrong labels.
SPIKE_STEP = 100


class DigitsTraining:
    """A fully connected network learns handwritten digits; blocks "2", "4" and "output", 29 steps an epoch.

    Args:
        folder: Of the run.
        n_probe: How many of the digits are the probe set.
    """

    def __init__(self, folder, n_probe=400):
        digits = load_digits()
        self.images = torch.from_numpy(digits.images).float() / 16
        self.labels = torch.from_numpy(digits.target)
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        probe = torch.utils.data.TensorDataset(self.images[:n_probe].unsqueeze(1), self.labels[:n_probe])
        names = [f"digit {index}" for index in range(10)]
        self.mapper = NeuroMapper(
            self.model, folder, probe=probe, class_names=names, blocks=["2", "4"], gradient_every=10
        )
        self.n_epochs = 0

    def epoch(self):
        """Train for one epoch; afterwards it is in the log."""
        for rows in torch.randperm(len(self.images)).split(64):
            loss = nn.functional.cross_entropy(self.model(self.images[rows]), self.labels[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.mapper.step()
        self.mapper.log_epoch(self.n_epochs)
        self.mapper.flush()
        self.n_epochs += 1


class FaultyTraining:
    """Logs scalars of its own beside our records; half of layer fc2 is dead, and one batch has wrong labels.

    Args:
        folder: Of the run.
    """

    def __init__(self, folder):
        torch.manual_seed(0)
        self.x, self.y = data(0, n=640, noise=1.0)
        self.model = mlp((32, 32, 16, 4))
        with torch.no_grad():
            self.model.fc2.bias[:8] = -50
        self.optimizer = torch.optim.Adam(self.model.parameters(), 3e-3)
        self.writer = SummaryWriter(str(folder))
        probe = torch.utils.data.TensorDataset(self.x[:60], self.y[:60])
        self.mapper = NeuroMapper(self.model, writer=self.writer, probe=probe, gradient_every=10)
        self.n_steps = self.n_epochs = 0

    def epoch(self):
        """Train for one epoch of 40 steps; afterwards it is in the log."""
        for rows in torch.randperm(len(self.x)).split(16):
            y = (self.y[rows] + 1) % 4 if self.n_steps == SPIKE_STEP else self.y[rows]
            loss = nn.functional.cross_entropy(self.model(self.x[rows]), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.mapper.step()
            self.writer.add_scalar("train/loss", loss.item(), self.n_steps)
            self.n_steps += 1
        self.writer.add_scalar("score", math.nan if self.n_epochs == 1 else 0.5, self.n_epochs)
        self.mapper.log_epoch(self.n_epochs)
        self.mapper.flush()
        self.writer.flush()
        self.n_epochs += 1

    def close(self):
        """End the run."""
        self.mapper.close()
        self.writer.close()


def train_convolutions(folder, n_steps=12):
    """A small convolutional network with batch norm; every fourth step is recorded."""
    torch.manual_seed(0)
    model = ConvNet()
    x, y = images(n=24)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with NeuroMapper(model, folder, probe=torch.utils.data.TensorDataset(x, y), gradient_every=4) as mapper:
        for _ in range(n_steps):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mapper.step()
        mapper.log_epoch(0)


def write_plain(folder, n=50):
    """A run of somebody else: scalars only."""
    with SummaryWriter(str(folder)) as writer:
        for step in range(n):
            writer.add_scalar("train/loss", 2.0 / (step + 1), step)
            writer.add_scalar("other/value", step, step)
