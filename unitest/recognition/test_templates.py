import numpy as np
import pytest

from comparators.recognition.similarity import similarity_matrix
from comparators.recognition.templates import leave_one_out_scores, make_templates


def data(seed=0):
    rng = np.random.default_rng(seed)
    codes = np.array([0, 1, 1, 2, 2, 2, 2, 2, 2, 1, 0, 3])
    return rng.normal(size=(len(codes), 4)) + 2 * np.eye(4)[codes], codes


def dot(a, b):
    return a @ b.T


@pytest.mark.parametrize("similarity", ["cosine", "euclidean", dot])
@pytest.mark.parametrize("templates", ["all", "centroid", 2])
def test_leave_one_out_is_the_plain_loop(templates, similarity):
    """Each item is taken out of its template, or its label out of the templates, and all are compared again."""
    vectors, codes = data()
    made = make_templates(vectors, codes, templates, similarity, seed=0)
    known, unknown = leave_one_out_scores(vectors, codes, made, similarity, block_size=5)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if similarity == "cosine" else vectors
    expected_known, expected_unknown = [], []
    for item, code in enumerate(codes):
        rest, others = [], []
        for template, template_code in enumerate(made.codes):
            members = [i for i in np.flatnonzero(made.template_of_item == template) if i != item]
            assert all(codes[i] == template_code for i in members)
            if members:
                rest.append(units[members].mean(axis=0))
                if template_code != code:
                    others.append(rest[-1])
        if (codes == code).sum() > 1:
            expected_known.append(similarity_matrix(vectors[[item]], rest, similarity).max())
        expected_unknown.append(similarity_matrix(vectors[[item]], others, similarity).max())
    np.testing.assert_allclose(known, expected_known, atol=1e-9)
    np.testing.assert_allclose(unknown, expected_unknown, atol=1e-9)


def test_numbers_of_templates():
    vectors, codes = data()
    assert np.bincount(make_templates(vectors, codes, "all", "cosine", 0).codes).tolist() == [2, 3, 6, 1]
    assert np.bincount(make_templates(vectors, codes, "centroid", "cosine", 0).codes).tolist() == [1, 1, 1, 1]
    made = make_templates(vectors, codes, 2, "cosine", 0)
    assert np.bincount(made.codes).tolist() == [2, 2, 2, 1]
    assert made.counts.sum() == len(codes)
    again = make_templates(vectors, codes, 2, "cosine", 0)
    np.testing.assert_array_equal(made.vectors, again.vectors)


def test_one_label_and_equal_items():
    vectors, codes = np.ones((4, 2)), np.zeros(4, np.int64)
    made = make_templates(vectors, codes, 3, "cosine", 0)
    assert len(made.vectors) == 1
    known, unknown = leave_one_out_scores(vectors, codes, made, "cosine")
    np.testing.assert_allclose(known, np.ones(4))
    assert len(unknown) == 0
