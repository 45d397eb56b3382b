"""The wheel and the sdist: what they hold, and that they work where nothing else is installed."""

import gzip
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the sdist of this checkout and the wheel that was made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    result = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def names_in(built, pattern):
    """The names of the files in the one archive that matches."""
    (path,) = built.glob(pattern)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    with tarfile.open(path) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_distributions__hold_the_built_page(built, pattern):
    """Installing a release needs no Node: the page is in the wheel and in the sdist."""
    names = names_in(built, pattern)
    assert "tb_neuromapper/static/index.js" in names
    assert "tb_neuromapper/py.typed" in names
    assert not [name for name in names if "node_modules" in name or name.startswith("tests/")]


def test_page__is_small(built):
    """All that a browser loads is less than 150 kB on its way, so that the tab opens fast over a slow line too."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("tb_neuromapper/static/")]
        sizes = {name: len(gzip.compress(archive.read(name))) for name in names if not name.endswith(".map")}
    assert 0 < sum(sizes.values()) < 150_000, sizes


def test_wheel__works_where_nothing_else_is_installed(built, tmp_path):
    """In a new environment without torch, TensorBoard finds the plugin and serves its page."""
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    install = [python, "-m", "pip", "install", "--quiet", str(wheel)]
    result = subprocess.run(install, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stderr
    script = """
import importlib.util, tempfile
from tensorboard import default, program
assert importlib.util.find_spec("torch") is None
board = program.TensorBoard(plugins=default.get_plugins())
board.configure(argv=["tensorboard", "--logdir", tempfile.mkdtemp(), "--port", "0", "--load_fast", "false"])
url = board.launch()
import json, urllib.request
listing = json.load(urllib.request.urlopen(url + "data/plugins_listing"))
assert listing["neuromapper"]["tab_name"] == "NeuroMapper", listing
page = urllib.request.urlopen(url + "data/plugin/neuromapper/static/index.js")
assert page.headers["Content-Type"].startswith("text/javascript")
assert b"render" in page.read()
print("works")
"""
    command = [python, "-W", "ignore", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert result.stdout.strip().endswith("works"), result.stdout + result.stderr
    help_text = subprocess.run(
        [tmp_path / "env" / "bin" / "tb-neuromapper", "demo"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "pip install 'tb-neuromapper[demo]'" in help_text.stderr
    assert "Traceback" not in help_text.stderr
