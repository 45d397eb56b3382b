"""Facts about parameters from outside."""

import pytest

from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters, parse_parameters


def test_parse_parameters__fills_in_defaults():
    """What is left out has the documented default."""
    assert parse_parameters({}) == ProjectionParameters()
    assert parse_parameters({"min_dist": 1, "n_neighbors": 5}) == ProjectionParameters(n_neighbors=5, min_dist=1.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n_neighbours": 5}, "unknown; allowed are n_neighbors"),
        ({"n_neighbors": 1}, "from 2 to 200"),
        ({"n_neighbors": 5.0}, "only an integer"),
        ({"n_neighbors": True}, "only an integer"),
        ({"min_dist": -0.1}, "from 0 to 1"),
        ({"min_dist": float("nan")}, "only a number"),
        ({"min_dist": "0.1"}, "only a number"),
        ({"alignment": float("inf")}, "from 0 to 10"),
        ({"alignment": 10**400}, "from 0 to 10"),
        ({"metric": "hamming"}, "allowed are euclidean"),
        ({"engine": ["umap-learn"]}, "allowed are neuromapper"),
        ({"seed": -1}, "from 0"),
    ],
)
def test_parse_parameters__says_what_is_allowed(values, words):
    """A wrong value gets a sentence that names the allowed ones."""
    with pytest.raises(ValueError, match=words):
        parse_parameters(values)
