"""Every mistake gets a sentence at the call, and nothing that was logged is lost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.tensorboard import SummaryWriter

from tb_neuromapper.training.callback import NeuroMapper
from tests.training.networks import ConvNet, images, mlp
from tests.training.reading import read_records

X, Y = images(6)


def empty(*shape):
    """No samples of some shape."""
    return torch.empty(0, *shape)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"probe": empty(1, 8, 8)}, "the probe is empty"),
        ({"probe": TensorDataset(empty(3))}, "the probe is empty"),
        ({"probe": DataLoader(TensorDataset(X[:3]), batch_size=4, drop_last=True)}, "the probe is empty"),
        ({"probe": "digits"}, "probe is a str; give a Dataset"),
        ({"probe": {"x": X}}, "probe is a dict; give a Dataset"),
        ({"probe": (X, Y[:3])}, r"parts have \[6, 3\] samples"),
        ({"probe": DataLoader(TensorDataset(X), shuffle=True)}, "random order .RandomSampler.*shuffle=False"),
        ({"labels": [0, 1]}, "labels has 2 entries, but the probe has 6 samples"),
        ({"labels": [0, 1, 2, 3, 0, -2]}, r"labels\[5\] is -2; classes must be 0 or more, or -1"),
        ({"labels": [0, 1, 9, 0, 0, 0], "class_names": ["a", "b"]}, r"labels\[2\] is 9; classes must be 0 to 1"),
        ({"labels": ["a"] * 6, "class_names": ["b"]}, r"labels\[0\] is 'a', which is none of class_names"),
        ({"labels": ["a", 1] * 3}, "labels holds int, str; give integers or texts .classes., or floats"),
        ({"outcomes": "class"}, 'outcomes is \'class\'; allowed are "auto", "classes", .* None, and a function'),
        ({"outcomes": 3}, "outcomes is 3; allowed are"),
        ({"labels": [0.0, np.inf, 0, 0, 0, 0]}, "infinite targets"),
        ({"labels": [[1], [1, 2]]}, "labels is no regular array"),
        ({"class_names": "abc"}, "class_names is str 'abc'; give a list"),
        ({"class_names": [1, 2]}, "class_names is list .*; give a list with one text"),
        ({"sample_ids": [1, 2]}, "sample_ids has 2 entries, but the probe has 6 samples"),
        ({"sample_ids": [1, 2, 3, 4, 5, 1]}, "sample_ids holds 1 more than once"),
        ({"sample_ids": [1, "2", 3, 4, 5, 6]}, "give integers only, or texts"),
        ({"sample_ids": [2**70, *range(5)]}, "beyond 64 bits"),
        ({"sample_ids": ["a\ud800", *"bcdef"]}, r"sample_ids\[0\] is 'a\\ud800', which is no valid Unicode"),
        (
            {"class_names": ["a", "\udcff"]},
            r"class_names\[1\] is '\\udcff', which .*surrogateescape",
        ),
        ({"metadata": {"s": [*"abcde", "\udcff"]}}, r"metadata column 's'\[5\] is '\\udcff', which is no valid"),
        ({"metadata": {"\udcff": range(6)}}, r"a metadata column's name is '\\udcff', which is no valid Unicode"),
        ({"metadata": {"size": [1]}}, "metadata column 'size' has 1 entries, but the probe has 6"),
        ({"metadata": {"size": [[1]] * 6}}, "metadata column 'size' is .*; give a flat sequence"),
        ({"metadata": [1, 2]}, "metadata is a list; give a dict"),
        ({"metadata": {"": range(6)}}, "column named ''"),
        ({"describe": "text"}, "describe is a str; give a function"),
        ({"blocks": ["layer9"]}, "which no module matches.*Did you mean 'layer"),
        ({"max_dims": 0}, "max_dims is 0; only an integer of 2 or more"),
        ({"gradient_every": -1}, "gradient_every is -1"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"thumbnail_size": 129}, "thumbnail_size is 129; at most 128 pixels are allowed"),
        ({"dtype": "bfloat16"}, 'dtype is \'bfloat16\'; allowed are "float16" and "float32"'),
        ({"payload": "pickle"}, 'payload is \'pickle\'; allowed are "file" and "event"'),
        ({"log_dir": None}, "log_dir and writer: neither given"),
        ({"writer": 3}, "log_dir and writer: both given"),
        ({"writer": 3, "log_dir": None}, "give a torch.utils.tensorboard.SummaryWriter"),
        ({"log_dir": "s3://bucket/run"}, "only a local path"),
        ({"model": "resnet"}, "model is a str; give a torch.nn.Module"),
        ({"model": nn.Sequential(nn.LazyLinear(2))}, "lazy modules.*run one batch"),
    ],
)
def test_construction__refuses(tmp_path, options, words):
    """What came, what is allowed, what to do; and the run stays free for a corrected call."""
    given = {"model": ConvNet(), "log_dir": tmp_path, "probe": X, **options}
    model = given.pop("model")
    with pytest.raises(ValueError, match=words):
        NeuroMapper(model, given.pop("log_dir"), **given)
    NeuroMapper(ConvNet(), tmp_path, probe=X).close()


class Broken(nn.Module):
    """Gives NaN for chosen samples once `rows` names some."""

    def __init__(self):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(3, 4), nn.Linear(4, 2)
        self.rows, self.value = [], float("nan")

    def forward(self, x):
        """(n, 3) to (n, 2), with `value` in chosen rows."""
        hidden = self.layer1(x)
        scores = self.layer2(hidden)
        scores = scores.clone()
        scores[self.rows] = self.value
        return scores


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_log_epoch__refuses_non_finite_activations(tmp_path, value):
    """Block, number of samples and the first sample's id are named; epochs before and after are kept."""
    model = Broken()
    with NeuroMapper(model, tmp_path, probe=torch.randn(6, 3), sample_ids=list("abcdef")) as mapper:
        mapper.log_epoch(0)
        model.rows, model.value = [2, 4], value
        with pytest.raises(ValueError, match=r"block 'output' gave NaN or infinite .* 2 of 6 samples.* 2 \(id 'c'\)"):
            mapper.log_epoch(1)
        model.rows = []
        mapper.log_epoch(1)
    assert list(read_records(tmp_path, "activations")) == [0, 1]


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        ([3, 3], r"log_epoch\(3\) after log_epoch\(3\); epochs must increase"),
        ([3, 2], r"log_epoch\(2\) after log_epoch\(3\); epochs must increase"),
        ([0, -1], "got -1; only an integer of 0 or more"),
        ([0, 1.5], "got 1.5; only an integer"),
        ([0, True], "got True; only an integer"),
        ([0, None], "got None; only an integer"),
        ([0, 2**53], "got 9007199254740992; readers take integers below 2 .. 53 only"),
    ],
)
def test_log_epoch__refuses_epochs(tmp_path, epochs, words):
    """Epochs are integers that increase; numpy's integers are fine."""
    with NeuroMapper(ConvNet(), tmp_path, probe=X) as mapper:
        mapper.log_epoch(np.int64(epochs[0]))
        with pytest.raises(ValueError, match=words):
            mapper.log_epoch(epochs[1])
        mapper.log_epoch(7)
    assert list(read_records(tmp_path, "activations")) == [epochs[0], 7]


class Changing(Dataset):
    """A probe that goes wrong at its second pass."""

    def __init__(self, kind):
        self.kind, self.n_reads = kind, 0

    def __len__(self):
        return 6

    def __getitem__(self, i):
        self.n_reads += 1
        is_second = self.n_reads > 6
        if self.kind == "order" and is_second:
            return X[(i + 1) % 6]
        return X[i] + 1e-6 * torch.rand(1) if self.kind == "noise" and i >= 3 else X[i]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("order", r"6 of 6 samples differ from the first pass, the first is row 0 \(id 0\); .*shuffle=False"),
        ("noise", r"3 of 6 samples differ from the first pass, the first is row 3 \(id 3\); .*random augmentation"),
    ],
)
def test_log_epoch__refuses_a_changing_probe(tmp_path, kind, words):
    """The first sample that differs is named, and the likely cause."""
    with NeuroMapper(ConvNet(), tmp_path, probe=Changing(kind)) as mapper:
        mapper.log_epoch(0)
        torch.rand(1)
        with pytest.raises(ValueError, match=words):
            mapper.log_epoch(1)
    assert list(read_records(tmp_path, "activations")) == [0]


class Shrinking(Dataset):
    """A probe that loses samples between two passes."""

    n = 6

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return X[i]


def test_log_epoch__refuses_a_shrinking_probe(tmp_path):
    """Another number of samples than at the first pass is an error."""
    probe = Shrinking()
    with NeuroMapper(ConvNet(), tmp_path, probe=DataLoader(probe, batch_size=2)) as mapper:
        mapper.log_epoch(0)
        probe.n = 4
        with pytest.raises(ValueError, match="the probe gave 4 samples, but 6 at the first pass"):
            mapper.log_epoch(1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"probe": (X, Y - 5)}, r"the probe's labels\[0\] is -\d; classes must be 0 or more"),
        ({"blocks": ["layer1", "unused"]}, "block 'unused' is never called"),
        ({"describe": lambda i: i}, r"describe\(0\) returned a int; it must return a text"),
        ({"describe": lambda i: "\udcff"}, r"describe\(0\) is '\\udcff', which is no valid Unicode"),
        ({"probe": [("a", 1)]}, "the probe's batches hold no tensors"),
        ({"blocks": ["odd"]}, r"block 'odd': the output has shape \(1, 2\), but the batch has 6 samples"),
        ({"blocks": ["mute"]}, "block 'mute' returns a NoneType without a tensor"),
    ],
)
def test_log_epoch__refuses_at_the_first_pass(tmp_path, options, words):
    """What can only be seen with data is an error at the first epoch; a corrected mapper goes on."""

    class Mute(nn.Module):
        def forward(self, x):
            return None

    class Odd(nn.Module):
        def forward(self, x):
            return torch.ones(1, 2)

    class Net(ConvNet):
        def __init__(self):
            super().__init__()
            self.unused, self.odd, self.mute = nn.Linear(1, 1), Odd(), Mute()

        def forward(self, x):
            self.odd(x), self.mute(x)
            return super().forward(x)

    with (
        NeuroMapper(Net(), tmp_path, **{"probe": X, **options}) as mapper,
        pytest.raises(ValueError, match=words),
    ):
        mapper.log_epoch(0)
    assert not read_records(tmp_path, "activations")


def test_log_epoch__refuses_a_block_that_runs_in_some_batches(tmp_path):
    """Rows would otherwise belong to other samples."""

    class Gated(ConvNet):
        def forward(self, x):
            return super().forward(x) if len(x) == 4 else self.fc(x.mean((2, 3)).repeat(1, 16))

    with (
        NeuroMapper(Gated(), tmp_path, probe=X, batch_size=4) as mapper,
        pytest.raises(ValueError, match=r"block 'layer1' ran for 4 of 6 samples.*Leave it out"),
    ):
        mapper.log_epoch(0)


def test_closed__mapper_says_so(tmp_path):
    """Every call on a closed mapper is an error; closing twice is not."""
    mapper = NeuroMapper(ConvNet(), tmp_path, probe=X)
    mapper.close()
    mapper.close()
    for call in (mapper.step, mapper.flush, lambda: mapper.log_epoch(0), mapper.__enter__):
        with pytest.raises(RuntimeError, match="this NeuroMapper is closed; make a new one"):
            call()


def test_closed__summary_writer_is_noticed(tmp_path):
    """A SummaryWriter closed too early is an error at the next call, not a second event file."""
    writer = SummaryWriter(str(tmp_path))
    mapper = NeuroMapper(ConvNet(), writer=writer, probe=X)
    mapper.log_epoch(0)
    mapper.flush()
    writer.close()
    with pytest.raises(RuntimeError, match="the SummaryWriter given as `writer` is closed"):
        mapper.log_epoch(1)
    mapper.close()
    assert len(list(tmp_path.glob("*tfevents*"))) == 1
    assert list(read_records(tmp_path, "activations")) == [0]


def test_two_writers__are_refused_in_one_process(tmp_path):
    """A second NeuroMapper on the run is refused while the first is open, and welcome afterwards."""
    with NeuroMapper(ConvNet(), tmp_path, probe=X) as mapper:
        with pytest.raises(RuntimeError, match=r"another NeuroMapper is writing into .*Close it first"):
            NeuroMapper(ConvNet(), tmp_path, probe=X)
        mapper.log_epoch(0)
    NeuroMapper(mlp(), tmp_path, probe=torch.randn(3, 6)).close()
    assert list(read_records(tmp_path, "activations")) == [0]


def test_two_writers__a_summary_writer_beside_is_a_warning(tmp_path):
    """A SummaryWriter of this process in the same directory should be shared, not doubled; a resumed run is fine."""
    NeuroMapper(ConvNet(), tmp_path, probe=X).close()
    with NeuroMapper(ConvNet(), tmp_path, probe=X) as mapper:
        mapper.log_epoch(0)
    NeuroMapper(ConvNet(), tmp_path, probe=X).close()
    with SummaryWriter(str(tmp_path)), pytest.warns(UserWarning, match="already has an event file of this process"):
        NeuroMapper(ConvNet(), tmp_path, probe=X).close()


def test_unlabelled_second_part__warns_once(tmp_path):
    """A probe whose second part is no label (an autoencoder's target, say) is logged without labels."""
    with NeuroMapper(ConvNet(), tmp_path, probe=(X, X)) as mapper:
        with pytest.warns(UserWarning, match="no outcomes: the output has 4 values .* the labels 64") as caught:
            mapper.log_epoch(0)
        mapper.log_epoch(1)
    assert [warning.filename for warning in caught] == [__file__]
    assert list(read_records(tmp_path, "activations")) == [0, 1]
