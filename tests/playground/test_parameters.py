"""The parameters of a training: anything that comes is a valid set or gets a sentence."""

import contextlib
import json
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_neuromapper.playground.fields import ParameterError
from tb_neuromapper.playground.folders import claim_run_folder
from tb_neuromapper.playground.parameters import (
    ACTIVATIONS,
    DATA_SETS,
    FIELDS,
    INITIALIZATIONS,
    OPTIMIZERS,
    TrainingParameters,
    as_command,
    parse_training,
    run_name,
)

NAMES = [field.name for field in FIELDS]
SAFE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**4000) | st.just("relu")
ANY_JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
SIZES = st.lists(st.integers(-1, 1100), max_size=10)
CHOICES = st.sampled_from([*ACTIVATIONS, *OPTIMIZERS, *INITIALIZATIONS, *DATA_SETS])
LIKELY = st.dictionaries(
    st.sampled_from(NAMES), ANY_JSON | SIZES | CHOICES | st.integers(0, 5000) | st.floats(0, 2000), max_size=10
)
VALID = st.builds(
    TrainingParameters,
    data=st.sampled_from(list(DATA_SETS)),
    hidden=st.lists(st.integers(1, 1024), max_size=8).map(tuple),
    activation=st.sampled_from(list(ACTIVATIONS)),
    initialization=st.sampled_from(list(INITIALIZATIONS)),
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    learning_rate=st.floats(1e-8, 1000),
    batch_size=st.integers(1, 1024),
    n_epochs=st.integers(1, 500),
    seed=st.integers(0, 2**31 - 1),
    name=st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?)?", fullmatch=True),
)


@given(values=ANY_JSON | LIKELY)
def test_parse_training__takes_anything_or_says_why_not(values):
    """Whatever comes is a parameter set within all bounds, or a sentence; never another exception."""
    try:
        parameters = parse_training(values)
    except ParameterError as caught:
        refused = caught
    else:
        refused = None
    if refused is not None:
        assert str(refused).endswith(".")
        assert len(str(refused)) < 500
        assert refused.field in ["", *NAMES]
        return
    assert len(parameters.hidden) <= 8
    assert all(type(size) is int and 1 <= size <= 1024 for size in parameters.hidden)
    assert parameters.data in DATA_SETS
    assert parameters.activation in ACTIVATIONS
    assert parameters.optimizer in OPTIMIZERS
    assert parameters.initialization in INITIALIZATIONS
    assert type(parameters.learning_rate) is float
    assert 1e-8 <= parameters.learning_rate <= 1000
    assert 1 <= parameters.batch_size <= 1024
    assert 1 <= parameters.n_epochs <= 500
    assert 0 <= parameters.seed < 2**31
    assert set(parameters.name) <= SAFE
    assert len(parameters.name) <= 64


@given(parameters=VALID)
def test_parse_training__reads_back_what_as_dict_wrote(parameters):
    """A valid set survives JSON, and its shell command names the same set."""
    assert parse_training(json.loads(json.dumps(parameters.as_dict()))) == parameters
    words = shlex.split(as_command(parameters))
    assert words[:2] == ["tb-neuromapper", "train"]
    by_flag = {field.flag: field for field in FIELDS}
    values = {
        by_flag[flag].name: by_flag[flag].from_text(text) for flag, text in zip(words[2::2], words[3::2], strict=True)
    }
    assert parse_training(values) == parameters


@given(text=st.text())
def test_from_text__leaves_what_it_cannot_read_to_the_check(text):
    """Any text on the command line is a value or gets a sentence."""
    for field in FIELDS:
        value = field.from_text(text)
        with contextlib.suppress(ParameterError):
            assert field.check(value) == field.check(field.check(value))


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"hidden": [64, 0]}, "hidden", "hidden layers: a size is 0; give at most 8 whole numbers, each from 1 to"),
        ({"hidden": [1] * 9}, "hidden", "has 9 layers"),
        ({"hidden": "64,32"}, "hidden", "hidden layers is '64,32'"),
        ({"hidden": [True]}, "hidden", "a size is True"),
        ({"learning_rate": 0}, "learning_rate", "learning rate is 0; give a number from 1e-08 to 1000."),
        ({"learning_rate": float("nan")}, "learning_rate", "learning rate is nan"),
        ({"learning_rate": 10**400}, "learning_rate", "give a number"),
        ({"seed": 10**5000}, "seed", "seed is too long to show"),
        ({"seed": [[[[[[[[[10**4000]]]]]]]]]}, "seed", "seed is [[["),
        ({"batch_size": 2.5}, "batch_size", "batch size is 2.5; give a whole number from 1 to 1024."),
        ({"n_epochs": 501}, "n_epochs", "epochs is 501; give a whole number from 1 to 500."),
        ({"activation": "swish"}, "activation", "activation is 'swish'; give one of relu, leaky_relu"),
        ({"data": ["digits"]}, "data", "give one of digits, mnist, moons, circles."),
        ({"name": "../x"}, "name", "run name is '../x'; give at most 64 of a-z"),
        ({"name": "a/b"}, "name", "run name is 'a/b'"),
        ({"name": ".."}, "name", "run name is '..'"),
        ({"name": "x" * 65}, "name", "run name"),
        ({"name": "é"}, "name", "run name"),
        ({"name": "a\n"}, "name", "run name"),
        ({"shell": "rm"}, "", "parameter 'shell' is unknown; allowed are data, hidden"),
        ([], "", "give an object of names and values."),
    ],
)
def test_parse_training__says_what_came_and_what_is_allowed(values, field, words):
    """The sentence names the value, the bounds, and the field to mark."""
    with pytest.raises(ParameterError) as caught:
        parse_training(values)
    assert words in str(caught.value)
    assert caught.value.field == field


def test_fields__are_those_of_the_parameters():
    """There is a field for every parameter, and its default is allowed."""
    assert [field.name for field in fields(TrainingParameters)] == NAMES
    assert parse_training({field.name: field.default for field in FIELDS}) == TrainingParameters()
    json.dumps([field.described() for field in FIELDS])


def test_run_name__is_made_of_data_set_and_layers():
    """Where the user gives no name, it says what was trained."""
    assert run_name(parse_training({"data": "moons", "hidden": [8, 4]})) == "moons-8-4"
    assert run_name(parse_training({"name": "mine"})) == "mine"


def test_claim_run_folder__never_takes_one_that_exists(tmp_path):
    """Folders, files and dangling links of that name are left alone."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a-2").write_text("")
    (tmp_path / "a-3").symlink_to(tmp_path / "nowhere")
    assert claim_run_folder(tmp_path, "a") == tmp_path / "a-4"
    assert claim_run_folder(tmp_path / "new" / "logs", "a") == tmp_path / "new" / "logs" / "a"


def test_claim_run_folder__says_that_it_cannot_be_written(tmp_path):
    """A log directory that is a file gets a sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="choose one that can be written to"):
        claim_run_folder(tmp_path / "file", "a")


def test_parameters__import_nothing_heavy():
    """TensorBoard imports them at every request for the form."""
    script = (
        "import sys, tb_neuromapper.playground.parameters; print(*{'torch', 'numpy', 'sklearn'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert result.stdout.strip() == ""
