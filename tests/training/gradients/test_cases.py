"""Ways of training that must neither be disturbed nor misread: accumulation, mixed precision, clipping and the like."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from tb_neuromapper.training.gradients.layers import find_layers, sources_in_order
from tests.training.flows import layers_of, record, sgd_step, unit_figures

GENERATOR = torch.Generator().manual_seed(0)
X, Y = torch.randn(8, 4, generator=GENERATOR), torch.randint(0, 3, (8,), generator=GENERATOR)
ARRAYS = ("unit_activation", "unit_zeros", "unit_gradient", "unit_signed", "edge_gradient", "edge_weight")


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))


SINGLE = mlp().state_dict()


def assert_same_flow(found, expected, *, rtol=1e-4, arrays=ARRAYS):
    assert [layer.name for layer in found.layers] == [layer.name for layer in expected.layers]
    for one, other in zip(found.layers, expected.layers, strict=True):
        assert one.sources == other.sources
        assert one.activation == other.activation
        for name in arrays:
            message = f"{one.name} {name}"
            found_array, expected_array = getattr(one, name), getattr(other, name)
            np.testing.assert_allclose(found_array, expected_array, rtol=rtol, atol=1e-8, err_msg=message)


@pytest.fixture
def plain(tmp_path):
    """The flow of one plain step of the small network."""
    model = mlp()
    return record(tmp_path / "plain", model, sgd_step(model, X, Y)).gradient_flow(0)


def test_accumulation__adds_gradients_up(tmp_path, plain):
    """Four backward passes over quarters of the batch give the connections of one pass over all; each is counted."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        optimizer.zero_grad()
        for x, y in zip(X.chunk(4), Y.chunk(4), strict=True):
            (F.cross_entropy(model(x), y) / 4).backward()
        optimizer.step()
        mapper.step()

    flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain)
    assert [layer.calls for layer in flow.layers] == [4, 4, 4]
    wanted = plain.layers[0].parameters["0.weight"]
    assert flow.layers[0].parameters["0.weight"] == pytest.approx(wanted, rel=1e-4, abs=1e-7)


def test_clipping__shows_both_norms(tmp_path, plain):
    """The gradient's norm is that before clipping; what the optimizer saw stands beside it."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    norms = []

    def step(mapper):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.01)))
        optimizer.step()
        mapper.step()

    flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain, arrays=ARRAYS[:-1])  # The weights are those after the step.
    rows = [row for layer in flow.layers for row in layer.parameters.values()]
    assert np.hypot.reduce([row["gradient_norm"] for row in rows]) == pytest.approx(norms[0], rel=1e-4)
    assert np.hypot.reduce([row["clipped_norm"] for row in rows]) == pytest.approx(0.01, rel=1e-3)
    assert np.hypot.reduce([row["update_norm"] for row in rows]) == pytest.approx(0.005, rel=1e-3)


@pytest.mark.parametrize("is_clipped", [False, True])
@pytest.mark.parametrize("is_given", [False, True])
def test_grad_scaler__values_are_unscaled(tmp_path, plain, is_clipped, is_given):
    """With the loss scaled by 4,096 all values are those of the plain step, and the scale is told."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=4096.0)

    def step(mapper):
        optimizer.zero_grad()
        scaler.scale(F.cross_entropy(model(X), Y)).backward()
        if is_clipped:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 0.01)
        scaler.step(optimizer)
        scaler.update()
        mapper.step()

    options = {"scaler": scaler} if is_given else {}
    run = record(tmp_path / "a", model, step, **options)
    flow = run.gradient_flow(0)
    assert_same_flow(flow, plain, arrays=ARRAYS[:-1] if is_clipped else ARRAYS)
    assert run._log.entries["gradients"][0].record.attributes["amp_scale"] == 4096
    found, wanted = (of.layers[1].parameters["2.weight"] for of in (flow, plain))
    assert found["gradient_norm"] == pytest.approx(wanted["gradient_norm"], rel=1e-4)
    assert found["gradient_median"] == pytest.approx(wanted["gradient_median"], rel=1e-4)
    if not is_clipped:
        assert found["clipped_norm"] == pytest.approx(wanted["clipped_norm"], rel=1e-4)
    assert found["clipped_norm"] <= found["gradient_norm"] * 1.001


def test_grad_scaler__step_left_out_is_recorded(tmp_path):
    """After an overflow the scaler leaves the step out: the record says so, counts, and the next one is whole."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    def step(mapper):
        optimizer.zero_grad()
        factor = float("inf") if mapper.number == 1 else 1.0
        (scaler.scale(F.cross_entropy(model(X), Y)) * factor).backward()
        scaler.step(optimizer)
        scaler.update()
        mapper.step()
        mapper.number += 1

    def numbered(mapper):
        mapper.number = getattr(mapper, "number", 0)
        step(mapper)

    run = record(tmp_path, model, numbered, n_steps=3)
    assert run.steps("gradients") == [0, 1, 2]
    flow = run.gradient_flow(1)
    assert "the GradScaler left this step out" in flow.problems[0]
    assert "not finite" in flow.problems[1]
    row = flow.layers[0].parameters["0.weight"]
    assert row["n_nonfinite_gradient"] == 24
    assert row["update_norm"] == 0
    assert np.isnan(row["gradient_norm"])
    scales = [run._log.entries["gradients"][step].record.attributes["amp_scale"] for step in range(3)]
    assert scales == [1024, 1024, 512]
    assert run.gradient_flow(2).problems == []


def test_autocast__is_recorded_in_full_precision(tmp_path):
    """Under bfloat16 autocast the figures are those of the rounded activations, summed without further rounding."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    x, y = torch.randn(4000, 4), torch.randint(0, 3, (4000,))
    twin = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        with torch.autocast("cpu", torch.bfloat16):
            loss = F.cross_entropy(model(x).float(), y)
        loss.backward()
        optimizer.step()
        mapper.step()

    flow = record(tmp_path, model, step).gradient_flow(0)
    with torch.autocast("cpu", torch.bfloat16):
        a = twin[:2](x)
        loss = F.cross_entropy(twin[2](a).float(), y)
    (gradient,) = torch.autograd.grad(loss, [a])
    assert a.dtype == torch.bfloat16
    for key, expected in unit_figures(a.float(), gradient.float(), 1).items():
        np.testing.assert_allclose(getattr(flow.layers[0], key), expected, rtol=1e-4, atol=1e-9, err_msg=key)
    assert flow.problems == []


class Shared(nn.Module):
    """A linear layer that runs twice, and a head that shares the embedding's weight."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.twice, self.head = nn.Embedding(7, 6), nn.Linear(6, 6), nn.Linear(6, 7, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        x = F.relu(self.twice(self.embed(x).mean(1)))
        return self.head(F.relu(self.twice(x)))


def test_shared_weights__are_one_parameter_of_two_layers(tmp_path):
    """The second layer names the first; a module that runs twice is one layer with two calls."""
    model = Shared()
    flow = record(tmp_path, model, sgd_step(model, torch.randint(0, 7, (8, 3)), Y)).gradient_flow(0)
    layers = layers_of(flow)
    assert {name: (layer.shares, layer.calls) for name, layer in layers.items()} == {
        "embed": (None, 1),
        "twice": (None, 2),
        "head": ("embed", 1),
    }
    assert layers["twice"].sources == ["embed"]
    assert set(layers["head"].parameters) == {"embed.weight"}
    embed, head = (
        {(a, b): value for (a, b), value in zip(layers[name].edges.tolist(), layers[name].edge_gradient, strict=True)}
        for name in ("embed", "head")
    )
    assert embed == {(b, a): value for (a, b), value in head.items()}
    assert flow.problems == []


def test_calls__are_averaged_over_all_their_values(tmp_path):
    """A module that runs twice has the figures of both calls together."""
    model = Shared()
    twin = copy.deepcopy(model)
    tokens = torch.randint(0, 7, (8, 3))
    layer = layers_of(record(tmp_path, model, sgd_step(model, tokens, Y)).gradient_flow(0))["twice"]
    first = F.relu(twin.twice(twin.embed(tokens).mean(1)))
    second = F.relu(twin.twice(first))
    gradients = torch.autograd.grad(F.cross_entropy(twin.head(second), Y), [first, second])
    for key, expected in unit_figures(torch.cat([first, second]), torch.cat(gradients), 1).items():
        np.testing.assert_allclose(getattr(layer, key), expected, rtol=1e-4, atol=1e-8, err_msg=key)
    assert layer.n_values == len(first) + len(second)


def test_frozen_layers__have_activations_and_no_gradient(tmp_path):
    """A frozen first part is marked, keeps its place and sources, and its units' gradient is unknown."""
    model = mlp()
    for parameter in model[:4].parameters():
        parameter.requires_grad_(False)
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    assert [(layer.frozen, layer.sources, layer.activation) for layer in flow.layers] == [
        (True, [""], "ReLU"),
        (True, ["0"], "Tanh"),
        (False, ["2"], None),
    ]
    first, second, head = flow.layers
    assert np.isnan(first.unit_gradient).all()
    assert (first.unit_zeros > 0).any()
    assert np.isfinite(second.unit_activation).all()
    assert np.isfinite(head.unit_gradient).all()
    assert len(first.edges) == 0
    row = first.parameters["0.weight"]
    assert np.isnan([row["gradient_norm"], row["update_norm"], row["clipped_norm"]]).all()
    assert row["weight_norm"] == pytest.approx(float(model[0].weight.norm()))
    assert flow.problems == []


def test_frozen_head__lets_the_gradient_through(tmp_path):
    """Units of a frozen layer behind a trained one do receive gradients."""
    model = mlp()
    model[4].requires_grad_(False)
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    assert np.isfinite(flow.layers[2].unit_gradient).all()
    assert flow.layers[2].frozen


def test_several_optimizers__are_told_apart(tmp_path):
    """Each parameter has the learning rate of its own group, whichever optimizer that is in."""
    model = mlp()
    first = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.3}, {"params": model[2].parameters()}], 0.2)
    second = torch.optim.Adam(model[4].parameters(), 0.01)

    def step(mapper):
        F.cross_entropy(model(X), Y).backward()
        for optimizer in (first, second):
            optimizer.step()
            optimizer.zero_grad()
        mapper.step()

    run = record(tmp_path, model, step)
    rows = run._loader.load_list(run._log.entries["parameters"][0], "parameters/rows")
    assert [row["learning_rate"] for row in rows] == [0.3, 0.3, 0.2, 0.2, 0.01, 0.01]
    flow = run.gradient_flow(0)
    assert flow.problems == []
    assert all(row["update_norm"] > 0 for layer in flow.layers for row in layer.parameters.values())


def test_an_adversary__does_not_spill_into_the_other_network(tmp_path):
    """After its optimizer has stepped, a parameter's gradient of this step is settled, whatever else flows into it."""
    model = nn.ModuleDict({"d": nn.Linear(4, 1), "g": nn.Linear(4, 4)})
    d_optimizer, g_optimizer = (torch.optim.SGD(model[key].parameters(), 0.1) for key in "dg")
    norms = []

    def step(mapper):
        d_optimizer.zero_grad()
        (model["d"](X).mean() - model["d"](model["g"](X).detach()).mean()).backward()
        norms.append(float(model["d"].weight.grad.norm()))
        d_optimizer.step()
        g_optimizer.zero_grad()
        (100 * model["d"](model["g"](X)).mean()).backward()
        g_optimizer.step()
        mapper.step()

    layers = layers_of(record(tmp_path, model, step).gradient_flow(0))
    assert layers["d"].parameters["d.weight"]["gradient_norm"] == pytest.approx(norms[0], rel=1e-4)
    assert layers["d"].parameters["d.weight"]["clipped_norm"] == pytest.approx(norms[0], rel=1e-4)
    assert layers["g"].parameters["g.weight"]["gradient_norm"] > 0


class Descent:
    """An optimizer that is not torch's."""

    def __init__(self, parameters):
        self.parameters = list(parameters)

    def step(self):
        with torch.no_grad():
            for parameter in self.parameters:
                parameter -= 0.1 * parameter.grad


def test_a_foreign_optimizer__is_told_and_its_update_measured(tmp_path, plain):
    """Without torch's optimizer the clipped norm is unknown, which a warning and the record say; the rest is there."""
    model = mlp()
    optimizer = Descent(model.parameters())

    def step(mapper):
        model.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        mapper.step()

    with pytest.warns(RuntimeWarning, match="no optimizer of torch.optim took a step"):
        flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain)
    assert "no optimizer of torch.optim" in flow.problems[0]
    found, wanted = (of.layers[0].parameters["0.weight"] for of in (flow, plain))
    assert np.isnan(found["clipped_norm"])
    for column in ("gradient_norm", "update_norm", "update_ratio"):
        assert found[column] == pytest.approx(wanted[column], rel=1e-4)


def test_a_closure__shows_what_the_optimizer_saw(tmp_path):
    """L-BFGS runs backward inside its step; its gradients are seen there."""
    model = mlp()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=1)

    def step(mapper):
        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), Y)
            loss.backward()
            return loss

        optimizer.step(closure)
        mapper.step()

    flow = record(tmp_path, model, step, n_steps=2).gradient_flow(1)
    row = flow.layers[0].parameters["0.weight"]
    assert row["clipped_norm"] == pytest.approx(row["gradient_norm"], rel=1e-4)
    assert row["update_norm"] > 0
    assert flow.problems == []


def test_gradients__set_by_hand_are_those_the_optimizer_sees(tmp_path):
    """Where no backward pass fills `grad`, what the optimizer finds there counts."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        gradients = torch.autograd.grad(F.cross_entropy(model(X), Y), list(model.parameters()))
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        mapper.step()

    flow = record(tmp_path, model, step).gradient_flow(0)
    row = flow.layers[0].parameters["0.weight"]
    assert row["gradient_norm"] == pytest.approx(row["clipped_norm"], rel=1e-6)  # One of them is summed on the host.
    assert row["update_norm"] == pytest.approx(0.1 * row["clipped_norm"], rel=1e-3) != 0
    assert len(flow.layers[0].edges) == 24


@pytest.mark.parametrize("to_none", [True, False])
def test_zero_grad__may_come_before_step(tmp_path, plain, to_none):
    """Gradients are read when they arrive, so it does not matter that they are gone when the step ends."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=to_none)
        mapper.step()

    flow = record(tmp_path / "a", model, step).gradient_flow(0)
    assert_same_flow(flow, plain)
    wanted = plain.layers[2].parameters["4.weight"]
    assert flow.layers[2].parameters["4.weight"] == pytest.approx(wanted, rel=1e-4, abs=1e-7)


class Checkpointed(nn.Module):
    """The small network with its middle recomputed in the backward pass."""

    def __init__(self, is_reentrant):
        super().__init__()
        self.body, self.is_reentrant = mlp(), is_reentrant

    def forward(self, x):
        x = self.body[:2](x)
        x = checkpoint(self.body[2:4], x, use_reentrant=self.is_reentrant)
        return self.body[4](x)


@pytest.fixture
def double_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_double_precision_by_default__is_recorded_alike(tmp_path, plain, double_by_default):
    """The figures are those of the same step in single precision."""
    model = mlp().double()
    model.load_state_dict(SINGLE)
    found = record(tmp_path / "a", model, sgd_step(model, X.double(), Y), probe=torch.zeros(2, 4)).gradient_flow(0)
    assert_same_flow(found, plain)


class Functional(nn.Module):
    """Functions rather than modules follow the layers; one writes over what it is given."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.second, self.last = (
            nn.Linear(4, 6),
            nn.BatchNorm1d(6),
            nn.Linear(6, 5),
            nn.Linear(5, 3),
        )

    def forward(self, x):
        x = F.relu(self.norm(self.first(x)), inplace=True)
        return self.last(torch.tanh(self.second(x)))


@pytest.mark.parametrize(
    "make",
    [mlp, Functional, lambda: Checkpointed(True), lambda: Checkpointed(False)],
    ids=["modules", "functions", "reentrant checkpoint", "checkpoint"],
)
def test_expected_activations__leave_the_record_as_it_was(tmp_path, make):
    """From the second record on, outputs that an activation follows are not measured before it; no figure changes."""
    model = make()
    run = record(tmp_path, model, sgd_step(model, X, Y, lr=0.0), n_steps=3)
    first = run.gradient_flow(0)
    assert any(layer.activation for layer in first.layers)
    for step in (1, 2):
        assert_same_flow(run.gradient_flow(step), first, rtol=1e-6)


class Fickle(nn.Module):
    """What follows the first layer changes from step to step."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 3)
        self.follower = torch.relu_

    def forward(self, x):
        self.seen = self.follower(self.first(x))
        return self.last(self.seen)


def test_an_expected_activation_that_does_not_come__leaves_the_layers_own_output(tmp_path):
    """It is measured after all; only where it has been written over is it unknown, in that step alone."""
    model = Fickle()
    train, seen = sgd_step(model, X, Y, lr=0.0), []

    def step(mapper):
        model.follower = [torch.relu_, lambda a: a, torch.relu_, lambda a: a.add_(1), lambda a: a.add_(1)][len(seen)]
        train(mapper)
        seen.append(model.seen.detach().double().abs().mean(0).numpy())

    run = record(tmp_path, model, step, n_steps=5)
    layers = [layers_of(run.gradient_flow(index))["first"] for index in range(5)]
    assert [layer.activation for layer in layers] == ["ReLU", None, "ReLU", None, None]
    for index in (0, 1, 2):
        np.testing.assert_allclose(layers[index].unit_activation, seen[index], rtol=1e-5)
    assert np.isnan(layers[3].unit_activation).all()
    np.testing.assert_allclose(layers[4].unit_activation, layers[1].unit_activation, rtol=1e-5)


@pytest.mark.parametrize("is_reentrant", [True, False])
def test_checkpointing__counts_each_layer_once(tmp_path, plain, is_reentrant):
    """A part that runs again in the backward pass has the figures of one run, in its place."""
    model = Checkpointed(is_reentrant)
    flow = record(tmp_path / "a", model, sgd_step(model, X, Y)).gradient_flow(0)
    assert [(layer.name, layer.calls) for layer in flow.layers] == [("body.0", 1), ("body.2", 1), ("body.4", 1)]
    for found, wanted in zip(flow.layers, plain.layers, strict=True):
        for name in ARRAYS:
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-4, atol=1e-8, err_msg=name)


def test_data_parallel__is_looked_through(tmp_path, plain):
    """A network inside nn.DataParallel has its own names."""
    model = nn.DataParallel(mlp())
    assert_same_flow(record(tmp_path / "a", model, sgd_step(model, X, Y)).gradient_flow(0), plain)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_compiled_network__is_recorded_without_its_units(tmp_path, plain, is_known):
    """Hooks do not run in compiled code: connections and parameters are recorded, and one sentence says so."""
    model = mlp()
    compiled = torch.compile(model, backend="aot_eager")
    with pytest.warns(RuntimeWarning, match="no layer was seen to run, because the network is compiled") as caught:
        run = record(tmp_path / "a", compiled if is_known else model, sgd_step(compiled, X, Y), n_steps=3)
    assert len(caught) == 1
    flow = run.gradient_flow(0)
    assert "is compiled" in flow.problems[0]
    assert np.isnan(flow.layers[0].unit_activation).all()
    for found, wanted in zip(flow.layers, plain.layers, strict=True):
        assert found.sources == wanted.sources
        np.testing.assert_allclose(found.edge_gradient, wanted.edge_gradient, rtol=1e-4, atol=1e-8)
        assert found.update_ratio == pytest.approx(wanted.update_ratio, rel=1e-4)


@pytest.mark.parametrize(
    ("modules", "sources"),
    [
        ([nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)], [[""], ["0"]]),
        ([nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(36, 3)], [[""], ["0"], ["1"]]),
        ([nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(6, 3)], [[], [], []]),
        ([nn.MultiheadAttention(8, 2), nn.Linear(8, 3)], [[], []]),
    ],
)
def test_sources_in_order__are_those_of_a_chain(modules, sources):
    """Layers that were not seen to run follow each other if all widths fit; else what feeds them is not told."""
    layers = find_layers(nn.Sequential(*modules))
    found = sources_in_order(layers)
    assert [found.get(layer.name, []) for layer in layers] == sources


def test_a_parametrised_weight__has_no_connections(tmp_path):
    """Where the weight is computed from others, units and parameters are recorded and a sentence tells the rest."""
    model = mlp()
    nn.utils.parametrizations.weight_norm(model[2])
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    layer = flow.layers[1]
    assert "layer '2' is computed from other parameters" in flow.problems[0]
    assert len(layer.edges) == 0
    assert np.isfinite(layer.unit_gradient).all()
    assert layer.parameters["2.parametrizations.weight.original1"]["update_norm"] > 0


def test_sparse_gradients__are_read_as_dense(tmp_path):
    """An embedding with sparse gradients has the same connections as one without."""
    flows = []
    for sparse in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Embedding(9, 4, sparse=sparse), nn.Flatten(), nn.Linear(12, 3))
        step = sgd_step(model, torch.randint(0, 9, (8, 3), generator=torch.Generator().manual_seed(1)), Y)
        flows.append(record(tmp_path / str(sparse), model, step).gradient_flow(0))
    assert_same_flow(flows[1], flows[0])
    found, wanted = (flow.layers[0].parameters["0.weight"] for flow in flows[::-1])
    assert found == pytest.approx(wanted, rel=1e-5)


def test_evaluation__between_forward_and_step_is_not_counted(tmp_path, plain):
    """Passes without gradients, or without a backward pass, leave the figures of the training pass."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        with torch.no_grad():
            model(X * 100)
        model(X * 100)
        F.cross_entropy(model(X), Y).backward()
        mapper.log_epoch(0)
        optimizer.step()
        mapper.step()

    assert_same_flow(record(tmp_path / "a", model, step).gradient_flow(0), plain)


def test_copies_of_a_watched_network__have_no_hooks(tmp_path):
    """A deep copy loses the hooks at its first call, a saved network never reaches the recorder."""
    model = mlp()
    copies = []

    def step(mapper):
        buffer = io.BytesIO()
        torch.save(model, buffer)
        buffer.seek(0)
        copies.extend([copy.deepcopy(model), torch.load(buffer, weights_only=False)])
        for other in copies:
            F.cross_entropy(other(X * 50), Y).backward()
        sgd_step(model, X, Y)(mapper)

    flow = record(tmp_path, model, step).gradient_flow(0)
    assert not any(module._forward_hooks for module in copies[0].modules())
    assert [layer.calls for layer in flow.layers] == [1, 1, 1]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.torch.jit:DeprecationWarning")
def test_tracing__does_not_record_the_recorder(tmp_path):
    """A network that is traced while it is watched holds no operation of ours."""
    model = mlp()
    kinds = []

    def step(mapper):
        traced = torch.jit.trace(model, X, check_trace=False)
        kinds.extend(node.kind() for node in traced.inlined_graph.nodes())
        sgd_step(model, X, Y)(mapper)

    record(tmp_path, model, step)
    assert "aten::linear" in kinds
    assert not any("norm" in kind or "stack" in kind for kind in kinds)


def test_functional_transforms__are_left_alone(tmp_path):
    """torch.func sees the network as it is; the training step beside it is recorded."""
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))

    def step(mapper):
        parameters = dict(model.named_parameters())
        per_sample = torch.func.vmap(
            torch.func.grad(lambda p, x, y: F.cross_entropy(torch.func.functional_call(model, p, x), y)),
            in_dims=(None, 0, 0),
        )(parameters, X, Y)
        assert per_sample["0.weight"].shape == (8, 6, 4)
        sgd_step(model, X, Y)(mapper)

    flow = record(tmp_path, model, step).gradient_flow(0)
    assert [layer.calls for layer in flow.layers] == [1, 1]
