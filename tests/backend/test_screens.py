"""Facts about the registry of screens: what a new one costs, and how the answers about runs are put together."""

import subprocess
import sys
from collections import Counter

import pytest

from tb_neuromapper.backend import screens
from tb_neuromapper.backend.http.requests import argument, respond_json, route
from tests.logs import LogWriter, write_gradient_run, write_run


class Hello:
    """A screen with every method that a screen may have.

    Args:
        services: What all screens share.
    """

    def __init__(self, services):
        self.services = services
        self.n_warmed, self.is_closed = 0, False

    def applications(self):
        """One route."""
        return {"/hello": route(self.hello, "GET")}

    def hello(self, request):
        """Answer with the run's name."""
        log = self.services.run_log(argument(request, "run"))
        return respond_json({"hello": log.name})

    def describe_run(self, log):
        """How many epochs a run has."""
        return {"hello": len(log.steps("activations"))}

    def describe_server(self):
        """A flag of its own."""
        return {"greets": True}

    def problems(self, run):
        """One sentence about any run."""
        return [f"{run} does not answer."]

    def warm_up(self):
        """Count how often it is called."""
        self.n_warmed += 1

    def close(self):
        """Remember that it was called."""
        self.is_closed = True


class Mute:
    """A screen that has only what a screen must have.

    Args:
        services: What all screens share.
    """

    def __init__(self, services):
        pass

    def applications(self):
        """No route."""
        return {}


@pytest.fixture
def hello(monkeypatch):
    """The registry with two more screens; the Hellos that are opened from it."""
    opened = []

    def open_hello(services):
        opened.append(Hello(services))
        return opened[-1]

    monkeypatch.setattr(screens, "SCREENS", (*screens.SCREENS, open_hello, Mute))
    return opened


def test_a_screen__needs_nothing_but_its_place_in_the_registry(tmp_path, open_viewer, hello):
    """Its route answers, errors too; its parts are in the answers about runs; it ends with TensorBoard."""
    write_run(tmp_path / "a")
    viewer = open_viewer(tmp_path)
    assert viewer.json("hello", run="a") == {"hello": "a"}
    assert "there is no run 'b'" in viewer.get("hello", run="b").json["error"]
    runs = viewer.json("runs")
    assert runs["greets"] is True
    assert runs["runs"][0]["hello"] == 3
    assert runs["runs"][0]["problems"] == viewer.json("run", run="a")["problems"] == ["a does not answer."]
    (screen,) = hello
    assert screen.n_warmed == 1
    viewer.plugin.close()
    assert screen.is_closed


def test_screens__share_no_path(tmp_path, open_viewer):
    """A path of one screen does not hide that of another."""
    viewer = open_viewer(tmp_path)
    paths = Counter(path for screen in viewer.plugin._screens for path in screen.applications())
    assert max(paths.values()) == 1
    assert {*paths, "/static/*"} == set(viewer.plugin.get_plugin_apps())


def test_runs__holds_each_screens_part(tmp_path, open_viewer):
    """The keys of docs/http_api.md, in its order, and no others."""
    write_gradient_run(tmp_path / "a")
    write_run(tmp_path / "b")
    runs = open_viewer(tmp_path).json("runs")
    assert list(runs) == ["log_dir", "version", "playground", "runs", "other_runs"]
    assert [list(run) for run in runs["runs"]] == [
        ["name", "n_samples", "blocks", "steps", "problems", "gradients"],
        ["name", "n_samples", "blocks", "steps", "problems", "gradients"],
    ]
    assert [run["gradients"] and run["gradients"]["n_steps"] for run in runs["runs"]] == [3, None]


def test_run__holds_what_is_documented(tmp_path, open_viewer):
    """The keys of `GET run`, and no screen's line in `GET runs` among them."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    writer.epoch(0)
    writer.close()
    run = open_viewer(tmp_path).json("run", run="a")
    documented = ["name", "n_samples", "sample_set", "probe_version", "steps", "train_steps", "outcome_steps", "blocks"]
    documented += ["label_kind", "class_names", "metadata", "thumbnails", "problems"]
    assert set(documented) <= set(run)
    assert "gradients" not in run


def test_tensorboard_process__starts_light():
    """TensorBoard's own process needs neither numba, scikit-learn nor torch, and starts without Pillow."""
    heavy = {"numba", "sklearn", "torch", "scipy", "PIL"}
    code = f"import sys, tb_neuromapper.backend.plugin; print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
