"""Recorded gradient flow against a plain twin: the same network with its activations kept, and autograd.grad."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.training.flows import edge_table, layers_of, record, sgd_step, signed, unit_figures

Y = torch.tensor([0, 1, 2, 0, 1])
X = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
PIXELS = torch.randn(5, 2, 6, 6, generator=torch.Generator().manual_seed(1))
TOKENS = torch.randint(0, 11, (5, 3), generator=torch.Generator().manual_seed(2))
SERIES = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(3))


class Kept(nn.Module):
    """A network that keeps what its units put out: `kept[name] = (a, axis)`."""

    def keep(self, name, a, axis=-1):
        self.kept[name] = a, axis
        return a

    def forward(self, x):
        self.kept = {}
        return self.run(x)


class Functional(Kept):
    """Linear layers with activation functions of torch.nn.functional, one behind dropout, one behind the last."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.first, self.second, self.third = nn.Linear(4, 6), nn.Linear(6, 5), nn.Linear(5, 3)
        self.drop = nn.Dropout(0.0)

    def run(self, x):
        x = self.keep("first", self.function(self.first(x)))
        x = self.keep("second", self.function(self.second(x)))
        return self.keep("third", self.function(self.third(self.drop(x * 1.0))))

    def connections(self):
        return {name: (f"{name}.weight", lambda w: w[:, :, None]) for name in ("first", "second", "third")}


class Convolutional(Kept):
    """Convolutions (plain, grouped, transposed) with norms and in-place modules, flattened into a linear layer."""

    def __init__(self):
        super().__init__()
        self.plain, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.grouped, self.group_norm = nn.Conv2d(4, 6, 3, groups=2), nn.GroupNorm(3, 6)
        self.transposed = nn.ConvTranspose2d(6, 4, 2, groups=2)
        self.relu, self.tanh = nn.ReLU(inplace=True), nn.Tanh()
        self.head = nn.Linear(4 * 5 * 5, 3)

    def run(self, x):
        x = self.keep("plain", self.plain(x), 1)
        x = self.keep("norm", self.relu(self.norm(x)), 1)
        x = self.keep("grouped", self.tanh(self.grouped(x)), 1)
        x = self.keep("group_norm", self.group_norm(x), 1)
        x = self.keep("transposed", self.relu(self.transposed(x)), 1)
        return self.keep("head", self.head(x.flatten(1)))

    def connections(self):
        return {
            "plain": ("plain.weight", lambda w: w.flatten(2)),
            "norm": ("norm.weight", lambda w: diagonal(w)),
            "grouped": ("grouped.weight", lambda w: by_group(w.flatten(2), 2)),
            "group_norm": ("group_norm.weight", lambda w: diagonal(w)),
            "transposed": ("transposed.weight", lambda w: transposed(w.flatten(2), 2)),
            "head": ("head.weight", lambda w: w[:, :, None]),
        }


def diagonal(weight):
    dense = torch.full((len(weight), len(weight), 1), float("nan"))
    for index, value in enumerate(weight):
        dense[index, index, 0] = value
    return dense


def by_group(weight, n_groups):
    """A grouped convolution's weight as (out, in, K), NaN between groups."""
    n_out, n_in, size = weight.shape
    dense = torch.full((n_out, n_in * n_groups, size), float("nan"))
    for out in range(n_out):
        group = out // (n_out // n_groups)
        dense[out, group * n_in : (group + 1) * n_in] = weight[out]
    return dense


def transposed(weight, n_groups):
    """A transposed convolution's weight (in, out / groups, K) as (out, in, K), NaN between groups."""
    n_in, n_out, size = weight.shape
    dense = torch.full((n_out * n_groups, n_in, size), float("nan"))
    for i in range(n_in):
        group = i // (n_in // n_groups)
        for o in range(n_out):
            dense[group * n_out + o, i] = weight[i, o]
    return dense


class Transformer(Kept):
    """Embedding, attention and layer norm; the twin computes its heads by hand."""

    def __init__(self, bias=True):
        super().__init__()
        self.embed, self.norm = nn.Embedding(11, 8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, bias=bias)
        self.head = nn.Linear(8, 3)
        self.is_twin = False

    def run(self, tokens):
        x = self.keep("embed", self.embed(tokens))
        mixed = self.heads(x) if self.is_twin else self.attention(x, x, x, need_weights=False)[0]
        x = self.keep("norm", self.norm(x + mixed))
        return self.keep("head", self.head(x.mean(1)))

    def heads(self, x):
        projected = F.linear(x, self.attention.in_proj_weight, self.attention.in_proj_bias)
        q, k, v = (part.unflatten(2, (2, 4)).transpose(1, 2) for part in projected.chunk(3, 2))
        mixed = (q @ k.transpose(2, 3) / 2).softmax(3) @ v
        by_head = self.keep("attention", mixed.transpose(1, 2).contiguous(), 2)
        return F.linear(by_head.flatten(2), self.attention.out_proj.weight, self.attention.out_proj.bias)

    def connections(self):
        return {
            "embed": ("embed.weight", lambda w: w.t()[:, :, None]),
            "norm": ("norm.weight", lambda w: diagonal(w)),
            "attention": (
                "attention.in_proj_weight",
                lambda w: w.reshape(3, 2, 4, 8).permute(1, 3, 0, 2).flatten(2),
            ),
            "head": ("head.weight", lambda w: w[:, :, None]),
        }


class Recurrent(Kept):
    """A recurrent layer in both directions, whose gates are taken together."""

    def __init__(self, kind):
        super().__init__()
        self.rnn, self.head = kind(4, 5, batch_first=True, bidirectional=True), nn.Linear(10, 3)

    def run(self, x):
        x = self.keep("rnn", self.rnn(x)[0])
        return self.keep("head", self.head(x.mean(1)))

    def connections(self):
        return {
            "rnn": ("rnn.weight_ih_l0", lambda w: w.reshape(-1, 5, 4).permute(1, 2, 0)),
            "head": ("head.weight", lambda w: w[:, :, None]),
        }


NETWORKS = {
    "relu": (lambda: Functional(F.relu), X),
    "gelu": (lambda: Functional(F.gelu), X),
    "sigmoid": (lambda: Functional(torch.sigmoid), X),
    "tanh": (lambda: Functional(torch.tanh), X),
    "leaky": (lambda: Functional(F.leaky_relu), X),
    "convolutional": (Convolutional, PIXELS),
    "transformer": (Transformer, TOKENS),
    "transformer without bias": (lambda: Transformer(bias=False), TOKENS),
    "lstm": (lambda: Recurrent(nn.LSTM), SERIES),
    "gru": (lambda: Recurrent(nn.GRU), SERIES),
    "rnn": (lambda: Recurrent(nn.RNN), SERIES),
}


def build(name):
    make, x = NETWORKS[name]
    torch.manual_seed(0)
    return make(), x


@pytest.mark.parametrize("name", NETWORKS)
def test_units__are_those_of_autograd(tmp_path, name):
    """Mean |a|, zeros, |dL/da| and dL/da of every unit are what autograd.grad gives for kept activations."""
    model, x = build(name)
    twin = copy.deepcopy(model)
    twin.is_twin = True
    run = record(tmp_path, model, sgd_step(model, x, Y))
    loss = F.cross_entropy(twin(x), Y)
    gradients = torch.autograd.grad(loss, [a for a, _ in twin.kept.values()])
    layers = layers_of(run.gradient_flow(0))
    assert list(layers) == list(twin.kept)
    for (layer, (a, axis)), gradient in zip(twin.kept.items(), gradients, strict=True):
        for key, expected in unit_figures(a, gradient, axis).items():
            found = getattr(layers[layer], key)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8, err_msg=f"{layer} {key}")
    assert run.gradient_flow(0).problems == []


@pytest.mark.parametrize("name", NETWORKS)
def test_connections__are_those_of_autograd(tmp_path, name):
    """dL/dw and w of every connection, all weights of a connection taken together, with the sign of their mean."""
    model, x = build(name)
    twin = copy.deepcopy(model)
    run = record(tmp_path, model, sgd_step(model, x, Y))
    F.cross_entropy(twin(x), Y).backward()
    layers = layers_of(run.gradient_flow(0))
    parameters, trained = dict(twin.named_parameters()), dict(model.named_parameters())
    for layer, (parameter, matrix) in twin.connections().items():
        found = layers[layer]
        weight, gradient = trained[parameter].detach(), parameters[parameter].grad
        wanted_gradient, wanted_weight = (signed(matrix(values).numpy()) for values in (gradient, weight))
        n_units = len(wanted_gradient)  # Of a recurrent layer, the forward direction.
        stored = edge_table(found, found.edge_gradient)[:n_units]
        np.testing.assert_allclose(stored, wanted_gradient, rtol=1e-4, atol=1e-8, err_msg=layer)
        np.testing.assert_allclose(edge_table(found, found.edge_weight)[:n_units], wanted_weight, rtol=1e-5)
        assert found.n_connections == len(found.edges)


def test_layers__are_described(tmp_path):
    """Kind, unit, activation, sources and flattening are found by themselves."""
    model, x = build("convolutional")
    layers = layers_of(record(tmp_path, model, sgd_step(model, x, Y)).gradient_flow(0))
    described = {
        name: (layer.kind, layer.unit, layer.activation, layer.sources, layer.n_inputs, layer.inputs_per_source)
        for name, layer in layers.items()
    }
    assert described == {
        "plain": ("conv", "channel", None, [""], 2, 1),
        "norm": ("norm", "channel", "ReLU", ["plain"], 4, 1),
        "grouped": ("conv", "channel", "Tanh", ["norm"], 4, 1),
        "group_norm": ("norm", "channel", None, ["grouped"], 6, 1),
        "transposed": ("conv", "channel", "ReLU", ["group_norm"], 6, 1),
        "head": ("linear", "neuron", None, ["transposed"], 100, 25),
    }


def test_sources__follow_residual_paths(tmp_path):
    """A sum is fed by both of its branches."""
    model, x = build("transformer")
    layers = layers_of(record(tmp_path, model, sgd_step(model, x, Y)).gradient_flow(0))
    assert layers["attention"].sources == ["embed"]
    assert set(layers["norm"].sources) == {"embed", "attention"}
    assert (layers["attention"].kind, layers["attention"].unit, layers["attention"].n_units) == ("attention", "head", 2)
    assert (layers["embed"].kind, layers["embed"].sources) == ("embedding", [""])


@pytest.mark.parametrize(("function", "low", "high"), [(torch.sigmoid, 0.05, 0.95), (torch.tanh, -0.95, 0.95)])
def test_saturation__is_the_share_near_the_bounds(tmp_path, function, low, high):
    """Of a sigmoid below 0.05 or above 0.95, of a tanh beyond 0.95; other functions do not saturate."""
    torch.manual_seed(0)
    model = Functional(function)
    twin = copy.deepcopy(model)
    layers = layers_of(record(tmp_path, model, sgd_step(model, X * 9, Y)).gradient_flow(0))
    twin(X * 9)
    a = twin.kept["first"][0].detach().numpy()
    expected = ((a < low) | (a > high)).mean(0)
    assert 0 < expected.mean() < 1
    np.testing.assert_allclose(layers["first"].unit_saturated, expected, atol=1e-6)
    relu = layers_of(record(tmp_path / "relu", *relu_model()).gradient_flow(0))
    assert np.isnan(relu["0"].unit_saturated).all()


def relu_model():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    return model, sgd_step(model, X, Y)


def test_parameters__are_plain_statistics(tmp_path):
    """Every column is what numpy says of the weight after the step, its gradient and its change."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    twin = copy.deepcopy(model)
    run = record(tmp_path, model, sgd_step(model, X, Y, lr=0.5))
    F.cross_entropy(twin(X), Y).backward()
    layers = layers_of(run.gradient_flow(0))
    rows = {**layers["0"].parameters, **layers["2"].parameters}
    assert list(rows) == [name for name, _ in model.named_parameters()]
    after = dict(model.named_parameters())
    for name, parameter in twin.named_parameters():
        before, gradient = parameter.detach().double().numpy(), parameter.grad.double().numpy()
        weight = after[name].detach().double().numpy()
        expected = {**statistics("weight", weight), **statistics("gradient", gradient)}
        expected["clipped_norm"] = expected["gradient_norm"]
        expected["update_norm"] = np.linalg.norm(weight - before)
        expected["update_ratio"] = expected["update_norm"] / expected["weight_norm"]
        assert set(expected) == set(rows[name])
        for column, value in expected.items():
            assert rows[name][column] == pytest.approx(value, rel=1e-4, abs=1e-7), (name, column)
    assert layers["0"].update_ratio == pytest.approx(rows["0.weight"]["update_ratio"])


def statistics(of, values):
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    figures = {"norm": np.linalg.norm(values), "l1": np.abs(values).sum(), "sum": values.sum(), "mean": values.mean()}
    figures |= {"std": values.std(), "min": values.min(), "q1": q1, "median": median, "q3": q3, "max": values.max()}
    return {**{f"{of}_{name}": value for name, value in figures.items()}, f"n_nonfinite_{of}": 0}


def test_quartiles__of_a_large_tensor_are_close(tmp_path):
    """Beyond 8,192 values the quartiles and the update are those of an even sample."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 600), nn.ReLU(), nn.Linear(600, 600), nn.Linear(600, 3))
    before = model[2].weight.detach().clone().numpy()
    run = record(tmp_path, model, sgd_step(model, X, Y))
    row = layers_of(run.gradient_flow(0))["2"].parameters["2.weight"]
    weight = model[2].weight.detach().numpy()
    assert row["update_norm"] == pytest.approx(float(np.linalg.norm(weight - before)), rel=0.05)
    spread = float(weight.max() - weight.min())
    for name, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
        assert row[f"weight_{name}"] == pytest.approx(np.quantile(weight, share), abs=0.03 * spread)


def test_connections__beyond_the_budget_are_the_strongest(tmp_path):
    """Of 300 x 300 connections each unit keeps its strongest 66, which is what 20,000 a layer allow."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 300), nn.Tanh(), nn.Linear(300, 300), nn.Tanh(), nn.Linear(300, 3))
    twin = copy.deepcopy(model)
    layer = layers_of(record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0))["2"]
    F.cross_entropy(twin(X), Y).backward()
    gradient = twin[2].weight.grad.numpy()
    assert layer.n_connections == 90_000
    assert len(layer.edges) == 300 * 66
    stored = edge_table(layer, layer.edge_gradient)
    assert (np.isfinite(stored).sum(1) == 66).all()
    np.testing.assert_allclose(stored[np.isfinite(stored)], gradient[np.isfinite(stored)], rtol=1e-3, atol=1e-9)
    weakest = np.sort(np.abs(gradient), 1)[:, -66]
    assert (np.nanmin(np.abs(stored), 1) >= weakest * 0.999).all()


def test_connections__of_very_many_units_are_one_each(tmp_path):
    """Of a layer with more units than edges allowed, the units with the strongest connections keep one each."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 30_000))
    twin = copy.deepcopy(model)
    layer = layers_of(record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0))["2"]
    F.cross_entropy(twin(X), Y).backward()
    gradient = np.abs(twin[2].weight.grad.numpy())
    assert len(layer.edges) == len(set(layer.edges[:, 1].tolist())) == 20_000
    units, inputs = layer.edges[:, 1], layer.edges[:, 0]
    np.testing.assert_allclose(np.abs(layer.edge_gradient), gradient[units, inputs], rtol=1e-3, atol=1e-10)
    assert np.abs(layer.edge_gradient).min() >= np.sort(gradient.max(1))[10_000] * 0.999


def test_connections__of_all_layers_keep_to_one_budget(tmp_path):
    """Many large layers share 200,000 edges; small ones stay whole."""
    torch.manual_seed(0)
    wide = [module for _ in range(14) for module in (nn.Linear(150, 150), nn.Tanh())]
    model = nn.Sequential(nn.Linear(4, 150), nn.Tanh(), *wide, nn.Linear(150, 3))
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    kept = [len(layer.edges) for layer in flow.layers]
    assert kept[0] == 600
    assert kept[-1] == 450
    assert len(set(kept[1:-1])) == 1
    assert 190_000 < sum(kept) <= 200_000
