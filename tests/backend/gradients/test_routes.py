"""The gradients screen's answers over HTTP, against what open_run reads of the same log."""

import math

import numpy as np
import pytest

import tb_neuromapper
from tb_neuromapper.backend.gradients.view import HISTORY, QUANTILES
from tests.logs import LogWriter, flip_bit, linear_layers, write_gradient_run


@pytest.fixture
def viewer(tmp_path, open_viewer):
    """A viewer of the run "a" with gradients at the steps 0, 50 and 100 and no probe."""
    write_gradient_run(tmp_path / "a")
    return open_viewer(tmp_path)


@pytest.fixture
def run(viewer, tmp_path, cache_folder):
    """The same run from Python."""
    return tb_neuromapper.open_run(tmp_path / "a", cache=cache_folder)


def test_gradients__lists_steps_layers_and_scales(viewer, run):
    """Steps, the newest table of the layers, and for each colour scale two powers of ten around almost all values."""
    answer = viewer.json("gradients", run="a")
    assert answer["steps"] == [0, 50, 100]
    assert answer["epochs"] == [None, None, None]
    assert len(set(answer["versions"])) == 3
    assert [layer["name"] for layer in answer["layers"]] == ["fc1", "fc2"]
    low, high = answer["scale"]["unit"]
    values = np.concatenate([layer.unit_gradient for step in (0, 50, 100) for layer in run.gradient_flow(step).layers])
    assert low <= np.percentile(values, 5) < np.percentile(values, 90) <= high
    assert all(math.log10(end) == pytest.approx(round(math.log10(end))) for end in (low, high))
    assert answer["problems"] == []


def test_runs__says_when_the_gradient_flow_grew(tmp_path, open_viewer):
    """The run's line counts the steps and has a version that changes with each of them; null without any."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    viewer = open_viewer(tmp_path)
    assert viewer.json("runs")["runs"][0]["gradients"] is None
    assert viewer.json("gradients", run="a")["steps"] == []
    versions = set()
    for step in (0, 1):
        writer.gradients(step, epoch=0)
        viewer.reload()
        described = viewer.json("runs")["runs"][0]["gradients"]
        assert described["n_steps"] == step + 1
        versions.add(described["version"])
    writer.close()
    assert len(versions) == 2
    assert viewer.json("gradients", run="a")["epochs"] == [0, 0]


def test_run__counts_the_training_steps_before_each_epoch(tmp_path, open_viewer):
    """`train_steps` stands beside `steps`; null where the log does not say."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    points = np.zeros((writer.n, 2), np.float16)
    writer.record("activations", 1, {"activations/layer1": points}, {"train_step": 70})
    writer.close()
    assert open_viewer(tmp_path).json("run", run="a")["train_steps"] == [None, 70]


@pytest.mark.parametrize("payload", ["file", "event"])
def test_flow__holds_one_step_as_logged(tmp_path, open_viewer, cache_folder, payload):
    """The arrays of all layers one after the other, and the table that takes them apart again."""
    write_gradient_run(tmp_path / "a", payload=payload)
    flow = tb_neuromapper.open_run(tmp_path / "a", cache=cache_folder).gradient_flow(50)
    arrays, header = open_viewer(tmp_path).frame("gradients/flow", run="a", step=50)
    assert header["step"] == 50
    start_unit = start_edge = 0
    for layer, row in zip(flow.layers, header["layers"], strict=True):
        assert (row["name"], row["sources"], row["kind"]) == (layer.name, layer.sources, layer.kind)
        units = slice(start_unit, start_unit + row["n_units"])
        edges = slice(start_edge, start_edge + row["n_edges"])
        np.testing.assert_array_equal(arrays["unit_gradient"][units], layer.unit_gradient)
        np.testing.assert_array_equal(arrays["edges"][edges], layer.edges)
        np.testing.assert_array_equal(arrays["edge_gradient"][edges], layer.edge_gradient)
        start_unit, start_edge = units.stop, edges.stop
    assert start_unit == len(arrays["unit_signed"])
    assert start_edge == len(arrays["edge_weight"])


def test_flow__may_be_cached_under_its_version_only(viewer):
    """A URL that names the step's version is immutable."""
    version = viewer.json("gradients", run="a")["versions"][1]
    named = viewer.get("gradients/flow", run="a", step=50, v=version)
    assert "immutable" in named.headers["Cache-Control"]
    assert "no-cache" in viewer.get("gradients/flow", run="a", step=50, v="other").headers["Cache-Control"]


def test_overview__matches_the_python_side(viewer, run):
    """Norm of the gradients of all of a layer's parameters, update ratio of its weights, share of dead units."""
    arrays, header = viewer.frame("gradients/overview", run="a")
    assert header["steps"] == [0, 50, 100]
    assert header["layers"] == ["fc1", "fc2"]
    assert header["complete"]
    assert header["stride"] == 1
    for column, step in enumerate(header["steps"]):
        for row, layer in enumerate(run.gradient_flow(step).layers):
            norms = [values["gradient_norm"] for values in layer.parameters.values()]
            assert arrays["gradient_norm"][row, column] == pytest.approx(math.hypot(*norms), rel=1e-5)
            assert arrays["update_ratio"][row, column] == pytest.approx(layer.update_ratio, rel=1e-5)
            assert arrays["dead"][row, column] == (layer.unit_zeros == 1).mean()
            assert arrays["activation"][row, column] == pytest.approx(layer.unit_activation.mean(), rel=1e-5)


def test_overview__goes_on_after_a_step(viewer):
    """A page that has the first steps asks for the newer ones only."""
    arrays, header = viewer.frame("gradients/overview", run="a", after=0)
    assert header["steps"] == [50, 100]
    assert arrays["dead"].shape == (2, 2)


def test_overview__reads_a_long_run_in_parts(tmp_path, open_viewer):
    """One answer reads a bounded number of new steps; asking on gives the rest."""
    write_gradient_run(tmp_path / "a", steps=range(300))
    viewer = open_viewer(tmp_path)
    answers = [viewer.frame("gradients/overview", run="a")[1]]
    while not answers[-1]["complete"]:
        answers.append(viewer.frame("gradients/overview", run="a", after=answers[-1]["steps"][-1])[1])
    assert [step for answer in answers for step in answer["steps"]] == list(range(300))
    assert len(answers) == 3


def test_overview__keeps_a_column_for_a_broken_step(tmp_path, open_viewer):
    """A damaged step is an empty column and a sentence; the others go on."""
    writer = LogWriter(tmp_path / "a")
    paths = [writer.gradients(step) for step in (0, 1, 2)]
    writer.close()
    flip_bit(paths[1], -9)
    viewer = open_viewer(tmp_path)
    _, header = viewer.frame("gradients/overview", run="a")
    assert header["steps"] == [0, 1, 2]
    (problem,) = viewer.json("gradients", run="a")["problems"][:1]
    assert "step 1" in problem
    assert "checksum" in problem


def test_overview__finds_layers_by_name_when_they_change(tmp_path, open_viewer):
    """A layer that an earlier step did not have is unknown there; the rows are those of the newest table."""
    writer = LogWriter(tmp_path / "a")
    writer.gradients(0, linear_layers((4, 6, 3)))
    writer.gradients(1, linear_layers((4, 5, 6, 3), names=["fc0", "fc1", "fc2"]))
    writer.close()
    arrays, header = open_viewer(tmp_path).frame("gradients/overview", run="a")
    assert header["layers"] == ["fc0", "fc1", "fc2"]
    assert np.isfinite(arrays["activation"]).tolist() == [[False, True], [True, True], [True, True]]


def test_unit__follows_one_neuron(viewer, run):
    """Activation, share of zeros, gradient and its signed mean at every step."""
    answer = viewer.json("gradients/unit", run="a", layer="fc2", unit=1)
    assert answer["steps"] == [0, 50, 100]
    for name, array in HISTORY.items():
        expected = [float(getattr(run.gradient_flow(step).layers[1], array)[1]) for step in answer["steps"]]
        assert answer[name] == pytest.approx(expected)


def test_unit__is_null_where_nothing_is_known(tmp_path, open_viewer):
    """NaN travels as null: JSON has no other word for it."""
    writer = LogWriter(tmp_path / "a")
    writer.gradients(0, tensors={"gradients/unit_gradient": np.full(9, np.nan, np.float32)})
    writer.close()
    answer = open_viewer(tmp_path).json("gradients/unit", run="a", layer="fc1", unit=0)
    assert answer["gradient"] == [None]
    assert answer["activation"][0] is not None


def test_distributions__are_those_of_the_largest_weight(viewer, run):
    """Quantiles of the weights and of their gradients at each step; another parameter can be named."""
    answer = viewer.json("gradients/distributions", run="a", layer="fc1")
    assert answer["parameter"] == "fc1.weight"
    assert answer["parameters"] == ["fc1.weight", "fc1.bias"]
    for of in ("weight", "gradient"):
        for name in QUANTILES:
            expected = [
                run.gradient_flow(step).layers[0].parameters["fc1.weight"][f"{of}_{name}"] for step in answer["steps"]
            ]
            assert answer[of][name] == pytest.approx(expected)
    bias = viewer.json("gradients/distributions", run="a", layer="fc1", parameter="fc1.bias")
    assert bias["weight"] != answer["weight"]


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("gradients", 400, "'run' is missing"),
        ("gradients?run=b", 404, "there is no run 'b'"),
        ("gradients/flow?run=a", 400, "'step' is missing"),
        ("gradients/flow?run=a&step=7", 404, "it has 0, 50, 100"),
        ("gradients/flow?run=a&step=-1", 400, "only an integer of 0 or more"),
        ("gradients/overview?run=a&after=x", 400, "only an integer of 0 or more"),
        ("gradients/unit?run=a&layer=fc9&unit=0", 404, "it has fc1, fc2"),
        ("gradients/unit?run=a&layer=fc1&unit=6", 404, "the units 0 to 5"),
        ("gradients/unit?run=a&layer=fc1", 400, "'unit' is missing"),
        ("gradients/distributions?run=a&layer=", 404, "it has fc1, fc2"),
        ("gradients/distributions?run=a&layer=fc1&parameter=w", 404, "it has fc1.weight, fc1.bias"),
    ],
)
def test_gradient_routes__answer_bad_input_in_words(viewer, path, code, words):
    """A wrong request gets a 4xx with a sentence."""
    response = viewer.get(path)
    assert response.status_code == code, response.text
    assert words in response.json["error"]


def test_flow__without_gradients_says_what_to_add(tmp_path, open_viewer):
    """A run that never called step() learns that it has to."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    writer.close()
    response = open_viewer(tmp_path).get("gradients/flow", run="a", step=0)
    assert response.status_code == 404
    assert "mapper.step()" in response.json["error"]
