"""The data sets that a fully connected network can be trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.playground.idx import find_mnist, read_mnist

MAX_PROBE = 1000
_N_DIGITS_PROBE = 600
_N_POINTS, _N_POINTS_PROBE = 1000, 500
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """Sizes that are known before a data set is loaded.

    Attributes:
        n_inputs: Values of one sample.
        n_classes: Classes.
    """

    n_inputs: int
    n_classes: int


SHAPES = {"digits": Shape(64, 10), "mnist": Shape(784, 10), "moons": Shape(2, 2), "circles": Shape(2, 2)}


@dataclass(frozen=True)
class DataSet:
    """Samples to train on, and others to look at.

    Attributes:
        inputs: float32 (n, ...) to train on; images are (n, 1, height, width) in 0..1.
        labels: int64 (n,), their classes.
        probe_inputs: float32 (m, ...), at most MAX_PROBE samples that are not trained on.
        probe_labels: int64 (m,), their classes.
        class_names: One text a class.
        describe: The text shown for a probe sample, from its row; None for images.
    """

    inputs: FloatArray
    labels: IntArray
    probe_inputs: FloatArray
    probe_labels: IntArray
    class_names: Sequence[str]
    describe: Callable[[int], str] | None = None


def missing(name: str, data_folder: Path) -> str:
    """Why a data set cannot be loaded, and what to do; "" if it can."""
    if name == "mnist":
        if find_mnist(data_folder) is not None:
            return ""
        return (
            f"MNIST is not in {data_folder}; let torchvision.datasets.MNIST({str(data_folder)!r}, download=True) put "
            "it there, or name another folder."
        )
    if find_spec("sklearn") is None:
        return "it needs scikit-learn, which is not installed: pip install 'tb-neuromapper[demo]'."
    return ""


def load_data_set(name: str, data_folder: Path) -> DataSet:
    """Load one of `parameters.DATA_SETS`; it is the same in every run, so that runs can be compared.

    Args:
        name: Which one.
        data_folder: Where MNIST's files are, as torchvision keeps them.

    Raises:
        ValueError: It cannot be loaded; says why and what to do.
    """
    if reason := missing(name, data_folder):
        raise ValueError(reason)
    return {"digits": _digits, "moons": _moons, "circles": _circles}[name]() if name != "mnist" else _mnist(data_folder)


def _digits() -> DataSet:
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    images = (digits.images[order, None] / 16).astype(np.float32)
    return _split(images, digits.target[order], _N_DIGITS_PROBE, [str(digit) for digit in range(10)])


def _mnist(folder: Path) -> DataSet:
    place = find_mnist(folder)
    assert place is not None
    images, labels = read_mnist(place, "train")
    probe_images, probe_labels = read_mnist(place, "test")
    return DataSet(
        _scaled(images),
        labels.astype(np.int64),
        _scaled(probe_images[:MAX_PROBE]),
        probe_labels[:MAX_PROBE].astype(np.int64),
        [str(digit) for digit in range(10)],
    )


def _moons() -> DataSet:
    from sklearn.datasets import make_moons

    points, labels = make_moons(_N_POINTS + _N_POINTS_PROBE, noise=0.15, random_state=0)
    return _points(points, labels, ["upper moon", "lower moon"])


def _circles() -> DataSet:
    from sklearn.datasets import make_circles

    points, labels = make_circles(_N_POINTS + _N_POINTS_PROBE, noise=0.08, factor=0.5, random_state=0)
    return _points(points, labels, ["outer circle", "inner circle"])


def _points(points: Any, labels: Any, class_names: Sequence[str]) -> DataSet:
    split = _split(points.astype(np.float32), labels, _N_POINTS_PROBE, class_names)
    probe = split.probe_inputs
    return DataSet(
        split.inputs,
        split.labels,
        probe,
        split.probe_labels,
        class_names,
        describe=lambda row: f"x {probe[row, 0]:.2f}, y {probe[row, 1]:.2f}",
    )


def _split(inputs: FloatArray, labels: Any, n_probe: int, class_names: Sequence[str]) -> DataSet:
    labels = labels.astype(np.int64)
    return DataSet(inputs[n_probe:], labels[n_probe:], inputs[:n_probe], labels[:n_probe], class_names)


def _scaled(images: npt.NDArray[np.uint8]) -> FloatArray:
    return (images[:, None] / np.float32(255)).astype(np.float32)
