"""When gradient flow is recorded, what that leaves behind, and what happens when it cannot be."""

from __future__ import annotations

import copy
import gc
import threading
import warnings
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks
from torch.utils.data import DataLoader, TensorDataset

from tb_neuromapper import open_run
from tb_neuromapper.recording import writer as writer_module
from tb_neuromapper.training.callback import NeuroMapper
from tb_neuromapper.training.gradients import edges as gradients_edges
from tb_neuromapper.training.gradients import statistics as gradients_figures
from tests.processes import free_port, start_python
from tests.training.flows import layers_of, record, sgd_step
from tests.training.networks import ConvNet, images
from tests.training.reading import accumulate, read_records, scalars

GENERATOR = torch.Generator().manual_seed(0)
X, Y = torch.randn(8, 4, generator=GENERATOR), torch.randint(0, 3, (8,), generator=GENERATOR)
PROBE = torch.zeros(2, 4)


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 3))


def n_hooks(model):
    modules = [hook for module in model.modules() for hook in module._forward_hooks]
    parameters = [hook for parameter in model.parameters() for hook in parameter._post_accumulate_grad_hooks or ()]
    return len(modules) + len(parameters) + len(_global_optimizer_pre_hooks) + len(_global_optimizer_post_hooks)


def test_step__records_the_first_and_every_nth(tmp_path):
    """With gradient_every=4 the calls 0, 4 and 8 are recorded; hooks stand during those iterations only."""
    model, hooked = mlp(), []
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=4) as mapper:
        for _ in range(10):
            hooked.append(n_hooks(model) > 0)
            step(mapper)
    assert hooked == [True, False, False, False] * 2 + [True, False]
    assert n_hooks(model) == 0
    run = open_run(tmp_path)
    assert run.steps("gradients") == run.steps("parameters") == [0, 4, 8]
    files = list((tmp_path / "plugins/neuromapper").glob("*.safetensors"))
    assert len(files) == 3
    assert len(list(tmp_path.glob("*tfevents*"))) == 1


@pytest.mark.parametrize(("every", "n_steps", "expected"), [(1, 3, [0, 1, 2]), (2, 5, [0, 2, 4]), (0, 3, [])])
def test_gradient_every__sets_the_distance(tmp_path, every, n_steps, expected):
    """1 records each step, 0 none, without a hook or a file."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=every) as mapper:
        assert (n_hooks(model) > 0) == (every > 0)
        for _ in range(n_steps):
            step(mapper)
        mapper.flush()
    assert list(read_records(tmp_path, "gradients")) == expected if expected else not list(tmp_path.glob("*tfevents*"))


def test_payload__may_be_the_event(tmp_path):
    """With payload="event" the records are whole, without files beside."""
    model = mlp()
    run = record(tmp_path, model, sgd_step(model, X, Y), payload="event")
    assert not list((tmp_path / "plugins/neuromapper").glob("*.safetensors"))
    assert len(run.gradient_flow(0).layers[0].edges) == 24
    assert run.problems == []


def test_axes__can_be_mapped_to_one_another(tmp_path):
    """Epochs know how many steps came before them, steps the last epoch; the loss is a scalar of recorded steps."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    losses = []
    with NeuroMapper(model, tmp_path, probe=(X, Y), gradient_every=2) as mapper:
        for epoch in range(2):
            mapper.log_epoch(epoch)
            for _ in range(3):
                loss = F.cross_entropy(model(X), Y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                mapper.step(loss=loss)
                losses.append(loss.item())
    for kind in ("activations", "outcomes"):
        records = read_records(tmp_path, kind)
        assert {step: found.attributes["train_step"] for step, (found, _) in records.items()} == {0: 0, 1: 3}
    for kind in ("gradients", "parameters"):
        records = read_records(tmp_path, kind)
        assert {step: found.attributes["epoch"] for step, (found, _) in records.items()} == {0: 0, 2: 0, 4: 1}
        assert all(found.sample_set == "" and "content" not in found.attributes for found, _ in records.values())
    assert scalars(tmp_path, "train/loss") == pytest.approx({step: losses[step] for step in (0, 2, 4)})


@pytest.mark.parametrize("loss", [1, 0.5, np.float32(2), torch.tensor([3.0])])
def test_loss__may_be_any_number(tmp_path, loss):
    """A number of Python's or numpy's, or a tensor with one value."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE) as mapper:
        step(Named(mapper, loss=loss))
    assert scalars(tmp_path, "train/loss") == {0: float(loss)}


class Named:
    """A mapper whose next step has the given arguments."""

    def __init__(self, mapper, **arguments):
        self.step = lambda: mapper.step(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"step": -1}, "step is -1; only an integer of 0 or more"),
        ({"step": 1.5}, "step is 1.5"),
        ({"step": True}, "step is True"),
        ({"step": 2**53}, "below 2 \\*\\* 53"),
        ({"loss": "low"}, "loss is a str; give a number"),
        ({"loss": torch.ones(2)}, r"loss is a tensor of shape \(2,\)"),
    ],
)
def test_step__refuses_wrong_arguments(tmp_path, arguments, words):
    """A wrong argument is an error in words; the step can be repeated with a right one."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE) as mapper:
        with pytest.raises(ValueError, match=words):
            step(Named(mapper, **arguments))
        step(mapper)
    assert list(read_records(tmp_path, "gradients")) == [0]


def test_step__may_be_numbered(tmp_path):
    """Numbers of the caller's become the records' steps, for a run that resumes."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=(X, Y), gradient_every=2) as mapper:
        for number in (1000, 1001, 1002):
            step(Named(mapper, step=number))
        mapper.log_epoch(7)
    assert list(read_records(tmp_path, "gradients")) == [1000, 1002]
    assert read_records(tmp_path, "activations")[7][0].attributes["train_step"] == 1003


def test_a_step_logged_twice__is_told_and_leaves_later_numbers_alone(tmp_path):
    """The newer record of the step is shown, and says so; one that goes back counts on, until the numbers catch up."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(Named(mapper, step=0))
        step(Named(mapper, step=1))
        with pytest.warns(UserWarning, match=r"step\(step=1\) was given twice; .* the newer one is shown"):
            step(Named(mapper, step=1))
        step(Named(mapper, step=0))
        step(Named(mapper, step=5))
        step(mapper)
    run = open_run(tmp_path)
    assert run.steps("gradients") == run.steps("parameters") == [0, 1, 2, 5, 6]
    problems = {number: run.gradient_flow(number).problems for number in run.steps("gradients")}
    assert problems.pop(1) == ["step 1 was recorded before; this record takes the place of that one."]
    assert not any(problems.values())
    assert run.problems == []


def test_steps_that_begin_again_with_every_epoch__are_counted_on(tmp_path):
    """A loop that gives the number of the batch loses no record; one warning says how they are numbered."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        for number in (0, 1, 2):
            step(Named(mapper, step=number))
        with pytest.warns(UserWarning, match=r"step\(step=0\) came after step 2 and is counted on as step 3"):
            step(Named(mapper, step=0))
        for number in (1, 2, 0, 1, 2):
            step(Named(mapper, step=number))
    assert open_run(tmp_path).steps("gradients") == list(range(9))


def train(model, mapper_of, *, autocast):
    """Three epochs on a shuffling loader; weights, buffers, optimizer and random state at the end."""
    torch.manual_seed(1)
    model = copy.deepcopy(model)
    loader = DataLoader(TensorDataset(*images(40)), batch_size=8, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    scaler = torch.amp.GradScaler("cpu", enabled=autocast, growth_interval=4)
    with mapper_of(model) as mapper:
        for epoch in range(3):
            for x, y in loader:
                with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                    loss = F.cross_entropy(model(x).float(), y)
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                scaler.step(optimizer)
                scaler.update()
                if mapper is not None:
                    mapper.step(loss=loss)
            if mapper is not None:
                mapper.log_epoch(epoch)
    state = {f"adam{i}": s["exp_avg"] for i, s in optimizer.state_dict()["state"].items()}
    return {**model.state_dict(), **state, "random": torch.get_rng_state()}


class NoMapper:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("every", [1, 3])
def test_training__is_bit_identical_with_recording(tmp_path, autocast, every):
    """Dropout, batch norm, in-place modules, clipping, a shuffling loader, mixed precision: the same bits."""
    torch.manual_seed(0)
    model, probe = ConvNet(), images(12, seed=5)
    bare = train(model, lambda _: NoMapper(), autocast=autocast)
    watched = train(model, lambda m: NeuroMapper(m, tmp_path, probe=probe, gradient_every=every), autocast=autocast)
    assert bare.keys() == watched.keys()
    assert all(torch.equal(bare[name], watched[name]) for name in bare)
    assert len(read_records(tmp_path, "gradients")) == len(range(0, 15, every))


def test_a_probe_pass__is_the_same_while_a_step_is_followed(tmp_path):
    """Hooks are taken away meanwhile, as transformer layers compute otherwise when hooks are on them."""
    found = []
    for every in (0, 1):
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        model = nn.Sequential(nn.Linear(4, 8), nn.TransformerEncoder(layer, 2), nn.Flatten(), nn.Linear(24, 3))
        probe = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(1))
        run_dir = tmp_path / str(every)
        with NeuroMapper(model, run_dir, probe=probe, gradient_every=every, blocks=["3"], dtype="float32") as mapper:
            mapper.log_epoch(0)
        found.append(read_records(run_dir, "activations")[0][1])
    np.testing.assert_array_equal(found[0]["activations/3"], found[1]["activations/3"])


def test_memory__is_freed_after_the_recorded_step(tmp_path):
    """No activation, gradient or copy of a weight outlives the step that was recorded."""

    def n_tensors():
        gc.collect()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())

    model = ConvNet()
    x, y = images()
    step = sgd_step(model, x, y)
    with NeuroMapper(model, tmp_path, probe=x, gradient_every=2) as mapper:
        step(mapper)
        mapper.flush()
        model.zero_grad()
        before = n_tensors()
        for _ in range(2):
            step(mapper)
        mapper.flush()
        model.zero_grad()
        assert n_tensors() <= before


def test_a_lost_mapper__leaves_no_hooks(tmp_path):
    """A mapper that is dropped instead of closed takes its hooks away."""
    model = mlp()
    mapper = NeuroMapper(model, tmp_path, probe=PROBE)
    assert n_hooks(model) > 0
    lost = weakref.ref(mapper)
    del mapper
    gc.collect()
    assert lost() is None
    assert n_hooks(model) == 0


def test_no_backward__is_told(tmp_path):
    """Without a backward pass the record holds activations and says what is missing; the next one is whole."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        model(X)
        with pytest.warns(RuntimeWarning, match=r"at step 0: no gradient came; call backward\(\) between"):
            mapper.step()
        step(mapper)
    run = open_run(tmp_path)
    flow = run.gradient_flow(0)
    assert "no gradient came" in flow.problems[0]
    assert np.isfinite(flow.layers[0].unit_activation).all()
    assert np.isnan(flow.layers[0].unit_gradient).all()
    assert run.gradient_flow(1).problems == []


def test_nothing_at_all__is_told_and_not_recorded(tmp_path):
    """Steps without any training leave one warning and an empty run."""
    with NeuroMapper(mlp(), tmp_path, probe=PROBE, gradient_every=2) as mapper:
        with pytest.warns(RuntimeWarning, match="neither a forward nor a backward pass"):
            mapper.step()
        for _ in range(10):
            mapper.step()
    assert not list(tmp_path.glob("*tfevents*"))


def test_parameters_without_gradients__are_unknown(tmp_path):
    """A part that the loss does not reach has NaN, which is not 0; it comes last, with no call."""
    model = mlp()
    model.spare = nn.Linear(6, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)

    def step(mapper):
        F.cross_entropy(nn.Sequential.forward(nn.Sequential(*list(model)[:3]), X), Y).backward()
        optimizer.step()
        mapper.step()

    flow = record(tmp_path, model, step).gradient_flow(0)
    assert [(layer.name, layer.calls) for layer in flow.layers] == [("0", 1), ("2", 1), ("spare", 0)]
    spare = flow.layers[2]
    row = spare.parameters["spare.weight"]
    assert np.isnan([row["gradient_norm"], row["gradient_mean"], row["update_norm"], row["n_nonfinite_gradient"]]).all()
    assert row["weight_norm"] > 0
    assert np.isnan(spare.unit_gradient).all()
    assert len(spare.edges) == 0


def test_nan_gradients__are_counted_and_the_rest_stays(tmp_path):
    """Gradients that are not finite are counted per parameter and per unit; other layers keep their figures."""
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(mapper):
        hidden = model[:2](X)
        hidden.register_hook(lambda g: g * torch.tensor([float("nan")] + [1.0] * 5))
        F.cross_entropy(model[2](hidden), Y).backward()
        optimizer.step()
        mapper.step()

    run = record(tmp_path, model, step)
    flow = run.gradient_flow(0)
    first, second = flow.layers
    assert first.parameters["0.weight"]["n_nonfinite_gradient"] == 4
    assert first.parameters["0.bias"]["n_nonfinite_gradient"] == 1
    assert np.isnan(first.parameters["0.weight"]["gradient_norm"])
    assert second.parameters["2.weight"]["n_nonfinite_gradient"] == 0
    assert second.parameters["2.weight"]["gradient_norm"] > 0
    assert np.isfinite(second.unit_gradient).all()
    assert np.isfinite(first.edge_gradient[first.edges[:, 1] > 0]).all()
    assert flow.problems == [
        "2 of 4 parameters have weights that are not finite, first '0.weight'.",
        "2 of 4 parameters have gradients that are not finite, first '0.weight'.",
    ]


def test_infinite_activations__are_counted_per_unit(tmp_path):
    """A unit whose values overflow is unknown and counted; the other units of the layer stay."""
    model = mlp()
    with torch.no_grad():
        model[0].bias[2] = float("inf")
    flow = record(tmp_path, model, sgd_step(model, X, Y)).gradient_flow(0)
    first = flow.layers[0]
    assert np.isnan(first.unit_activation).tolist() == [False, False, True, False, False, False]
    assert first.n_nonfinite_activation == 1
    assert first.n_nonfinite_gradient == 6
    assert flow.layers[1].n_nonfinite_activation == 3


def test_a_model_whose_layers_change__is_followed_and_told(tmp_path):
    """Layers that come or go between steps are in the records, with a sentence."""
    model = mlp()

    def step(mapper):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        mapper.step()

    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=2) as mapper:
        step(mapper)
        model[2] = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
        for _ in range(2):
            step(mapper)
        # In the middle of a step that is followed: what came is seen as far as it goes.
        step(mapper)
        model[2] = nn.Linear(6, 3)
        step(mapper)
        assert sum(len(module._forward_hooks) for module in model.modules()) == 0
    run = open_run(tmp_path)
    assert [layer.name for layer in run.gradient_flow(0).layers] == ["0", "2"]
    flow = run.gradient_flow(2)
    assert [layer.name for layer in flow.layers] == ["0", "2.0", "2.2"]
    assert flow.problems == ["the network's layers have changed since step 0: there came '2.0', '2.2' and went '2'."]
    assert run.steps("gradients") == [0, 2, 4]
    last = run.gradient_flow(4)
    assert [(layer.name, layer.calls) for layer in last.layers] == [("0", 1), ("2", 0)]
    assert last.problems[-1] == "layers changed while this step was followed; those that came are unknown at it."
    assert run.problems == []


def plain_step(model):
    """A step of training whose optimizer knows the layers of the moment."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    optimizer.zero_grad()
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()


def test_a_layer_of_another_size__is_told(tmp_path):
    """Names alone do not tell a widened layer, nor one that was replaced by its like."""
    model = mlp()
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=2) as mapper:
        for step in range(5):
            plain_step(model)
            mapper.step()
            if step == 0:
                model[0], model[2] = nn.Linear(4, 9), nn.Linear(9, 3)
            if step == 2:
                model[2] = nn.Linear(9, 3)
    run = open_run(tmp_path)
    changed = "the network's layers have changed since step"
    sizes = "'0' has 9 units and 4 inputs, which were 6 and 4; '2' has 3 units and 9 inputs, which were 3 and 6"
    assert run.gradient_flow(2).problems == [f"{changed} 0: {sizes}."]
    assert run.gradient_flow(4).problems == [f"{changed} 2: '2' is another module of the same size."]


def test_a_step_in_which_all_layers_are_replaced__is_missing_and_told(tmp_path):
    """The next record says so; nobody is told to call step() elsewhere."""
    model = mlp()
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        for step in range(3):
            if step == 1:
                model[0], model[2] = nn.Linear(4, 9), nn.Linear(9, 3)
            plain_step(model)
            mapper.step()
    run = open_run(tmp_path)
    assert run.steps("gradients") == [0, 2]
    problems = run.gradient_flow(2).problems
    assert problems[1] == "1 recorded step before this one is missing, as all layers were replaced while followed."
    assert [layer.n_units for layer in run.gradient_flow(2).layers] == [9, 3]


def test_a_layer_added_to_a_followed_step__is_in_its_table(tmp_path):
    """What it did in that step is unknown; the others are recorded."""
    model = mlp()
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        for step in range(2):
            if step == 1:
                model.append(nn.Linear(3, 3))
            plain_step(model)
            mapper.step()
    flow = open_run(tmp_path).gradient_flow(1)
    assert [(layer.name, layer.calls, len(layer.edges)) for layer in flow.layers] == [
        ("0", 1, 24),
        ("2", 1, 18),
        ("3", 0, 0),
    ]
    assert flow.problems == [
        "the network's layers have changed since step 0: there came '3'.",
        "layers changed while this step was followed; those that came are unknown at it.",
    ]


def test_an_error_inside__ends_recording_and_not_training(tmp_path, monkeypatch):
    """Whatever fails while recording is one warning; hooks go, training goes on, earlier records stay."""
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(mapper)

        def fail(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(gradients_edges, "signed_mean", fail)
        with pytest.warns(RuntimeWarning, match=r"stopped recording .* at step 1: RuntimeError: out of memory\. Train"):
            step(mapper)
        for _ in range(3):
            step(mapper)
        assert n_hooks(model) == 0
        mapper.flush()
    assert list(read_records(tmp_path, "gradients")) == [0]


def test_an_error_in_the_writing_thread__is_told_by_the_next_step(tmp_path, monkeypatch):
    """A failure while the record is put together does not reach the loop either."""
    model = mlp()
    step = sgd_step(model, X, Y)
    monkeypatch.setattr(gradients_figures, "quartiles", lambda _: 1 / 0)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(mapper)
        mapper.flush()
        with pytest.warns(RuntimeWarning, match="stopped recording gradient flow at step 0: ZeroDivisionError"):
            step(mapper)
        step(mapper)
        assert n_hooks(model) == 0
    assert read_records(tmp_path, "gradients") == {}


def test_an_error_at_the_last_step__is_told_by_close(tmp_path, monkeypatch):
    """No step comes after it."""
    model = mlp()
    step = sgd_step(model, X, Y)
    monkeypatch.setattr(gradients_figures, "quartiles", lambda _: 1 / 0)
    mapper = NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1)
    step(mapper)
    with pytest.warns(RuntimeWarning, match="at step 0: ZeroDivisionError") as caught:
        mapper.close()
    assert [warning.filename for warning in caught] == [__file__]


def repeat(step, mapper, n):
    for _ in range(n):
        step(mapper)


def test_a_slow_disk__neither_stalls_training_nor_loses_silently(tmp_path, monkeypatch):
    """While too many bytes wait, steps are left out with one warning; the next record says how many."""
    is_free = threading.Event()
    real = writer_module.write_whole

    def write(path, data):
        assert is_free.wait(60)
        real(path, data)

    monkeypatch.setattr(writer_module, "write_whole", write)
    monkeypatch.setattr(writer_module, "_MAX_WAITING_BYTES", 200_000)
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1) as mapper:
        step(mapper)
        with pytest.warns(RuntimeWarning, match="faster than it can be written") as caught:
            repeat(step, mapper, 30)
        is_free.set()
        mapper.flush()
        step(mapper)
    assert len(caught) == 1
    run = open_run(tmp_path)
    steps = run.steps("gradients")
    assert steps == [*range(len(steps) - 1), 31]
    assert 2 <= len(steps) < 20
    lost = f"{32 - len(steps)} recorded steps before this one could not be written"
    assert lost in run.gradient_flow(31).problems[0]


def test_the_probe__is_written_with_its_epoch(tmp_path, monkeypatch):
    """A step's records that are queued before the first epoch do not take its probe record along."""
    is_free = threading.Event()
    real = writer_module.write_whole

    def write(path, data):
        assert is_free.wait(60)
        real(path, data)

    monkeypatch.setattr(writer_module, "write_whole", write)
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=(X, Y), gradient_every=1) as mapper:
        for _ in range(3):
            step(mapper)
        mapper.log_epoch(0)
        is_free.set()
    run = open_run(tmp_path)
    assert run.problems == []
    assert run.steps("activations") == [0]
    assert run.steps("gradients") == [0, 1, 2]
    assert run.labels.tolist() == Y.tolist()


def test_recorded_steps__do_not_take_the_epochs_room(tmp_path, monkeypatch):
    """Epochs wait for epochs only: with a queue of one, log_epoch does not block behind waiting steps."""
    is_free = threading.Event()
    real = writer_module.write_whole

    def write(path, data):
        assert is_free.wait(60)
        real(path, data)

    monkeypatch.setattr(writer_module, "write_whole", write)
    model = mlp()
    step = sgd_step(model, X, Y)
    with NeuroMapper(model, tmp_path, probe=PROBE, gradient_every=1, queue_size=1) as mapper:
        for _ in range(5):
            step(mapper)
        mapper.log_epoch(0)
        is_free.set()
    assert list(read_records(tmp_path, "activations")) == [0]
    assert len(read_records(tmp_path, "gradients")) == 5


RANK = """
import sys, torch, torch.nn.functional as F
from torch import distributed, nn
from tb_neuromapper.training.callback import NeuroMapper
rank, port, run = int(sys.argv[1]), sys.argv[2], sys.argv[3]
distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)))
x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
with NeuroMapper(model, run, probe=x, gradient_every=2) as mapper:
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x[rank::2]), y[rank::2]).backward()
        optimizer.step()
        mapper.step()
    print(sum(len(module._forward_hooks) for module in model.modules()))
del model, optimizer, mapper
distributed.barrier()  # Who leaves while another still talks is torn down by the backend's own threads.
distributed.destroy_process_group()
"""


def test_distributed__rank_0_records_its_share(tmp_path):
    """Rank 0 alone records, under the network's own names; the optimizer saw the average over the ranks."""
    port = free_port()
    ranks = [start_python(RANK, rank, port, tmp_path) for rank in range(2)]
    texts = [rank.communicate(timeout=150) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], texts
    assert [text[0] for text in texts] == ["0\n", "0\n"]
    run = open_run(tmp_path)
    assert run.steps("gradients") == [0, 2]
    flow = run.gradient_flow(0)
    assert flow.problems == []
    assert [layer.name for layer in flow.layers] == ["0", "2"]
    row = flow.layers[0].parameters["0.weight"]
    assert row["gradient_norm"] > 0
    assert row["clipped_norm"] > 0
    assert row["clipped_norm"] != pytest.approx(row["gradient_norm"], rel=1e-3)


def test_a_real_training__shows_a_network_that_learns(tmp_path):
    """On the digits, gradient norms fall as the loss does, and update ratios are near what the learning rate makes."""
    digits = load_digits()
    x, y = torch.tensor(digits.data / 16).float(), torch.tensor(digits.target)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    with NeuroMapper(model, tmp_path, probe=(x[:50], y[:50]), gradient_every=50) as mapper:
        for _ in range(5):
            for rows in torch.randperm(len(x)).split(64):
                loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                mapper.step(loss=loss)
    run = open_run(tmp_path)
    assert run.steps("gradients") == [0, 50, 100]
    losses = scalars(tmp_path, "train/loss")
    assert losses[100] < 0.5 < losses[0]
    layers = [layers_of(run.gradient_flow(step)) for step in (0, 100)]
    assert all(1e-5 < layer.update_ratio < 0.1 for found in layers for layer in found.values())
    dead = layers[1]["0"].unit_zeros == 1
    assert dead.sum() < 8
    assert (layers[1]["0"].unit_gradient[dead] > 0).all()  # Behind a dead ReLU there is still dL/da.
    assert "neuromapper/gradients" in accumulate(tmp_path).Tags()["tensors"]
