"""The playground on a real TensorBoard: off, on, bounded, and only for this machine."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.playground.idx_files import write_mnist
from tests.processes import children_of, is_alive
from tests.servers import TensorBoardServer, await_value

LONG = {"hidden": [8], "n_epochs": 500, "batch_size": 2}


def ask(server, path, body=None, **headers):
    """Status and JSON of a request, with headers of one's own."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(f"{server.url}data/plugin/neuromapper/{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def states(server):
    """The state of each training by its run."""
    return {item["run"]: item["state"] for item in server.json("trainings")["trainings"]}


@pytest.fixture
def playground(tmp_path, start_tensorboard):
    """A TensorBoard with the playground on, over a log directory that does not exist yet."""
    return start_tensorboard("--logdir", tmp_path / "runs", "--neuromapper_playground")


@pytest.fixture(scope="module")
def idle(tmp_path_factory, cache_folder):
    """One for all tests that start nothing, and the log directory that must not appear."""
    folder = tmp_path_factory.mktemp("idle") / "runs"
    server = TensorBoardServer("--logdir", folder, "--neuromapper_playground", cache=cache_folder)
    yield server, folder
    server.close()


def test_playground__is_off_by_default(tmp_path, start_tensorboard):
    """Without the flag each route answers 404 with a sentence, and the page learns of it."""
    server = start_tensorboard("--logdir", tmp_path)
    assert server.json("runs")["playground"] is False
    for path, body in (("playground", None), ("trainings", None), ("trainings", {}), ("trainings/stop", {"id": "1"})):
        code, answer = ask(server, path, body)
        assert code == 404
        assert "start TensorBoard with --neuromapper_playground" in answer["error"]


def test_trainings__start_show_and_stay_as_runs(playground, tmp_path):
    """A training is shown live, ends, and is an ordinary run; the next of that name gets another folder."""
    assert playground.json("runs")["playground"] is True
    parameters = {"data": "moons", "hidden": [6, 3], "n_epochs": 3}
    for run in ("moons-6-3", "moons-6-3-2"):
        training = playground.post("trainings", {"parameters": parameters})["training"]
        assert training["run"] == run
        assert training["state"] == "starting"
        assert training["command"] == "tb-neuromapper train --data moons --hidden 6,3 --epochs 3"
        await_value(lambda run=run: states(playground)[run] == "done", playground.process)
    newest = playground.json("trainings")["trainings"][0]
    assert newest["run"] == "moons-6-3-2"
    assert newest["progress"] == 1
    assert newest["message"].startswith("epoch 3 of 3: loss")
    assert newest["parameters"]["hidden"] == [6, 3]
    runs = playground.await_runs(lambda runs: [len(run["steps"]) for run in runs] == [4, 4])
    assert [run["problems"] for run in runs] == [[], []]


def test_trainings__stop_and_keep_what_was_logged(playground):
    """A stopped training says so, its process is gone, and its run is listed without problems."""
    training = playground.post("trainings", {"parameters": LONG})["training"]
    await_value(lambda: playground.json("trainings")["trainings"][0]["epoch"] >= 1, playground.process)
    playground.post("trainings/stop", {"id": training["id"]})
    await_value(lambda: states(playground) == {"digits-8": "stopped"}, playground.process)
    assert re.search(r"stopped; the epochs until \d+ are kept", playground.json("trainings")["trainings"][0]["message"])
    (run,) = playground.await_runs(lambda runs: runs and len(runs[0]["steps"]) >= 2)
    assert run["problems"] == []
    assert ask(playground, "trainings/stop", {"id": training["id"]})[0] == 200


def test_trainings__are_two_at_once(playground):
    """A third is refused, naming those under way; as soon as one is reported to have stopped, there is room."""
    first = playground.post("trainings", {"parameters": LONG})["training"]
    playground.post("trainings", {"parameters": {**LONG, "name": "second"}})
    code, answer = ask(playground, "trainings", {"parameters": LONG})
    assert code == 409
    assert "2 trainings are under way (digits-8, second); at most 2 are allowed" in answer["error"]
    stopped = playground.post("trainings/stop", {"id": first["id"]})["trainings"][1]
    assert (stopped["state"], stopped["message"]) == ("starting", "stopping")
    await_value(lambda: states(playground)["digits-8"] == "stopped", playground.process)
    assert ask(playground, "trainings", {"parameters": LONG})[0] == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_trainings__end_with_tensorboard(playground, how):
    """However TensorBoard ends, no training goes on."""
    playground.post("trainings", {"parameters": LONG})
    await_value(lambda: playground.json("trainings")["trainings"][0]["epoch"] >= 1, playground.process)
    trainers = [pid for pid in children_of(playground.process.pid) if "playground.process" in command_line(pid)]
    assert len(trainers) == 1
    playground.process.send_signal(how)
    playground.process.wait(30)
    await_value(lambda: not is_alive(trainers[0]))


def command_line(pid):
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text()


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("trainings", {"parameters": {"hidden": [0]}}, 400, "each from 1 to 1024"),
        ("trainings", {"parameters": {"folder": "/etc"}}, 400, "parameter 'folder' is unknown"),
        ("trainings", {"parameters": {"name": "../../x"}}, 400, "run name is '../../x'"),
        ("trainings", {"parameters": [1]}, 400, "give an object"),
        ("trainings", {"parameters": {"data": "mnist"}}, 409, "MNIST is not in"),
        ("trainings", {"hidden": [1, 2], "cmd": "x"}, 400, "the request has 'hidden', which is unknown"),
        ("trainings", {"parameters": {}, "cmd": "x"}, 400, "the request has 'cmd'"),
        ("trainings", [], 400, "only an object"),
        ("trainings/stop", {"id": "7"}, 404, "there is no training '7'; there are none."),
        ("trainings/stop", {"id": {}}, 404, "there is no training {}"),
    ],
)
def test_post__explains_bad_input(idle, path, body, code, words):
    """What cannot be used gets a sentence, and nothing is started or written."""
    server, folder = idle
    found, answer = ask(server, path, body)
    assert found == code
    assert words in answer["error"]
    assert states(server) == {}
    assert not folder.exists()


def test_post__names_the_field(idle):
    """A client can mark the field that is wrong."""
    _, answer = ask(idle[0], "trainings", {"parameters": {"learning_rate": -1}})
    assert answer["field"] == "learning_rate"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example:6006", "Origin": "http://evil.example:6006"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"X_Forwarded_For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
    ],
)
def test_requests__from_elsewhere_are_refused(idle, headers):
    """Another site's page, a name that was made to point here, and a proxy's visitors start and see nothing."""
    server, _ = idle
    code, answer = ask(server, "trainings", {"parameters": LONG}, **headers)
    assert code == 403, answer
    for path in ("trainings", "playground"):
        assert ask(server, path, **headers)[0] == 403
    assert states(server) == {}


def test_post__needs_json(idle):
    """A form of another site, which needs no permission to be sent, starts nothing."""
    server, _ = idle
    assert ask(server, "trainings", {"parameters": LONG}, Content_Type="text/plain")[0] == 415
    own = server.url.rstrip("/")
    code, _ = ask(server, "trainings", {"parameters": {"hidden": [0]}}, Origin=own)
    assert code == 400


@pytest.mark.parametrize(
    "flags", [["--bind_all"], ["--host", "0.0.0.0"], ["--host", "::"], ["--host", ""], ["--host", "example.org"]]
)
def test_flag__is_refused_where_other_machines_reach_tensorboard(tmp_path, flags):
    """TensorBoard does not start, and says why."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(tmp_path), "--port", "0"]
    result = subprocess.run(
        [*command, "--neuromapper_playground", *flags], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 1
    assert f"but {flags[0]}" in result.stderr
    assert "lets other machines reach TensorBoard" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_flag__goes_with_a_loopback_host(tmp_path, start_tensorboard, host):
    """A host that only this machine reaches is allowed."""
    server = start_tensorboard("--logdir", tmp_path, "--neuromapper_playground", "--host", host)
    assert server.json("playground")["why_not"] == ""


def test_form__tells_the_fields_and_the_data_sets(tmp_path, start_tensorboard):
    """Fields with bounds and choices, MNIST where it is on disk, and the limits."""
    write_mnist(tmp_path / "data")
    flags = ["--logdir", tmp_path, "--neuromapper_playground", "--neuromapper_data", tmp_path / "data"]
    form = start_tensorboard(*flags).json("playground")
    assert [field["name"] for field in form["fields"]][:3] == ["data", "hidden", "activation"]
    assert form["data_sets"]["mnist"] == {"n_inputs": 784, "n_classes": 10, "missing": ""}
    assert form["limits"] == {"max_running": 2, "time_s": 600, "memory_bytes": 2 << 30}


def test_logdir_spec__cannot_take_runs(tmp_path, start_tensorboard):
    """With several log directories there is no one place for a run; the page says so."""
    server = start_tensorboard("--logdir_spec", f"a:{tmp_path}", "--neuromapper_playground")
    assert "start TensorBoard with --logdir" in server.json("playground")["why_not"]
    assert ask(server, "trainings", {"parameters": LONG})[0] == 409
