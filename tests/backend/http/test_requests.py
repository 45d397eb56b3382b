"""What the HTTP interface refuses, and how."""

import gzip

import pytest

from tests.logs import write_run


@pytest.fixture
def viewer(tmp_path, open_viewer):
    """A viewer of the run "a" with two epochs."""
    write_run(tmp_path / "a", steps=[0, 1])
    return open_viewer(tmp_path)


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("run", 400, "'run' is missing"),
        ("run?run=zzz", 404, "there is no run 'zzz' with NeuroMapper data; there are a"),
        ("samples?run=", 404, "there is no run ''"),
        ("outcomes?run=a", 400, "'step' is missing"),
        ("outcomes?run=a&step=-1", 400, "only an integer of 0 or more"),
        ("outcomes?run=a&step=1e3", 400, "only an integer of 0 or more"),
        ("outcomes?run=a&step=99", 404, "it has 0, 1"),
        ("thumbnails?run=a&sheet=7", 404, "sheet 7 does not exist"),
        ("thumbnails?run=a&sheet=999999999999999", 404, "does not exist"),
        ("projections?ids=nonsense", 404, "ask for it with POST"),
        ("projections", 400, "'ids' is missing"),
        ("projections?ids=" + ",".join("x" * 300), 400, "1 to 256"),
        ("positions?ids=nonsense&step=0", 404, "there is no projection"),
        ("static/index.html", 404, "no page file"),
        ("static/../setup.py", 404, ""),
        ("static/..%2f..%2fschema.py", 404, ""),
        ("static/%2e%2e/%2e%2e/schema.py", 404, ""),
        ("static//etc/passwd.js", 404, "no page file"),
        ("static/a%00.js", 404, "no page file"),
        ("static/..%5c..%5csecret.js", 404, "no page file"),
    ],
)
def test_get__answers_bad_input_in_words(viewer, path, code, words):
    """A wrong request gets a 4xx with a sentence, never a traceback."""
    response = viewer.get(path)
    assert response.status_code == code, response.text
    assert words in response.text
    assert "Traceback" not in response.text


def test_post__needs_json_and_the_same_origin(viewer):
    """Another site's form or script cannot start work here."""
    url = "/data/plugin/neuromapper/projections"
    assert viewer.client.post(url, data={"run": "a"}).status_code == 415
    assert viewer.client.post(url, data="{", content_type="application/json").status_code == 400
    foreign = viewer.post("projections", {"run": "a"}, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    own = viewer.post("projections", {"run": "a"}, headers={"Origin": "http://localhost"})
    assert own.status_code == 200
    assert viewer.client.get("/data/plugin/neuromapper/cancel").status_code == 405
    assert viewer.client.delete(url).status_code == 405


def test_post__refuses_a_huge_body(viewer):
    """A body of more than a megabyte is not read."""
    response = viewer.post("projections", {"run": "a" * (1 << 20)})
    assert response.status_code == 413


def test_frontend_metadata__names_the_tab(viewer):
    """TensorBoard lists the tab as NeuroMapper and finds its module."""
    listing = viewer.client.get("/data/plugins_listing").json
    assert listing["neuromapper"]["tab_name"] == "NeuroMapper"
    assert listing["neuromapper"]["enabled"]
    assert listing["neuromapper"]["loading_mechanism"]["module_path"].endswith("/static/index.js")


def test_static__is_zipped_for_who_takes_it(viewer):
    """The page travels compressed to a browser that says so, with the same bytes as without."""
    path = "/data/plugin/neuromapper/static/index.js"
    plain = viewer.client.get(path, headers={"Accept-Encoding": "identity"})
    zipped = viewer.client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(zipped.data) == plain.data
