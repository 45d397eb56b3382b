"""Facts about open_run."""

import subprocess
import sys

import numpy as np
import pytest

import tb_neuromapper
from tests.logs import LogWriter, write_run


@pytest.fixture
def run(tmp_path, cache_folder):
    """A run of three epochs, opened from Python."""
    write_run(tmp_path / "a")
    return tb_neuromapper.open_run(tmp_path / "a", cache=cache_folder)


def test_open_run__gives_what_was_logged(run):
    """Blocks, labels, names, ids, steps, activations and outcomes."""
    assert run.blocks == ["layer1", "output"]
    assert run.labels.tolist() == [0, 1, 2] * 20
    assert run.class_names == ["class 0", "class 1", "class 2"]
    assert run.sample_ids == list(range(60))
    assert run.steps("activations") == [0, 1, 2]
    assert run.steps("gradients") == []
    assert run.activations("layer1", 1).dtype == np.float32
    assert run.activations("layer1", 1).shape == (60, 8)
    assert run.outcomes(2).predicted.tolist() == run.labels.tolist()
    assert run.outcomes(2).confidence.tolist() == [0.5] * 60
    assert run.problems == []
    assert "layer1, output" in repr(run)


def test_project__returns_all_steps_with_their_quality(run):
    """Positions (T, n, 2), their steps and a quality for each; the second call comes from the cache, equal."""
    first = run.project("layer1", n_neighbors=10)
    assert first.positions.shape == (3, 60, 2)
    assert first.steps == [0, 1, 2]
    assert [set(quality) for quality in first.quality] == [
        {"step", "trustworthiness", "continuity", "preservation", "movement", "cka", "abrupt"}
    ] * 3
    np.testing.assert_array_equal(run.project("layer1", n_neighbors=10).positions, first.positions)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda run: run.steps("weights"), "allowed are probe"),
        (lambda run: run.activations("layer9", 0), "there are layer1, output"),
        (lambda run: run.activations("layer1", 9), r"there are \[0, 1, 2\]"),
        (lambda run: run.outcomes(-1), "there is no step -1"),
        (lambda run: run.project("layer9"), "there are layer1, output"),
        (lambda run: run.project("layer1", n_neighbors=0), "from 2 to 200"),
    ],
)
def test_run__says_what_there_is(run, call, words):
    """A wrong name or step is answered with the right ones."""
    with pytest.raises(ValueError, match=words):
        call(run)


def test_open_run__explains_a_wrong_folder(tmp_path):
    """A missing folder and one without our data each get a sentence."""
    with pytest.raises(FileNotFoundError, match="give the folder of one run"):
        tb_neuromapper.open_run(tmp_path / "nothing")
    LogWriter(tmp_path / "plain").close()
    with pytest.raises(ValueError, match="holds no NeuroMapper data"):
        tb_neuromapper.open_run(tmp_path / "plain")


def test_package__imports_lazily():
    """Importing the package, as TensorBoard does, loads neither torch nor numba nor TensorBoard."""
    heavy = ("torch", "numba", "tensorboard", "scipy")
    script = f"import sys, tb_neuromapper; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="it has AlignedUMAP, NeuroMapper"):
        _ = tb_neuromapper.Mapper
