"""The exported page: from a plain web server, and opened from disk."""

import functools
import http.server
import io
import re
import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tb_neuromapper import open_run
from tb_neuromapper.cli import main
from tests.browser.page import PATIENCE_MS, Tab
from tests.browser.pixels import hover_a_point, ink
from tests.servers import await_value


@pytest.fixture(scope="module")
def exported(trained, cache_folder, tmp_path_factory):
    """The folder with both trained runs, and the second beside the first."""
    out = tmp_path_factory.mktemp("exported") / "site"
    assert main(["export", str(trained), str(out), "--cache", str(cache_folder), "--beside", "first", "second"]) == 0
    return out


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def web_address(exported):
    """The folder's address on a web server that knows nothing of it."""
    handler = functools.partial(QuietHandler, directory=str(exported.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{exported.name}/"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["http", "file"])
def address(request, exported):
    """The page's address, on a web server and on disk."""
    if request.param == "file":
        return (exported / "index.html").as_uri()
    return request.getfixturevalue("web_address")


class ExportedTab(Tab):
    """An exported page, with the addresses of all that it asked for in `requests`.

    Args:
        page: A new page.
        url: The exported page's address.
        fragment: What stands behind it, from the # on.
    """

    def __init__(self, page, url, fragment=""):
        super().__init__(page, "about:blank")
        self.requests = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", self._note_failure)
        page.goto(f"{url}{fragment}")
        self.frame = page

    def _note_failure(self, request):
        if request.failure != "net::ERR_ABORTED":  # A page that is loaded again waits no longer for its files.
            self.errors.append(f"failed: {request.url} ({request.failure})")

    def evaluate(self, script, argument=None):
        """What a script returns in the page, which is in no frame."""
        return self.page.evaluate(script, argument)


@pytest.fixture
def open_page(browser):
    """A function that opens an exported page; nothing but its own files may be asked for, and no error be shown."""
    opened = []

    def opens(url, fragment="", *, size=(1280, 800), scheme="light", with_clock=False):
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        context.set_default_timeout(PATIENCE_MS)
        if with_clock:
            context.clock.install()
        opened.append((ExportedTab(context.new_page(), url, fragment), url))
        return opened[-1][0]

    yield opens
    for tab, _ in opened:
        tab.page.context.close()
    assert [error for tab, _ in opened for error in tab.unexpected_errors()] == []
    for tab, url in opened:
        own = re.sub(r"[^/]*$", "", url)
        assert [each for each in tab.requests if not each.startswith((own, "data:", "blob:"))] == []


def test_page__shows_the_screen(address, open_page):
    """Points of all blocks at every epoch, the sample under the pointer with its picture, classes to hide."""
    tab = open_page(address)
    tab.await_complete(run="first", steps=5, step=4)
    blocks = tab.inspect()["blocks"]
    assert [(block["name"], block["nPoints"]) for block in blocks] == [("2", 400), ("4", 400), ("output", 400)]
    newest = tab.pixels()
    tab.get("first").click()
    tab.await_root(step=0, settled="true")
    await_value(lambda: (tab.pixels() != newest).mean() > 0.005)
    hover_a_point(tab, tab.get("plot").first)
    expect(tab.get("sample-label")).to_contain_text("digit")
    expect(tab.get("sample-confidence")).to_contain_text("%")
    thumbnail = tab.get("thumbnail").first
    expect(thumbnail).to_be_visible()
    await_value(lambda: np.ptp(tab.pixels(thumbnail).astype(int)) > 100)
    before = tab.pixels()
    tab.get("class-3").click()
    expect(tab.get("class-3")).to_have_attribute("aria-pressed", "false")
    await_value(lambda: (tab.pixels() != before).mean() > 0.001)
    expect(tab.get("quality-words")).to_contain_text(re.compile(r"trustworthiness (> )?\d+ %"))
    tab.get("fade").click()
    expect(tab.get("fade-share")).to_contain_text("%")


def has_ink(tab):
    """Whether points are drawn in every view."""
    return all(ink(tab.pixels(plot)).max() > 100 for plot in tab.get("plot").all())


def test_page__draws_all_views_of_the_run_that_is_chosen(address, open_page):
    """Views of blocks that both runs have are drawn again after another run was chosen, to and fro."""
    tab = open_page(address)
    tab.await_complete(run="first")
    for run in ("second", "first", "second"):
        tab.get("run").select_option(run)
        tab.await_complete(run=run)
        expect(tab.get("plot")).to_have_count(3)
        await_value(lambda: has_ink(tab))


def test_page__keeps_its_state_in_the_address(address, open_page):
    """A link reopens the same run, epoch and classes; a reload as well."""
    tab = open_page(address)
    tab.await_complete(run="first")
    tab.get("run").select_option("second")
    tab.await_complete(run="second", steps=3, step=2)
    tab.get("first").click()
    tab.get("class-3").click()
    tab.await_root(step=0, settled="true")
    tab.page.wait_for_url(lambda url: "hidden=3" in url and "step=0" in url)
    tab.page.reload()
    tab.await_complete(run="second", step=0)
    link = tab.page.url
    again = open_page(link)
    again.await_complete(run="second", step=0)
    expect(again.get("class-3")).to_have_attribute("aria-pressed", "false")
    again.page.evaluate("() => { location.hash = '#neuromapper&p.neuromapper.run=first&p.neuromapper.step=1'; }")
    again.await_complete(run="first", step=1)


def test_page__saves_its_picture(address, open_page):
    """The picture is saved as PNG, from a web server and from disk."""
    tab = open_page(address)
    tab.await_complete(run="first", step=4)
    tab.get("save-menu").click()
    name, data = tab.save("save-png")
    assert name == "first_epoch_4.png"
    with Image.open(io.BytesIO(data)) as picture:
        assert np.asarray(picture.convert("RGB")).std() > 5


def test_page__lists_the_nearest_samples(exported, trained, cache_folder, address, open_page):
    """The nearest samples of a pinned one are those of the activations, as TensorBoard shows them."""
    points = open_run(trained / "first", cache=cache_folder).activations("4", 4).astype(float)
    distances = np.sqrt(((points - points[17]) ** 2).sum(axis=1))
    distances[17] = np.inf
    expected = np.argsort(distances, kind="stable")[:10].tolist()
    tab = open_page(address)
    tab.await_complete(run="first", step=4)
    tab.pin(17)
    near = tab.frame.locator("[data-testid=nearest-block][data-block='4'] [data-testid=neighbor]")
    expect(near).to_have_count(10)
    assert [int(near.nth(place).get_attribute("data-row")) for place in range(10)] == expected
    said = float(near.first.get_attribute("aria-label").rsplit(" at ", 1)[1])
    assert said == pytest.approx(distances[expected[0]], rel=0.02)


def test_page__shows_two_runs_side_by_side_as_exported(address, open_page):
    """The exported pair is offered with its evidence, the other way round is not; a link to it says so."""
    tab = open_page(address)
    tab.await_complete(run="first")
    expect(tab.get("beside").locator("option")).to_have_text(["beside …", "second"])
    tab.get("beside").select_option("second")
    await_value(lambda: {(block["run"]) for block in tab.inspect()["blocks"]} == {"first", "second"})
    tab.await_root(settled="true")
    expect(tab.get("panel")).to_have_count(6)
    for name in ("probe", "spread", "subclusters"):
        expect(tab.get(f"evidence-{name}").locator("td")).to_have_text([re.compile(r"\d")] * 2)
    tab.get("beside").select_option("")
    tab.get("run").select_option("second")
    tab.await_complete(run="second")
    expect(tab.get("beside")).to_have_count(0)
    other = open_page(address, "#neuromapper&p.neuromapper.run=second&p.neuromapper.beside=first")
    other.await_complete(run="second")
    expect(other.get("failure")).to_contain_text("does not hold second and first side by side")


def test_page__leaves_out_what_needs_a_server(web_address, open_page):
    """Nothing can be computed, the page says why, and nothing is polled; a link to another layout shows this one."""
    layout = "#neuromapper&p.neuromapper.layout=%253D%2Cn_neighbors%253A30"
    tab = open_page(web_address, layout, with_clock=True)
    tab.await_complete(run="first")
    expect(tab.get("status")).to_contain_text("exported page")
    tab.get("layout-menu").click()
    expect(tab.get("layout-exported")).to_contain_text("need TensorBoard")
    expect(tab.get("layout-compute")).to_have_count(0)
    expect(tab.get("tried")).to_contain_text("defaults")
    tab.await_still()
    n_requests = len(tab.requests)
    tab.page.clock.fast_forward("10:00")
    tab.await_still()
    assert len(tab.requests) == n_requests


@pytest.mark.parametrize("screen", ["gradients", "scalars", "playground"])
def test_page__opens_links_to_other_screens_at_the_embeddings(web_address, open_page, screen):
    """A link out of TensorBoard may name a screen that an exported page does not hold; nothing is asked for in vain."""
    link = f"#neuromapper&p.neuromapper.screen={screen}"
    tab = open_page(web_address, link)
    tab.await_complete(run="first", screen="embeddings")
    tab.page.evaluate("link => { location.hash = link; }", f"{link}&p.neuromapper.step=1")
    tab.await_complete(run="first", screen="embeddings", step=1)
    expect(tab.get("failure")).to_have_count(0)
    expect(tab.get(f"screen-{screen}")).to_have_count(0)


def test_page__says_which_file_is_missing(exported, tmp_path, open_page):
    """Without its data folder, or without one file, the page says so in a message."""
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(exported / "index.html", alone)
    tab = open_page((alone / "index.html").as_uri())
    tab.expected_errors += ["site.js"]
    expect(tab.page.locator("body")).to_contain_text("The folder data is missing beside this page")
    partial = tmp_path / "partial"
    shutil.copytree(exported, partial)
    (partial / "data" / "run0" / "positions-2.js").unlink()
    tab = open_page((partial / "index.html").as_uri())
    tab.expected_errors += ["positions-2.js"]
    tab.await_complete(run="first", step=4)
    expect(tab.get("failure")).to_contain_text("data/run0/positions-2.js of this exported page is missing")


@pytest.mark.parametrize("size", [(1920, 1080), (800, 600), (390, 844)])
def test_page__fits_its_window(web_address, open_page, size):
    """Nothing overflows sideways, on a dark system too."""
    tab = open_page(web_address, size=size, scheme="dark")
    tab.await_complete(run="first", theme="dark")
    assert tab.fits_sideways()
