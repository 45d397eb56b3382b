"""The data sets of the playground."""

import numpy as np
import pytest

from tb_neuromapper.playground.data_sets import MAX_PROBE, load_data_set, missing
from tb_neuromapper.playground.idx import find_mnist, read_idx, read_mnist
from tests.playground.idx_files import write_idx, write_mnist


@pytest.mark.parametrize(
    ("name", "shape", "n_classes"), [("digits", (1, 8, 8), 10), ("moons", (2,), 2), ("circles", (2,), 2)]
)
def test_load_data_set__keeps_training_and_probe_apart(tmp_path, name, shape, n_classes):
    """The sets are the same every time, within their bounds, and share no sample; points are described."""
    data, again = (load_data_set(name, tmp_path) for _ in range(2))
    np.testing.assert_array_equal(data.inputs, again.inputs)
    assert data.inputs.shape == (len(data.labels), *shape)
    assert data.probe_inputs.shape == (len(data.probe_labels), *shape)
    assert len(data.probe_labels) <= MAX_PROBE
    assert data.inputs.dtype == np.float32
    assert len(data.class_names) == n_classes
    assert set(data.labels) == set(data.probe_labels) == set(range(n_classes))
    seen = {row.tobytes() for row in data.inputs}
    assert not any(row.tobytes() in seen for row in data.probe_inputs)
    assert (data.describe is None) == (name == "digits")
    if data.describe is not None:
        assert data.describe(3) == f"x {data.probe_inputs[3, 0]:.2f}, y {data.probe_inputs[3, 1]:.2f}"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_load_data_set__reads_mnist_from_disk(tmp_path, suffix):
    """A folder as torchvision keeps it, plain or compressed: pixels in 0..1, the test images as the probe."""
    folder = write_mnist(tmp_path, n_train=30, n_test=1200, suffix=suffix)
    data = load_data_set("mnist", folder)
    pixels, _ = read_mnist(find_mnist(folder), "train")
    np.testing.assert_allclose(data.inputs[:, 0] * 255, pixels, atol=1e-4)
    assert data.inputs.shape == (30, 1, 28, 28)
    assert data.probe_inputs.shape == (MAX_PROBE, 1, 28, 28)
    assert data.probe_labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_missing__says_what_to_do(tmp_path):
    """Without MNIST on disk there is a sentence that names the folder."""
    assert missing("digits", tmp_path) == ""
    assert f"MNIST is not in {tmp_path}" in missing("mnist", tmp_path)
    with pytest.raises(ValueError, match="download=True"):
        load_data_set("mnist", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no idx file"),
        (b"\0\0\x0d\x01\0\0\0\1\0\0\0\0", "no idx file"),
        (b"\0\0\x08\x01\0\0", "cannot be read"),
        (b"\0\0\x08\x01\0\0\0\5abc", "not as long"),
        (b"\0\0\x08\x01\0\0\0\1abc", "not as long"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "not as long"),
    ],
)
def test_read_idx__refuses_what_is_broken(tmp_path, content, words):
    """A file that is cut off, too long, huge by its header or of another kind gets a sentence."""
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_idx(tmp_path, "x")
    (tmp_path / "y.gz").write_bytes(content)
    with pytest.raises(ValueError, match="get MNIST anew"):
        read_idx(tmp_path, "y")


def test_read_mnist__refuses_labels_that_do_not_fit(tmp_path):
    """Another number of labels than of images gets a sentence."""
    raw = write_mnist(tmp_path) / "MNIST" / "raw"
    write_idx(raw / "train-labels-idx1-ubyte", np.zeros(7))
    with pytest.raises(ValueError, match="do not fit together"):
        read_mnist(raw, "train")
