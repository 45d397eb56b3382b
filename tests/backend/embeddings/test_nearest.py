"""The nearest samples of one sample in the activations themselves."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from tb_neuromapper.backend.embeddings.nearest import nearest_samples
from tb_neuromapper.backend.embeddings.parameters import METRICS
from tests.logs import LogWriter, flip_bit, write_run
from tests.reference import nearest


@pytest.mark.parametrize("metric", METRICS)
def test_nearest_samples__matches_the_plain_twin(metric):
    """Rows and distances are those of comparing all pairs by the textbook formula; chunks make no difference."""
    points = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float16)
    points[7] = points[3]
    ids, dists = nearest(points, 6, metric)
    for row in (0, 3, 39):
        for chunks in ([points], [points[:13], points[13:14], points[14:]]):
            rows, distances = nearest_samples(chunks, points[row], row=row, k=6, metric=metric)
            np.testing.assert_array_equal(rows, ids[row])
            np.testing.assert_allclose(distances, dists[row], atol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_nearest_samples__gives_rows_without_direction_a_distance(metric):
    """Rows of zeros are at 0 from one another and at 1 from all others, as everywhere else."""
    points = np.array([[0, 0], [1, 2], [0, 0], [-2, 1]], np.float32)
    rows, distances = nearest_samples([points], points[0], row=0, k=3, metric=metric)
    assert list(zip(rows, distances, strict=True)) == [(2, 0), (1, 1), (3, 1)]


def test_nearest_samples__leaves_out_what_is_not_finite():
    """A sample with NaN is no one's neighbour, and has none itself."""
    points = np.array([[0.0], [np.nan], [2.0], [np.inf]])
    rows, _ = nearest_samples([points], points[0], row=0, k=9, metric="euclidean")
    assert rows.tolist() == [2]
    with pytest.raises(ValueError, match="row 1 hold NaN"):
        nearest_samples([points], points[1], row=1, k=9, metric="euclidean")


@pytest.mark.parametrize("payload", ["file", "event"])
def test_neighbors__are_those_of_the_log(tmp_path, open_viewer, payload):
    """The route answers with the rows and distances of the block at the step, wherever its arrays lie."""
    writer = LogWriter(tmp_path / "a", payload=payload)
    writer.probe()
    writer.epoch(0)
    writer.epoch(3, seed=1)
    writer.close()
    twin = LogWriter(tmp_path.parent / f"{tmp_path.name}-twin")
    points = load_file(twin.epoch(3, seed=1))["activations/output"]
    twin.close()
    viewer = open_viewer(tmp_path)
    answer = viewer.json("neighbors", run="a", block="output", step=3, row=5)
    ids, dists = nearest(points, 10)
    assert answer["rows"] == ids[5].tolist()
    np.testing.assert_allclose(answer["distances"], dists[5], rtol=1e-6)
    assert (answer["block"], answer["step"], answer["row"], answer["metric"]) == ("output", 3, 5, "euclidean")
    cosine = viewer.json("neighbors", run="a", block="output", step=3, row=5, k=3, metric="cosine")
    assert cosine["rows"] == nearest(points, 3, "cosine")[0][5].tolist()


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("block=output&step=0&row=0", 400, "'run' is missing"),
        ("run=b&block=output&step=0&row=0", 404, "there are a"),
        ("run=a&step=0&row=0", 400, "'block' is missing"),
        ("run=a&block=nope&step=0&row=0", 404, "it has layer1, output"),
        ("run=a&block=output&row=0", 400, "'step' is missing"),
        ("run=a&block=output&step=9&row=0", 404, "no activations at step 9; it has 0, 1"),
        ("run=a&block=output&step=0", 400, "'row' is missing"),
        ("run=a&block=output&step=0&row=-1", 400, "only an integer of 0 or more"),
        ("run=a&block=output&step=0&row=60", 404, "the rows 0 to 59"),
        ("run=a&block=output&step=0&row=0&k=0", 400, "1 to 200"),
        ("run=a&block=output&step=0&row=0&k=201", 400, "1 to 200"),
        ("run=a&block=output&step=0&row=0&k=x", 400, "only an integer"),
        ("run=a&block=output&step=0&row=0&metric=hamming", 400, "only euclidean, cosine, correlation, manhattan"),
    ],
)
def test_neighbors__answers_bad_input_in_words(tmp_path, open_viewer, query, code, words):
    """A wrong request gets a 4xx with a sentence."""
    write_run(tmp_path / "a", steps=[0, 1])
    response = open_viewer(tmp_path).get(f"neighbors?{query}")
    assert response.status_code == code, response.text
    assert words in response.json["error"]


def test_neighbors__tell_of_a_damaged_file(tmp_path, open_viewer):
    """A flipped bit in the activations is a sentence, not a wrong neighbour."""
    writer = LogWriter(tmp_path / "a")
    writer.probe()
    path = writer.epoch(0)
    flip_bit(path, -9)
    writer.close()
    response = open_viewer(tmp_path).get("neighbors", run="a", block="output", step=0, row=0)
    assert response.status_code == 400
    assert "checksum" in response.json["error"]
