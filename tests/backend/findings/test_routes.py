"""Facts about findings over HTTP and from Python, of logs that are written plainly."""

import json

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter

import tb_neuromapper
from tests.logs import LogWriter, linear_layers

NAMES = ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]


def write_dead(folder, n_dead=3):
    """Six records, in which the first units of the first layer are 0 throughout."""
    writer = LogWriter(folder)
    layers = linear_layers()
    n_units = sum(layer["n_units"] for layer in layers)
    for step in range(0, 60, 10):
        zeros = np.full(n_units, 0.5, np.float32)
        zeros[:n_dead] = 1
        writer.gradients(step, tensors={"gradients/unit_zeros": zeros})
        writer.parameters(step, NAMES)
    writer.close()
    return layers


@pytest.fixture
def folder(tmp_path):
    """A log directory with a run "dead" of six records, and one of somebody else, whose loss ends as NaN."""
    write_dead(tmp_path / "dead")
    with SummaryWriter(str(tmp_path / "scalars")) as writer:
        for step in range(100):
            writer.add_scalar("train/loss", float("nan") if step >= 90 else 1 / (step + 1), step)
    return tmp_path


def dead_of(findings):
    """The findings of dead units."""
    return [each for each in findings if each["kind"] == "dead_units"]


def test_findings__have_message_evidence_and_link(folder, open_viewer):
    """A finding names its layer, units and steps, and where it is seen."""
    answer = open_viewer(folder).json("findings", run="dead")
    (finding,) = dead_of(answer["findings"])
    layer = linear_layers()[0]
    assert (finding["where"], finding["units"], finding["steps"]) == (layer["name"], [0, 1, 2], [[0, 50]])
    assert finding["evidence"]["n_dead"] == 3
    assert f"3 of the {layer['n_units']} neurons of {layer['name']}" in finding["message"]
    assert finding["link"] == {
        "screen": "gradients",
        "tag": None,
        "layer": layer["name"],
        "unit": 0,
        "train_step": 50,
    }


def test_findings__tell_what_was_looked_for_in_vain_and_what_was_not(folder, open_viewer):
    """Every rule is in one of the lists; each has its source and its thresholds."""
    answer = open_viewer(folder).json("findings", run="dead")
    kinds = [rule["kind"] for rule in answer["rules"]]
    reported = {finding["kind"] for finding in answer["findings"]}
    assert reported | set(answer["healthy"]) | set(answer["unchecked"]) == set(kinds)
    assert answer["unchecked"] == ["vanishing_gradient", "loss_spike"]  # Two layers, and no loss.
    assert all(rule["source"] and rule["title"] for rule in answer["rules"])
    names = {threshold["name"] for threshold in answer["thresholds"]}
    assert {name for rule in answer["rules"] for name in rule["thresholds"]} == names


def test_findings__follow_changed_thresholds(folder, open_viewer):
    """Three of eight units are not too many if half of them may be dead."""
    viewer = open_viewer(folder)
    changed = json.dumps({"dead_share": 0.9, "always_dead_share": 0.9})
    answer = viewer.json("findings", run="dead", thresholds=changed)
    assert dead_of(answer["findings"]) == []
    values = {threshold["name"]: threshold["value"] for threshold in answer["thresholds"]}
    assert values["dead_share"] == 0.9


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        ('{"dead": 1}', "there are dead_share"),
        ('{"dead_share": 2}', "from 0 to 1"),
        ('{"dead_share": "1"}', "only a number"),
        ('{"dead_share": NaN}', "from 0 to 1"),
        ("[1]", "an object"),
        ("{", "not JSON"),
        (f'{{"x": {"1" * 5000}}}', "letters"),
    ],
)
def test_findings__refuse_other_thresholds(folder, open_viewer, thresholds, words):
    """With a sentence that says what is allowed."""
    response = open_viewer(folder).get("findings", run="dead", thresholds=thresholds)
    assert response.status_code == 400
    assert words in response.json["error"]


def test_findings__of_a_run_without_our_records_are_those_of_its_loss(folder, open_viewer):
    """A loss that is not a number is found in anybody's run, with a link to its chart."""
    viewer = open_viewer(folder)
    answer = viewer.json("findings", run="scalars")
    (finding,) = answer["findings"]
    assert (finding["kind"], finding["where"], finding["steps"]) == ("non_finite", "train/loss", [[90, 99]])
    assert (finding["link"]["screen"], finding["link"]["tag"]) == ("scalars", "train/loss")
    assert "dead_units" in answer["unchecked"]
    assert viewer.get("findings", run="gone").status_code == 404


def test_findings__of_units_that_are_not_in_the_log_are_not_looked_for(tmp_path, open_viewer):
    """A compiled network's records know gradients and weights, but nothing of single units."""
    writer = LogWriter(tmp_path / "a")
    layers = [{**layer, "calls": 0, "activation": None} for layer in linear_layers((4, 6, 5, 3))]
    unknown = np.full(sum(layer["n_units"] for layer in layers), np.nan, np.float32)
    names = ("activation", "zeros", "saturated", "gradient", "signed")
    for step in range(0, 60, 10):
        writer.gradients(step, layers, tensors={f"gradients/unit_{name}": unknown for name in names})
        writer.parameters(step, [f"fc{index}.weight" for index in (1, 2, 3)])
    writer.close()
    answer = open_viewer(tmp_path).json("findings", run="a")
    assert answer["unchecked"] == ["dead_units", "dormant_units", "saturated_units", "loss_spike"]
    assert {"no_gradient", "vanishing_gradient"} <= set(answer["healthy"])


def test_findings__survive_a_broken_step(tmp_path, open_viewer):
    """A record whose file is damaged is left out; the others are judged."""
    write_dead(tmp_path / "dead")
    broken = sorted((tmp_path / "dead" / "plugins" / "neuromapper").glob("000030-gradients*"))[0]
    data = bytearray(broken.read_bytes())
    data[-40:] = bytes(40)
    broken.write_bytes(data)
    (finding,) = dead_of(open_viewer(tmp_path).json("findings", run="dead")["findings"])
    assert finding["units"] == [0, 1, 2]


def test_run_findings__are_the_same_from_python(folder, cache_folder):
    """Records with kind, where, units, steps, message and evidence; thresholds by name."""
    run = tb_neuromapper.open_run(folder / "dead", cache=cache_folder)
    (finding,) = [each for each in run.findings() if each.kind == "dead_units"]
    assert finding.units == [0, 1, 2]
    assert finding.steps == [(0, 50)]
    changed = run.findings({"dead_share": 0.9, "always_dead_share": 0.9})
    assert [each for each in changed if each.kind == "dead_units"] == []
    with pytest.raises(ValueError, match="there are dead_share"):
        run.findings({"dead": 1})


def test_run_findings__of_the_probe_tell_dead_units_of_a_block(tmp_path, cache_folder):
    """A block whose outputs are never negative, of which some units are 0 for every sample."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    for step in range(4):
        values = np.abs(np.random.default_rng(step).normal(size=(60, 8))).astype(np.float16)
        values[:, [2, 5]] = 0
        details = {"act": {"n_features": 8, "reduction": "none", "explained_variance": 1.0}}
        writer.record("activations", step, {"activations/act": values}, {"blocks": details})
    writer.close()
    (finding,) = tb_neuromapper.open_run(tmp_path / "a", cache=cache_folder).findings()
    assert (finding.kind, finding.where, finding.units, finding.steps) == ("dead_units", "act", [2, 5], [(0, 3)])
    assert "all 60 samples of the probe" in finding.message


def test_run_findings__do_not_take_a_projection_for_units(tmp_path, cache_folder):
    """A block that was projected to fewer dimensions has no units in the log."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    for step in range(4):
        values = np.ones((60, 8), np.float16)
        values[:, 3] = 0
        details = {"act": {"n_features": 64, "reduction": "none", "explained_variance": 0.9}}
        writer.record("activations", step, {"activations/act": values}, {"blocks": details})
    writer.close()
    assert tb_neuromapper.open_run(tmp_path / "a", cache=cache_folder).findings() == []
