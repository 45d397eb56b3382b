"""What the reader makes of whole, broken and hostile gradient records."""

import numpy as np
import pytest

import tb_neuromapper
from tb_neuromapper.schema import RecordError
from tests.logs import COLUMNS, LogWriter, flip_bit, linear_layers, write_gradient_run, write_run


def opened(folder, cache):
    """The run from Python."""
    return tb_neuromapper.open_run(folder, cache=cache)


@pytest.fixture
def writer(tmp_path):
    """A writer of the run at tmp_path / "a", closed at the end."""
    found = LogWriter(tmp_path / "a")
    yield found
    found.close()


@pytest.fixture
def open_it(tmp_path, cache_folder):
    """A function that opens the writer's run from Python."""
    return lambda: opened(tmp_path / "a", cache_folder)


@pytest.mark.parametrize("payload", ["file", "event"])
def test_gradient_flow__gives_what_was_logged(tmp_path, cache_folder, payload):
    """Layers, units, connections and statistics are those of the log, from either payload, without a probe."""
    write_gradient_run(tmp_path / "a", payload=payload)
    run = opened(tmp_path / "a", cache_folder)
    assert run.steps("gradients") == run.steps("parameters") == [0, 50, 100]
    assert run.problems == []
    flow = run.gradient_flow(50)
    assert (flow.step, flow.epoch, flow.problems) == (50, None, [])
    assert [(layer.name, layer.n_units, layer.sources) for layer in flow.layers] == [
        ("fc1", 6, [""]),
        ("fc2", 3, ["fc1"]),
    ]
    second = flow.layers[1]
    assert second.edges.tolist() == [[index % 6, index // 6] for index in range(18)]
    assert len(second.edge_gradient) == len(second.edge_weight) == second.n_connections == 18
    values = np.random.default_rng(50).normal(size=(3, 9)).astype(np.float32)
    np.testing.assert_array_equal(second.unit_gradient, np.abs(values[0, 6:]) * np.float32(1e-3))
    assert np.isnan(second.unit_saturated).all()
    assert set(second.parameters) == {"fc2.weight", "fc2.bias"}
    assert list(second.parameters["fc2.weight"]) == COLUMNS
    assert second.update_ratio == pytest.approx(second.parameters["fc2.weight"]["update_ratio"])


def test_gradient_flow__stands_beside_a_probe(writer, open_it):
    """Records of the probe's samples and of training steps do not hide each other."""
    writer.probe()
    writer.epoch(0)
    writer.gradients(7, epoch=0)
    run = open_it()
    assert run.steps("activations") == [0]
    assert run.gradient_flow(7).epoch == 0
    assert np.isnan(run.gradient_flow(7).layers[0].update_ratio)
    assert run.problems == []


@pytest.mark.parametrize("payload", ["file", "event"])
def test_gradient_flow__without_connections_is_whole(tmp_path, cache_folder, payload):
    """A step without a backward pass, or of frozen weights, has arrays of connections without rows."""
    writer = LogWriter(tmp_path / "a", payload=payload)
    writer.gradients(5, [{**layer, "n_edges": 0} for layer in linear_layers()])
    writer.close()
    flow = opened(tmp_path / "a", cache_folder).gradient_flow(5)
    assert flow.problems == []
    assert [layer.edges.shape for layer in flow.layers] == [(0, 2), (0, 2)]


def test_gradient_flow__takes_the_newest_of_a_repeated_step(writer, open_it):
    """A resumed run logs a step twice; the newer record counts."""
    writer.gradients(5, file="old.safetensors")
    writer.gradients(5, linear_layers((2, 2)), file="new.safetensors")
    assert [layer.n_units for layer in open_it().gradient_flow(5).layers] == [2]


def test_gradient_flow__shows_the_statistics_of_shared_weights(writer, open_it):
    """A layer that shares its weight has the statistics of the layer that owns it."""
    first, second = linear_layers((4, 6, 3))
    writer.gradients(0, [first, {**second, "shares": "fc1"}])
    writer.parameters(0, ["fc1.weight"])
    flow = open_it().gradient_flow(0)
    assert set(flow.layers[1].parameters) == {"fc1.weight"}
    assert flow.layers[1].update_ratio == flow.layers[0].update_ratio


ONE = np.ones(9, np.float32)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"gradients/layers": None}, "no usable tensor 'gradients/layers'"),
        ({"gradients/layers": ONE}, "no usable tensor 'gradients/layers'"),
        ({f"gradients/unit_{name}": None for name in ("activation", "zeros", "saturated", "gradient", "signed")}, "no"),
    ],
)
def test_a_record__without_layers_or_units_is_left_out(writer, open_it, tensors, words):
    """Nothing can be shown of it; the other steps go on and the fault is reported."""
    writer.gradients(0)
    writer.gradients(1, tensors=tensors)
    run = open_it()
    assert run.steps("gradients") == [0]
    assert len(run.problems) == 1
    assert run.problems[0].startswith("step 1 of gradients: it has no usable")
    assert words in run.problems[0]


@pytest.mark.parametrize("bad", [np.ones(8, np.float32), np.ones((9, 1), np.float32), np.ones(9, np.float64)])
def test_a_bad_unit_array__is_unknown(writer, open_it, bad):
    """An array of another length, rank or dtype is NaN for all units; the others stay."""
    writer.gradients(0, tensors={"gradients/unit_zeros": bad})
    run = open_it()
    layer = run.gradient_flow(0).layers[0]
    assert np.isnan(layer.unit_zeros).all()
    assert np.isfinite(layer.unit_gradient).all()
    assert "unit_zeros" in run.problems[0]


@pytest.mark.parametrize(
    "bad",
    [
        {"gradients/edges": np.zeros((42, 3), np.int32)},
        {"gradients/edges": np.zeros((42, 2), np.int64)},
        {"gradients/edge_weight": np.zeros(41, np.float32)},
        {"gradients/edge_gradient": None},
    ],
)
def test_bad_edges__are_none(writer, open_it, bad):
    """Connections whose arrays do not fit one another are left out with a sentence; the units stay."""
    writer.gradients(0, tensors=bad)
    run = open_it()
    layers = run.gradient_flow(0).layers
    assert [len(layer.edges) for layer in layers] == [0, 0]
    assert [layer.n_connections for layer in layers] == [24, 18]
    assert np.isfinite(layers[0].unit_gradient).all()
    assert len(run.problems) == 1
    assert "connections" in run.problems[0]


def test_edges__that_the_table_does_not_account_for_are_none(writer, open_it):
    """More edges than the layers have, or an edge to a unit that is not there, hide the edges they concern."""
    layers = linear_layers()
    writer.gradients(0, [layers[0], {**layers[1], "n_edges": 17}], tensors={"gradients/edges": np.zeros((42, 2), "i4")})
    edges = np.zeros((42, 2), np.int32)
    edges[0] = 4, 0
    writer.gradients(1, tensors={"gradients/edges": edges})
    writer.gradients(2, tensors={"gradients/edges": -edges})
    run = open_it()
    for step, shown in ((1, [0, 18]), (2, [0, 18])):
        flow = run.gradient_flow(step)
        assert [len(layer.edges) for layer in flow.layers] == shown
        assert "'fc1' name units that it does not have" in flow.problems[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_units": 7}, "10 units together; its arrays hold 9"),
        ({"n_units": -1}, "has n_units -1"),
        ({"n_units": 2**50}, "has n_units"),
        ({"n_units": True}, "has n_units True"),
        ({"n_inputs": "4"}, "has n_inputs '4'"),
        ({"inputs_per_source": 0}, "has inputs_per_source 0"),
        ({"kind": "pooling"}, "of kind 'pooling'"),
        ({"name": None}, "each must be a text"),
        ({"sources": "fc0"}, "not a list of names"),
        ({"shares": 3}, "texts or null"),
    ],
)
def test_a_false_table__is_refused_in_words(writer, open_it, change, words):
    """The table of the layers is checked field by field when it is read."""
    first, second = linear_layers()
    writer.gradients(0, tensors={"gradients/layers": [{**first, **change}, second]})
    with pytest.raises(RecordError, match=words):
        open_it().gradient_flow(0)


def test_a_table_of_anything__is_refused_in_words(writer, open_it):
    """A table that holds numbers instead of layers is refused."""
    writer.gradients(0, tensors={"gradients/layers": [1, 2]})
    with pytest.raises(RecordError, match="each must be a text"):
        open_it().gradient_flow(0)


@pytest.mark.parametrize(
    ("tensors", "attributes", "words"),
    [
        ({"parameters/rows": ONE}, {}, "no usable tensor 'parameters/rows'"),
        ({"parameters/statistics": ONE}, {}, "no usable tensor 'parameters/statistics'"),
        ({}, {"columns": ["weight_norm"]}, "names 1 columns"),
        ({}, {"columns": 7}, "columns have no names"),
    ],
)
def test_bad_parameters__are_left_out(writer, open_it, tensors, attributes, words):
    """Without its table, statistics or columns the record is left out; the gradients of the step stay."""
    writer.gradients(0)
    writer.parameters(0, tensors=tensors, attributes=attributes)
    run = open_it()
    assert run.steps("parameters") == []
    assert words in run.problems[0]
    assert run.gradient_flow(0).layers[0].parameters == {}


def test_parameters__of_the_wrong_number_are_told(writer, open_it):
    """More rows than statistics: the flow is shown without them, with a sentence."""
    writer.gradients(0)
    writer.parameters(0, tensors={"parameters/rows": [{"name": "fc1.weight", "layer": "fc1"}]})
    flow = open_it().gradient_flow(0)
    assert flow.layers[0].parameters == {}
    assert flow.problems == ["parameters: it describes 1 parameters; its statistics have 4 rows."]


def test_a_damaged_file__is_refused_by_its_checksum(writer, open_it):
    """A flipped bit in the units' arrays, the last in the file, is found."""
    path = writer.gradients(0)
    flip_bit(path, -3)
    with pytest.raises(RecordError, match="checksum"):
        open_it().gradient_flow(0)


def test_runs__of_gradients_alone_are_runs(tmp_path, open_viewer):
    """The page lists a run without a probe, with no blocks and no problem."""
    write_gradient_run(tmp_path / "a")
    write_run(tmp_path / "b")
    runs = open_viewer(tmp_path).json("runs")["runs"]
    assert [(run["name"], run["blocks"], run["n_samples"], run["problems"]) for run in runs] == [
        ("a", [], 0, []),
        ("b", ["layer1", "output"], 60, []),
    ]


def test_gradient_flow__says_what_there_is(tmp_path, cache_folder):
    """A step that was not recorded is answered with the recorded ones."""
    write_gradient_run(tmp_path / "a")
    with pytest.raises(ValueError, match=r"no step 3 of gradients; there are \[0, 50, 100\]"):
        opened(tmp_path / "a", cache_folder).gradient_flow(3)
