"""`tb-neuromapper export`: which files it writes, and what it refuses."""

import base64
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tb_neuromapper import open_run
from tb_neuromapper.backend.embeddings.nearest import neighbor_table
from tb_neuromapper.backend.http.frames import decode_frame
from tests.logs import LogWriter, flip_bit, write_run


def cli(*arguments):
    """The command tb-neuromapper with these arguments, once it has ended."""
    command = [sys.executable, "-m", "tb_neuromapper.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def site_of(out):
    """What data/site.js holds."""
    return json.loads((out / "data" / "site.js").read_text().removeprefix("neuromapperSite=").rstrip(";\n"))


def frame_of(out, name):
    """Arrays and attributes in a data file."""
    named, data = re.fullmatch(
        r'neuromapperFile\("(.*)","(.*)"\);\n', (out / "data" / f"{name}.js").read_text()
    ).groups()
    assert named == name
    return decode_frame(base64.b64decode(data))


def content_of(folder):
    """All files below a folder by their relative paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Two runs; the second has other steps."""
    folder = tmp_path_factory.mktemp("logs")
    write_run(folder / "a")
    write_run(folder / "deep" / "b", steps=[1, 5])
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One results cache for all exports."""
    return tmp_path_factory.mktemp("cache")


def test_export__writes_what_the_page_shows(logs, cache, tmp_path):
    """All runs, blocks and epochs, as the layouts from Python have them; the log directory stays as it was."""
    before = content_of(logs)
    out = tmp_path / "site"
    result = cli("export", logs, out, "--cache", cache)
    assert result.returncode == 0, result.stderr
    assert content_of(logs) == before
    site = site_of(out)
    assert [(run["name"], run["blocks"], run["steps"]) for run in site["runs"]["runs"]] == [
        ("a", ["layer1", "output"], [0, 1, 2]),
        ("deep/b", ["layer1", "output"], [1, 5]),
    ]
    assert site["missing"] == {}
    layout = open_run(logs / "a", cache=cache).project("output")
    (manifest,) = [item for item in site["folders"][0]["projections"] if item["block"] == "output"]
    assert manifest["state"] == "done"
    assert manifest["quality"] == layout.quality
    for index, step in enumerate(layout.steps):
        arrays, _ = frame_of(out, f"run0/positions-{step}")
        low, high = np.reshape(manifest["extent"], (2, 2))
        positions = low + arrays[manifest["id"]] / 65535 * (high - low)
        np.testing.assert_allclose(positions, layout.positions[index], atol=(high - low).max() / 65535)
        assert frame_of(out, f"run0/outcomes-{step}")[0]["predicted"].shape == (60,)
        assert frame_of(out, f"run0/preservation-{step}")[0][manifest["id"]].shape == (60,)
    assert frame_of(out, "run0/samples")[1]["ids"] == list(range(60))
    with Image.open(out / "data" / "run0" / "thumbnails-0.png") as sheet:
        assert sheet.size == (16 * 4, 4 * 4)
    size = sum(len(data) for name, data in content_of(out).items() if name != "neuromapper-export.json")
    assert f"{len(content_of(out)) - 1} files, {size / 1e6:.1f} MB" in result.stdout
    assert f"Open {out / 'index.html'} in a browser" in result.stdout


def test_export__twice_gives_the_same_bytes(logs, cache, tmp_path):
    """An earlier export is replaced as a whole, and what else is in its folder stays."""
    out = tmp_path / "site"
    assert cli("export", logs, out, "--cache", cache, "--neighbors", 3).returncode == 0
    first = content_of(out)
    (out / "CNAME").write_text("example.org")
    assert cli("export", logs, out, "--cache", cache, "--run", "a", "--neighbors", 3).returncode == 0
    assert not (out / "data" / "run1").exists()
    assert cli("export", logs, out, "--cache", cache, "--neighbors", 3).returncode == 0
    assert content_of(out) == {**first, "CNAME": b"example.org"}


def test_export__of_chosen_runs_blocks_and_layouts(logs, cache, tmp_path):
    """Only the chosen run and block, with the given parameters, without the nearest samples."""
    out = tmp_path / "site"
    flags = ["--run", "deep/b", "--block", "output", "--n-neighbors", 5, "--neighbors", 0]
    assert cli("export", logs, out, "--cache", cache, *flags).returncode == 0
    site = site_of(out)
    (folder,) = site["folders"]
    assert [block["name"] for block in folder["details"]["blocks"]] == ["output"]
    assert [item["parameters"]["n_neighbors"] for item in folder["projections"]] == [5]
    assert site["runs"]["exported"] == {"pairs": [], "n_neighbors": 0}
    assert not list(out.rglob("neighbors-*"))


def test_export__of_two_runs_side_by_side(logs, cache, tmp_path):
    """The pair has a folder of its own, whose blocks have a projection for each run."""
    out = tmp_path / "site"
    assert cli("export", logs, out, "--cache", cache, "--beside", "a", "deep/b").returncode == 0
    site = site_of(out)
    pair = site["folders"][0]
    assert pair["runs"] == ["a", "deep/b"]
    assert [(item["block"], item["run"], item["steps"]) for item in pair["projections"]] == [
        (block, run, steps) for block in ("layer1", "output") for run, steps in (("a", [0, 1, 2]), ("deep/b", [1, 5]))
    ]
    assert frame_of(out, "pair0/positions-1")[0].keys() == {item["id"] for item in pair["projections"]}
    assert frame_of(out, "pair0/positions-5")[0].keys() == {item["id"] for item in pair["projections"][1::2]}


def test_neighbor_table__holds_the_nearest():
    """Rows and distances come back; no neighbour is the row itself; a large slice has larger numbers."""
    ids = np.array([[1, 2, -1], [2, 0, 1], [0, -1, -1]], np.int32)
    distances = np.array([[0.5, 2.0, np.inf], [0.0, 0.5, 1.0], [2.0, np.inf, np.nan]], np.float32)
    arrays, attributes = neighbor_table(ids, distances, k=2)
    assert arrays["rows"].tolist() == [[1, 2], [2, 0], [0, 2]]
    assert arrays["rows"].dtype == np.uint16
    np.testing.assert_allclose(
        arrays["distances"] / 65535 * attributes["largest_distance"], [[0.5, 2], [0, 0.5], [2, 0]], atol=1e-4
    )
    many = np.zeros((70_000, 1), np.int32)
    assert neighbor_table(many, many.astype(np.float32), k=1)[0]["rows"].dtype == np.int32


def test_export__tells_what_failed(tmp_path, cache):
    """A damaged epoch is left out and reported on the page; a block without any fails, with status 1."""
    writer = LogWriter(tmp_path / "logs" / "a")
    writer.probe()
    for step, blocks in ((0, ["layer1"]), (1, ["layer1"]), (2, ["layer2"])):
        path = writer.epoch(step, blocks=blocks)
    flip_bit(path, -3)
    writer.outcomes(0).unlink()
    writer.close()
    result = cli("export", tmp_path / "logs", tmp_path / "site", "--cache", cache)
    assert result.returncode == 1
    assert "checksum" in result.stderr
    site = site_of(tmp_path / "site")
    states = {item["block"]: item["state"] for item in site["folders"][0]["projections"]}
    assert states == {"layer1": "done", "layer2": "failed"}
    assert "missing" in str(site["runs"]["runs"][0]["problems"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "out"], "nowhere is not a folder"),
        (["empty", "out"], "has NeuroMapper data"),
        (["logs", "out", "--run", "b"], "there is no run 'b' in"),
        (["logs", "out", "--block", "layer7"], "there is no block 'layer7' in these runs; there are layer1, output"),
        (["logs", "out", "--beside", "a", "a"], "names a run twice"),
        (["logs", "out", "--beside", "a", "c"], "share 0 samples"),
        (["logs", "out", "--neighbors", "99"], "0 to 30 are allowed"),
        (["logs", "out", "--min-dist", "7"], "from 0 to 1"),
        (["logs", "file"], "is a file; give a folder"),
        (["logs", "full"], "neither empty nor an earlier export (it holds notes.txt)"),
        (["logs", "logs/site"], "inside the log directory"),
        (["logs", "file/site"], "cannot be written"),
    ],
)
def test_export__explains_bad_input(tmp_path, cache, arguments, words):
    """What cannot be exported gets a sentence and the status of wrong flags; nothing is left behind."""
    write_run(tmp_path / "logs" / "a", steps=[0])
    if "c" in arguments:
        write_run(tmp_path / "logs" / "c", steps=[0], ids=list(range(100, 160)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = content_of(tmp_path)
    result = cli("export", tmp_path / arguments[0], tmp_path / arguments[1], "--cache", cache, *arguments[2:])
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert content_of(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_export__explains_a_folder_without_permission(logs, cache, tmp_path):
    """A folder that may not be written to is reported before anything is computed."""
    (tmp_path / "locked").mkdir(mode=0o500)
    result = cli("export", logs, tmp_path / "locked" / "site", "--cache", cache)
    assert result.returncode == 2
    assert "cannot be written" in result.stderr


def test_export__help_says_what_it_does():
    """The help names the folder, what is left out, and each flag."""
    text = " ".join(cli("export", "--help").stdout.split())
    for words in ("without any server", "index.html", "--run NAME", "--block NAME", "--beside A B", "--neighbors K"):
        assert words in text
