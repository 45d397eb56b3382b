"""What logging costs a training run: log_epoch beyond the bare forward pass of the probe, and step().

    python benchmarks/logging_cost.py [--samples 10000] [--networks residual light] [--json results.json]

Every batch runs first through a copy of the network without hooks, then as log_epoch runs it, so that other load on
the machine hits both alike; what log_epoch takes beyond the bare batches is its cost: hooks, reductions, checks,
outcomes and handing over to the writer. CPU time is given too. `residual` is a residual network of about a ResNet-18's
cost at 32 x 32, each of its four blocks 256 wide; `light` does about a twentieth of the work and is the worst case.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import time
import timeit
from pathlib import Path

import torch
from torch import nn

from tb_neuromapper import NeuroMapper

WIDTH = 256
GOAL_RATIO = 0.10
GOAL_STEP_US = 20.0


class Residual(nn.Module):
    """x + convolutions(x), with batch norm."""

    def __init__(self, n_in, n_inner, n_out, stride):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(n_in, n_inner, 3, stride, 1, bias=False),
            nn.BatchNorm2d(n_inner),
            nn.ReLU(),
            nn.Conv2d(n_inner, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.skip = nn.Conv2d(n_in, n_out, 1, stride, bias=False)

    def forward(self, x):
        """Activations (n, n_out, h / stride, w / stride) of images (n, n_in, h, w)."""
        return (self.inner(x) + self.skip(x)).relu()


class Network(nn.Module):
    """Four stages of 256 channels each."""

    def __init__(self, n_inner, first_stride):
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 3, first_stride, 1)
        self.layer1 = Residual(64, n_inner, WIDTH, 1)
        self.layer2 = Residual(WIDTH, n_inner, WIDTH, 2)
        self.layer3 = Residual(WIDTH, n_inner, WIDTH, 2)
        self.layer4 = Residual(WIDTH, n_inner, WIDTH, 2)
        self.fc = nn.Linear(WIDTH, 10)

    def forward(self, x):
        """Logits (n, 10) of images (n, 3, 32, 32)."""
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        return self.fc(x.mean((2, 3)))


NETWORKS = {"residual": lambda: Network(n_inner=160, first_stride=1), "light": lambda: Network(32, 2)}


def main():
    """Parse the options, measure, print a table and write it as JSON."""
    options = parse()
    torch.manual_seed(0)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    results = {"samples": options.samples, "device": str(device), "threads": torch.get_num_threads(), "networks": {}}
    print(f"{options.samples} samples, 4 blocks of {WIDTH} dims and the output, {device}")
    print(f"{'network':<10} {'bare':>8} {'log_epoch':>10} {'beyond':>8} {'ratio':>7} {'cpu':>7} {'disk':>7}   goal")
    for name in options.networks:
        row = measure(NETWORKS[name]().to(device), device, options)
        results["networks"][name] = row
        verdict = "reached" if row["ratio"] <= GOAL_RATIO else "missed"
        times = f"{row['bare_s']:>7.2f}s {row['log_epoch_s']:>9.2f}s {row['beyond_s']:>7.2f}s"
        ratios = f"{100 * row['ratio']:>6.1f}% {100 * row['cpu_ratio']:>6.1f}%"
        print(
            f"{name:<10} {times} {ratios} {row['disk_s']:>6.2f}s   <= {100 * GOAL_RATIO:.0f} %: {verdict}", flush=True
        )
    results["step_us"] = measure_step(options)
    verdict = "reached" if results["step_us"] < GOAL_STEP_US else "missed"
    print(f"step() that records nothing: {results['step_us']:.2f} us   < {GOAL_STEP_US:.0f} us: {verdict}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=2, help="the first is left out if there are more")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0 leaves it as it is")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(model, device, options):
    """Times in seconds; `disk_s` is what the background thread still takes after log_epoch has returned."""
    x, y = torch.randn(options.samples, 3, 32, 32), torch.randint(0, 10, (options.samples,))
    bare = Bare(model, device)
    rounds = []
    with (
        tempfile.TemporaryDirectory() as folder,
        NeuroMapper(model, folder, probe=(x, y), batch_size=options.batch_size, forward=bare.then_logged) as mapper,
    ):
        for epoch in range(options.repeats):
            bare.reset()
            total, total_cpu = seconds(lambda step=epoch: mapper.log_epoch(step))
            disk, _ = seconds(mapper.flush)
            rounds.append((total - bare.clock_s, bare.clock_s, total_cpu - bare.cpu_s, bare.cpu_s, disk))
    # The first epoch also makes thumbnails and describes the probe.
    first, *later = rounds
    by_ratio = sorted(later or rounds, key=lambda row: row[0] / row[1])
    log_s, bare_s, log_cpu_s, bare_cpu_s, disk_s = by_ratio[len(by_ratio) // 2]
    return {
        "bare_s": bare_s,
        "log_epoch_s": log_s,
        "beyond_s": log_s - bare_s,
        "ratio": log_s / bare_s - 1,
        "cpu_ratio": log_cpu_s / bare_cpu_s - 1,
        "first_epoch_ratio": first[0] / first[1] - 1,
        "disk_s": disk_s,
    }


class Bare:
    """Before each batch that log_epoch runs, the same batch through a copy of the network without hooks."""

    def __init__(self, model, device):
        self.copy, self.device = copy.deepcopy(model).eval(), device
        self.reset()

    def reset(self):
        """Set the times to 0."""
        self.clock_s = self.cpu_s = 0.0

    def then_logged(self, model, x):
        """Run a batch through the copy, with its time taken, then through the model; the callback's `forward`."""
        self._synchronize()
        clock_s, cpu_s = seconds(lambda: (self.copy(x), self._synchronize()))
        self.clock_s += clock_s
        self.cpu_s += cpu_s
        return model(x)

    def _synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def seconds(work):
    """Seconds of some work: (clock, CPU of all threads)."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu


def measure_step(options):
    """Microseconds of one step(), least of several rounds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        NeuroMapper(NETWORKS["light"](), folder, probe=torch.randn(4, 3, 32, 32)) as mapper,
    ):
        return min(timeit.repeat(mapper.step, number=100_000, repeat=max(options.repeats, 3))) * 10


if __name__ == "__main__":
    main()
