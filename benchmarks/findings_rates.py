"""How often findings name a fault that was planted, and how often they find fault with a healthy network.

    python benchmarks/findings_rates.py                  # 680 trainings, about ten minutes on two cores
    python benchmarks/findings_rates.py --seed 5000 --kinds loss_spike healthy --json rates.json

Small networks are trained, each with one fault or with none, over networks, optimizers, batch sizes and degrees of
noise: a wider sweep than that of tests/numerics/findings, with rates in place of a pass or a fail.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tb_neuromapper.numerics.findings.evidence import Evidence, Finding
from tb_neuromapper.numerics.findings.rules import run_rules
from tests.numerics.findings import faults
from tests.numerics.findings.networks import HEALTHY, Detached, Unused, data, mlp
from tests.numerics.findings.training import train

DEEP = (32, *(64,) * 6, 4)
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    **HEALTHY,
    "deep mlp": partial(mlp, DEEP),
    "deep sigmoid mlp": partial(mlp, DEEP, nn.Sigmoid),
    "unused": Unused,
    "detached": Detached,
}
USUAL = ("sgd 0.01", "sgd 0.05", "adam 0.001", "adam 0.003")
# One sees a spike in the losses if it is so high: a share of its level, of the loss's range, and times the noise.
VISIBLE = {"level": 0.8, "range": 0.35, "noise": 6.0}
# The loss may answer some steps after the fault: momentum.
N_ANSWER = 10
Disturb = Callable[[int, torch.Tensor, torch.Tensor, torch.optim.Optimizer], object]


@dataclass(frozen=True)
class Case:
    """One training.

    Attributes:
        kind: The finding that is to come; "healthy" for none.
        fault: A key of FAULTS.
        network: A key of NETWORKS.
        optimizer: "sgd" (momentum 0.9) or "adam" and the learning rate.
        seed: Of the weights, the data and the batches.
        layer: Where it is planted; "" for the whole network.
        at: The step at which it is planted.
        batch, noise, every, n_steps: Samples of a batch, noise of the data, steps between records, steps in all.
    """

    kind: str
    fault: str
    network: str
    optimizer: str
    seed: int
    layer: str = ""
    at: int = 0
    batch: int = 32
    noise: float = 1.0
    every: int = 10
    n_steps: int = 300


@dataclass(frozen=True)
class Outcome:
    """What came of a training.

    Attributes:
        findings: All.
        is_visible: False for a planted spike that one cannot see in the losses, and for a network that was to be
            healthy and whose loss did not come down.
        is_found: The kind was found, where and when it was planted.
        named: The layers that findings of the kind name.
    """

    case: Case
    findings: list[Finding]
    is_visible: bool
    is_found: bool
    named: list[str]


def main() -> None:
    """Train all cases in parallel, print the rates and write the outcomes as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the first training; the next ones count on from it")
    parser.add_argument("--kinds", nargs="+", help="kinds of findings, or healthy (all)")
    parser.add_argument("--json", type=Path, help="where to write what was found, case by case")
    options = parser.parse_args()
    cases = [case for case in all_cases(options.seed) if options.kinds is None or case.kind in options.kinds]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        outcomes = list(pool.map(run, cases, chunksize=4))
    print_rates(outcomes)
    if options.json:
        options.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))


def all_cases(first_seed: int) -> list[Case]:
    """Every training, each with a seed of its own."""
    seeds = itertools.count(first_seed)
    cases: list[Case] = []

    def add(kind: str, fault: str, networks: str, optimizers: tuple[str, ...] = USUAL, n: int = 1, **options) -> None:
        for network, optimizer in itertools.product(networks.split(", "), optimizers):
            cases.extend(Case(kind, fault, network, optimizer, next(seeds), **options) for _ in range(n))

    for batch, noise in itertools.product((8, 32, 128), (0.7, 1.2)):
        add("healthy", "none", ", ".join(HEALTHY), batch=batch, noise=noise)

    for layer, at, every in itertools.product(("fc1", "fc2", "fc3"), (20, 45, 90, 200, 208), (1, 5)):
        planted = {"layer": layer, "at": at, "every": every}
        add("loss_spike", "weights times -8", "mlp", ("sgd 0.01", "adam 0.001"), **planted)
        add("loss_spike", "layer's rate times 300", "mlp", ("sgd 0.01", "adam 0.001"), **planted)
    for layer, at, every in itertools.product(("fc2", "fc4"), (90, 200), (1, 5)):
        add("loss_spike", "layer's gradient times 1000", "mlp", ("sgd 0.01",), layer=layer, at=at, every=every)
    for at, every in itertools.product((45, 90, 200, 208), (1, 5)):
        planted = {"at": at, "every": every}
        add("loss_spike", "rate times 100", "mlp, cnn, transformer, gelu mlp", ("sgd 0.01", "adam 0.001"), **planted)
        add("loss_spike", "wrong labels", "mlp, cnn, transformer", ("sgd 0.05", "adam 0.003"), **planted)

    with_relu = "mlp, wide mlp, small mlp, deep mlp with norm"
    add("dead_units", "half of a layer never opens", with_relu, layer="2", n=2)
    add("dead_units", "a sixth of a layer never opens", with_relu, layer="1", n=2)
    # Adam moves the smallest weights as fast as all others and has woken such units after a few steps.
    add("dormant_units", "most of a layer hardly speaks", "gelu mlp", ("sgd 0.01", "sgd 0.05"), layer="2", n=8)
    add("saturated_units", "large weights", "tanh mlp", layer="1", n=4)
    add("vanishing_gradient", "none", "deep sigmoid mlp", n=4)
    add("exploding_gradient", "large weights", "deep mlp", n=4)
    add("update_ratio", "none", "mlp, cnn, transformer, gelu mlp", ("sgd 1e-7", "adam 3e-7"), n=2, n_steps=100)
    add("update_ratio", "none", "mlp, transformer, gelu mlp, wide mlp", ("adam 0.1", "adam 0.3"), n=2, n_steps=100)
    add("no_gradient", "none", "unused", layer="forgotten", n=2, n_steps=100)
    add("no_gradient", "none", "detached", layer="cut", n=2, n_steps=100)
    for at, network in itertools.product((50, 150), ("mlp", "cnn", "transformer")):
        add("non_finite", "an infinite input", network, at=at, n=2, n_steps=200)
    return cases


def run(case: Case) -> Outcome:
    """Train, run the rules and compare the findings with what was planted."""
    evidence = training(case)
    findings = run_rules(evidence).findings
    found = [each for each in findings if each.kind == case.kind]
    named = [each.where for each in found]
    is_found = bool(found)
    is_visible = True
    losses = evidence.losses[0].values
    if case.kind == "healthy":
        is_visible = bool(np.median(losses[-20:]) < np.median(losses[:5]))
    elif case.kind == "loss_spike":
        is_visible = _is_visible(losses, case.at)
        spans = [span for each in found for span in each.steps]
        is_found = any(first <= case.at + N_ANSWER and last >= case.at for first, last in spans)
        named = [each.evidence["layer"] for each in found]
    elif case.layer:
        is_found = any(_is_layer(where, case.layer) for where in named)
    return Outcome(case, findings, is_visible, is_found, named)


def training(case: Case) -> Evidence:
    """What was recorded of one training."""
    torch.set_num_threads(1)
    torch.manual_seed(case.seed)
    model = NETWORKS[case.network]()
    name, rate = case.optimizer.split()
    optimizer = (
        torch.optim.SGD(model.parameters(), float(rate), momentum=0.9)
        if name == "sgd"
        else torch.optim.Adam(model.parameters(), float(rate))
    )
    return train(
        model,
        optimizer,
        seed=case.seed,
        n_steps=case.n_steps,
        every=case.every,
        batch=case.batch,
        inputs=data(case.seed, n=2048, noise=case.noise),
        disturb=FAULTS[case.fault](model, case),
    )


def print_rates(outcomes: list[Outcome]) -> None:
    """A line a fault, and what is said of healthy networks."""
    print(f"{'finding':20}{'fault':34}{'found':>10}{'layer right':>13}{'wrong':>7}{'also said':>11}")
    for kind, fault in dict.fromkeys((one.case.kind, one.case.fault) for one in outcomes):
        if kind == "healthy":
            continue
        seen = [one for one in outcomes if (one.case.kind, one.case.fault) == (kind, fault) and one.is_visible]
        found = [one for one in seen if one.is_found]
        names = [(one.case.layer, name) for one in found for name in one.named if name and kind == "loss_spike"]
        right = sum(layer == name for layer, name in names)
        also = sum(any(each.kind != kind for each in one.findings) for one in seen)
        line = f"{right:>13}{len(names) - right:>7}" if kind == "loss_spike" else f"{'':20}"
        print(f"{kind:20}{fault:34}{f'{len(found)} of {len(seen)}':>10}{line}{also:>11}")
    healthy = [one for one in outcomes if one.case.kind == "healthy" and one.is_visible]
    if healthy:
        n_sick = sum(one.case.kind == "healthy" and not one.is_visible for one in outcomes)
        n_findings = Counter(len(one.findings) for one in healthy)
        kinds = Counter(each.kind for one in healthy for each in one.findings)
        print(f"healthy: {len(healthy)}; findings: {dict(sorted(n_findings.items()))}; of {dict(kinds)}")
        print(f"not healthy, as the loss did not come down: {n_sick}")
        for one in healthy:
            if len(one.findings) > 1:
                print(one.case, *(each.message for each in one.findings), sep="\n    ")


def _is_visible(losses: np.ndarray, at: int) -> bool:
    """Whether one sees in the losses that something happened at a step."""
    before = losses[max(0, at - 50) : at]
    level = float(np.median(before[-5:]))
    jump = float(np.nanmax(np.where(np.isfinite(losses), losses, np.nan)[at : at + N_ANSWER])) - level
    spread = float(np.subtract(*np.nanquantile(losses[np.isfinite(losses)], [0.95, 0.05])))
    noise = 1.4826 * float(np.median(np.abs(np.diff(before) - np.median(np.diff(before))))) / math.sqrt(2)
    return jump > max(VISIBLE["level"] * level, VISIBLE["range"] * spread, VISIBLE["noise"] * noise)


def _is_layer(where: str, layer: str) -> bool:
    return where in (layer, f"fc{layer}", f"norm{layer}", f"act{layer}")


def _closed(share: float, model: nn.Module, case: Case) -> None:
    layer = dict(model.named_modules()).get(f"norm{case.layer}") or model.get_submodule(f"fc{case.layer}")
    faults.close_units(layer, max(1, round(share * len(layer.bias))))


def _hushed(model: nn.Module, case: Case) -> None:
    layer, after = (model.get_submodule(f"fc{int(case.layer) + each}") for each in (0, 1))
    faults.hush_units(layer, after, round(0.6 * layer.out_features))


def _weight(model: nn.Module, case: Case) -> nn.Parameter:
    return model.get_submodule(case.layer).weight


FAULTS: dict[str, Callable[[nn.Module, Case], Disturb | None]] = {
    "none": lambda _model, _case: None,
    "half of a layer never opens": partial(_closed, 1 / 2),
    "a sixth of a layer never opens": partial(_closed, 1 / 6),
    "most of a layer hardly speaks": _hushed,
    "large weights": lambda model, _case: faults.start_with_gain(model, 5.0),
    "weights times -8": lambda model, case: faults.weights_times(-8, _weight(model, case), case.at),
    "layer's rate times 300": lambda model, case: faults.rate_times(300, case.at, _weight(model, case)),
    "layer's gradient times 1000": lambda model, case: faults.gradient_times(1000, _weight(model, case), case.at),
    "rate times 100": lambda _model, case: faults.rate_times(100, case.at),
    "wrong labels": lambda _model, case: faults.wrong_labels(case.at),
    "an infinite input": lambda _model, case: faults.infinite_input(case.at),
}


if __name__ == "__main__":
    main()
