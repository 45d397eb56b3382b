"""What logging costs a training run: log_epoch beyond the bare forward pass of the probe, and step().

    python benchmarks/logging_cost.py [--samples 10000] [--networks residual light] [--json results.json]

Bare passes and logged passes take turns, so that other load on the machine hits both alike; the least time of each
counts. CPU time is given too, because on a shared machine it says more than the clock. `residual` is a residual
network of about a ResNet-18's cost at 32 x 32, each of its four blocks 256 wide; `light` does about a twentieth of the
work per sample and shows the worst case.
"""

from __future__ import annotations

import argparse
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
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        return self.fc(x.mean((2, 3)))


NETWORKS = {"residual": lambda: Network(n_inner=160, first_stride=1), "light": lambda: Network(32, 2)}


def main():
    options = parse()
    torch.manual_seed(0)
    device = torch.device(options.device)
    results = {"samples": options.samples, "device": str(device), "threads": torch.get_num_threads(), "networks": {}}
    print(f"{options.samples} samples, 4 blocks of {WIDTH} dims and the output, {device}, least of {options.repeats}")
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(model, device, options):
    """Times in seconds; `disk_s` is what the background thread still takes after log_epoch has returned."""
    x, y = torch.randn(options.samples, 3, 32, 32), torch.randint(0, 10, (options.samples,))
    bare, logged, disk = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        NeuroMapper(model, folder, probe=(x, y), batch_size=options.batch_size) as mapper,
    ):
        forward(model, x[: options.batch_size], options.batch_size, device)
        for repeat in range(options.repeats):
            bare.append(seconds(lambda: forward(model, x, options.batch_size, device)))
            logged.append(seconds(lambda epoch=repeat: mapper.log_epoch(epoch)))
            disk.append(seconds(mapper.flush)[0])
    # The first epoch also makes thumbnails and describes the probe; it is left out if there are others.
    later = logged[1:] or logged
    (bare_s, bare_cpu_s), (log_s, log_cpu_s) = map(min, zip(*bare, strict=True)), map(min, zip(*later, strict=True))
    return {
        "bare_s": bare_s,
        "log_epoch_s": log_s,
        "first_log_epoch_s": logged[0][0],
        "beyond_s": log_s - bare_s,
        "ratio": log_s / bare_s - 1,
        "cpu_ratio": log_cpu_s / bare_cpu_s - 1,
        "disk_s": min(disk),
    }


@torch.no_grad()
def forward(model, x, batch_size, device):
    model.eval()
    for start in range(0, len(x), batch_size):
        model(x[start : start + batch_size].to(device))
    if device.type == "cuda":
        torch.cuda.synchronize()
    model.train()


def seconds(work):
    """(clock, CPU of all threads)"""
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
