"""What recording gradient flow costs a training step, compared with histograms of all gradients by a SummaryWriter.

    python benchmarks/gradient_cost.py [--batch-size 32] [--rounds 6] [--json results.json]

A ResNet-18 for 32 x 32 images is trained on random data. Bare steps, recorded steps and steps whose gradients go to
`SummaryWriter.add_histogram` take turns, so that other load on the machine hits all alike; medians over the rounds are
compared. Histograms are made of the gradients of all parameters, and, as a record also holds what flows through the
units, of all gradients: those of the parameters and of each layer's output. What logging every 50 steps costs follows
from the cost of one recorded step. CPU time of all threads, the writing ones included, is given as well as the clock.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper import NeuroMapper

EVERY = 50
GOAL_SHARE = 0.03
GOAL_BACKWARDS = 1.0
GOAL_CHEAPER = ("times", ">=", 10.0)


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al., 2016)."""

    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out)
        self.conv2, self.bn2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False), nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride > 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        """Activations (n, n_out, h / stride, w / stride) of images (n, n_in, h, w)."""
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(out + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 with the stem for 32 x 32 images; 11 million parameters in 62 tensors."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        widths = [64, 64, 128, 256, 512]
        stages = [
            nn.Sequential(Block(n_in, n_out, 1 if n_out == 64 else 2), Block(n_out, n_out, 1))
            for n_in, n_out in itertools.pairwise(widths)
        ]
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        """Logits (n, 10) of images (n, 3, 32, 32)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class Trainer:
    """Steps of plain SGD; `step` returns (clock, CPU) seconds of the whole step and of its backward pass.

    Writing in the background continues after the step; its CPU time is counted, as `flush` awaits it.
    """

    def __init__(self, options):
        torch.manual_seed(0)
        self.device = torch.device(options.device)
        self.model = ResNet18().to(self.device)
        self.x = torch.randn(options.batch_size, 3, 32, 32, device=self.device)
        self.y = torch.randint(0, 10, (options.batch_size,), device=self.device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.01, momentum=0.9)

    def step(self, after, flush=None):
        """Do one step; `after` is called after the update, and `flush` after that, in CPU time only."""
        start = self.now()
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.x), self.y)
        middle = self.now()
        loss.backward()
        end = self.now()
        self.optimizer.step()
        after()
        clock_s = self.now()[0] - start[0]
        (flush or (lambda: None))()
        return (clock_s, self.now()[1] - start[1]), between(middle, end)

    def now(self):
        """(clock, CPU) seconds, once the device has finished its work."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()


def between(start, end):
    """The differences of two (clock, CPU) pairs."""
    return tuple(b - a for a, b in zip(start, end, strict=True))


def main():
    """Parse the options, measure, print a table and write it as JSON."""
    options = parse()
    warnings.filterwarnings("error", "NeuroMapper")  # It would warn and record no more.
    if options.threads:
        torch.set_num_threads(options.threads)
    rounds = measure(options)
    results = {
        "batch_size": options.batch_size,
        "device": options.device,
        "threads": torch.get_num_threads(),
        **{name: summarize(rounds, index) for index, name in enumerate(("clock", "cpu"))},
    }
    print(
        f"ResNet-18 at 32 x 32, batches of {options.batch_size}, {options.device}, medians of {options.rounds} rounds"
    )
    for name in ("clock", "cpu"):
        show(name, results[name])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0 leaves it as it is")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(options):
    """By kind, (clock, CPU) seconds of each round: bare steps, their backward passes, and what is beyond a bare step.

    A recorded step costs in two calls: hooks are put on at the end of the step before it. Whatever is measured follows
    a bare step, as memory that a step has given back costs the next one.
    """
    trainer = Trainer(options)
    found = {"bare": [], "backward": [], "recorded": [], "histograms": [], "all_histograms": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        SummaryWriter(f"{folder}/histograms") as writer,
        NeuroMapper(trainer.model, f"{folder}/recorded", probe=trainer.x[:4], gradient_every=2) as mapper,
    ):
        trainer.step(mapper.step)
        for number in range(options.rounds + 1):
            bare, backward = trainer.step(lambda: None, lambda: None)
            histograms, _ = trainer.step(lambda: add_histograms(writer, trainer.model), writer.flush)
            trainer.step(lambda: None)
            with layer_histograms(writer, trainer.model):
                all_histograms, _ = trainer.step(lambda: add_histograms(writer, trainer.model), writer.flush)
            trainer.step(lambda: None)
            arming, _ = trainer.step(mapper.step, lambda: None)
            recorded, _ = trainer.step(mapper.step, mapper.flush)
            trainer.step(lambda: None)
            if number == 0:
                continue  # Warms everything up.
            found["bare"].append(bare)
            found["backward"].append(backward)
            found["histograms"].append(beyond([histograms], bare))
            found["all_histograms"].append(beyond([all_histograms], bare))
            found["recorded"].append(beyond([arming, recorded], bare))
    return found


def beyond(steps, bare):
    """(clock, CPU) seconds of some steps beyond as many bare ones."""
    return tuple(sum(step[i] for step in steps) - len(steps) * bare[i] for i in range(2))


def add_histograms(writer, model):
    """Write a histogram of each parameter's gradient."""
    for name, parameter in model.named_parameters():
        writer.add_histogram(f"gradients/{name}", parameter.grad, 0)


@contextmanager
def layer_histograms(writer, model):
    """Also the gradients of each layer's output, by the usual hooks; leaves of the module tree that have parameters."""

    def attach(name):
        def forward(_module, _inputs, output):
            output.register_hook(lambda gradient: writer.add_histogram(f"outputs/{name}", gradient, 0))

        return forward

    layers = [(name, module) for name, module in model.named_modules() if module._parameters]
    handles = [module.register_forward_hook(attach(name)) for name, module in layers]
    yield
    for handle in handles:
        handle.remove()


def summarize(rounds, index):
    """Medians over the rounds of one of the two clocks, and what is asked of them."""
    bare, backward, recorded, histograms, all_histograms = (
        statistics.median(pair[index] for pair in rounds[name])
        for name in ("bare", "backward", "recorded", "histograms", "all_histograms")
    )
    return {
        "bare_step_s": bare,
        "backward_s": backward,
        "recording_s": recorded,
        "parameter_histograms_s": histograms,
        "all_histograms_s": all_histograms,
        "share_every_50": recorded / (EVERY * bare),
        "backwards_per_recording": recorded / backward,
        "times_cheaper_than_parameter_histograms": histograms / recorded,
        "times_cheaper_than_all_histograms": all_histograms / recorded,
    }


def show(clock, row):
    """Print one clock's medians, and whether they reach the goals."""
    print(f"{clock}: bare step {row['bare_step_s']:.3f} s, backward {row['backward_s']:.3f} s", end=", ")
    print(f"recording {row['recording_s']:.3f} s, histograms of", end=" ")
    print(f"parameters' gradients {row['parameter_histograms_s']:.3f} s, of all {row['all_histograms_s']:.3f} s")
    lines = [
        ("logging every 50 steps", 100 * row["share_every_50"], "%", "<=", 100 * GOAL_SHARE),
        ("a recorded step, beyond a bare one", row["backwards_per_recording"], "backward", "<=", GOAL_BACKWARDS),
        ("cheaper than histograms, parameters", row["times_cheaper_than_parameter_histograms"], *GOAL_CHEAPER),
        ("cheaper than histograms, all", row["times_cheaper_than_all_histograms"], *GOAL_CHEAPER),
    ]
    for what, value, unit, sign, goal in lines:
        is_reached = value <= goal if sign == "<=" else value >= goal
        print(
            f"  {what:<36} {value:>6.2f} {unit:<9} {sign} {goal:g}: {'reached' if is_reached else 'missed'}", flush=True
        )


if __name__ == "__main__":
    main()
