"""Networks in wrappers, compiled, copied, traced or transformed; other precisions; parameters of unusual kinds."""

from __future__ import annotations

import copy
import io
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.training.flows import (
    assert_same_flow,
    record,
    sgd_step,
    unit_figures,
)
from tests.training.gradients.small import X, Y, three_layers


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


SINGLE = three_layers().state_dict()


@pytest.fixture
def double_by_default():
    """New tensors are of double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_double_precision_by_default__is_recorded_alike(tmp_path, plain, double_by_default):
    """The figures are those of the same step in single precision."""
    model = three_layers().double()
    model.load_state_dict(SINGLE)
    found = record(tmp_path / "a", model, sgd_step(model, X.double(), Y), probe=torch.zeros(2, 4)).gradient_flow(0)
    assert_same_flow(found, plain)


def test_data_parallel__is_looked_through(tmp_path, plain):
    """A network inside nn.DataParallel has its own names."""
    model = nn.DataParallel(three_layers())
    assert_same_flow(record(tmp_path / "a", model, sgd_step(model, X, Y)).gradient_flow(0), plain)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_compiled_network__is_recorded_without_its_units(tmp_path, plain, is_known):
    """Hooks do not run in compiled code: connections and parameters are recorded, and one sentence says so."""
    model = three_layers()
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


def test_a_parametrised_weight__has_no_connections(tmp_path):
    """Where the weight is computed from others, units and parameters are recorded and a message says the rest."""
    model = three_layers()
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


def test_copies_of_a_watched_network__have_no_hooks(tmp_path):
    """A deep copy loses the hooks at its first call, a saved network never reaches the recorder."""
    model = three_layers()
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


@contextmanager
def tracing_allowed():
    """Torch advises against tracing, by a DeprecationWarning, from 2.14 on by a FutureWarning; users still trace."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.trace(_method)?` is (deprecated|not supported)")
        yield


def test_tracing__does_not_record_the_recorder(tmp_path):
    """A network that is traced while it is watched holds no operation of ours."""
    model = three_layers()
    kinds = []

    def step(mapper):
        with tracing_allowed():
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
