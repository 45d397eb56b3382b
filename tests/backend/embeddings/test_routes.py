"""What the routes of the embeddings screen refuse, and what of theirs may be cached."""

import pytest

from tests.logs import write_run


@pytest.fixture
def viewer(tmp_path, open_viewer):
    """A viewer of the run "a" with two epochs."""
    write_run(tmp_path / "a", steps=[0, 1])
    return open_viewer(tmp_path)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, 400, "run is None"),
        ({"run": 3}, 400, "only a string"),
        ({"run": "b"}, 404, "no run 'b'"),
        ({"run": "a", "blocks": "layer1"}, 400, "list of block names"),
        ({"run": "a", "blocks": ["layer9"]}, 404, "it has layer1, output"),
        ({"run": "a", "parameters": []}, 400, "only an object"),
        ({"run": "a", "parameters": {"n_neighbors": 1}}, 400, "from 2 to 200"),
        ([], 400, "only an object"),
    ],
)
def test_post_projections__answers_bad_input_in_words(viewer, body, code, words):
    """A wrong body gets a 4xx that says what is allowed."""
    response = viewer.post("projections", body)
    assert response.status_code == code
    assert words in response.json["error"]


def test_positions__may_be_cached_only_under_their_revision(viewer):
    """A URL that names the revision it got is immutable; any other is not cached."""
    manifests = viewer.project("a")
    ids = ",".join(item["id"] for item in manifests)
    revisions = ",".join(str(item["revisions"][0]) for item in manifests)
    fresh = viewer.get("positions", ids=ids, step=0, v=revisions)
    assert "immutable" in fresh.headers["Cache-Control"]
    assert "no-cache" in viewer.get("positions", ids=ids, step=0, v="1,2").headers["Cache-Control"]
    assert fresh.headers["X-Content-Type-Options"] == "nosniff"
