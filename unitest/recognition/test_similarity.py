import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.metrics.similarity import as_embeddings, unit_rows
from comparators.recognition.similarity import cosine_similarity_matrix, paired_similarity, similarity_matrix, top_k


def loop_similarity(a, b, similarity):
    scores = np.empty((len(a), len(b)))
    for i, x in enumerate(a.astype(np.float64)):
        for j, y in enumerate(b.astype(np.float64)):
            if similarity == "cosine":
                scores[i, j] = x @ y / np.sqrt(x @ x) / np.sqrt(y @ y)
            else:
                scores[i, j] = 1 / (1 + np.sqrt(((x - y) ** 2).sum()))
    return scores


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
def test_similarity_matrix_is_the_plain_loop(similarity):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 5)).astype(np.float32), 3 * rng.normal(size=(4, 5)).astype(np.float32)
    np.testing.assert_allclose(similarity_matrix(a, b, similarity), loop_similarity(a, b, similarity), atol=1e-6)
    np.testing.assert_allclose(similarity_matrix(a, None, similarity), loop_similarity(a, a, similarity), atol=1e-6)
    np.testing.assert_allclose(
        paired_similarity(a[:4], b, similarity), np.diag(loop_similarity(a[:4], b, similarity)), atol=1e-6
    )


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
def test_an_item_is_most_alike_to_itself_even_far_from_the_origin(similarity):
    vectors = (1000 + np.random.default_rng(0).normal(size=(20, 16))).astype(np.float32)
    scores = similarity_matrix(vectors, similarity=similarity)
    assert (scores.argmax(axis=1) == np.arange(20)).all()
    assert scores.max() <= 1
    if similarity == "euclidean":
        assert scores.min() > 0
        np.testing.assert_allclose(np.diag(scores), 1, atol=1e-3)


def test_cosine_of_each_row_not_of_the_whole_matrix():
    np.testing.assert_allclose(cosine_similarity_matrix([[1e20, 0], [0, 1e-20]]), np.eye(2))


def test_functions_are_taken_as_similarity():
    def dot(a, b):
        return a @ b.T

    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(similarity_matrix(a, similarity=dot), a @ a.T)
    np.testing.assert_allclose(paired_similarity(a, a, dot, block_size=1), [5, 25])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.integers(1, 30),
    st.integers(1, 40),
    st.integers(1, 12),
    st.booleans(),
)
def test_top_k_is_a_stable_sort(seed, num_queries, num_items, k, block_size, coarse):
    rng = np.random.default_rng(seed)
    draw = (lambda n: rng.integers(1, 3, size=(n, 2))) if coarse else (lambda n: rng.normal(size=(n, 3)))
    queries, items = draw(num_queries), draw(num_items)

    def similarity(a, b):
        return (a[:, None] * b[None]).sum(axis=2)

    scores, indices = top_k(queries, items, k, similarity, block_size)
    matrix = similarity(as_embeddings(queries), as_embeddings(items))
    expected = np.argsort(-matrix, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(scores, np.take_along_axis(matrix, expected, axis=1), rtol=1e-6)


def test_top_k_of_nothing():
    scores, indices = top_k(np.empty((0, 2)), np.eye(2), k=3)
    assert scores.shape == indices.shape == (0, 2)
    scores, indices = top_k(np.eye(2), np.empty((0, 2)), k=3)
    assert scores.shape == indices.shape == (2, 0)


def test_messages():
    with pytest.raises(
        ValueError, match=r"`a` must be finite\. Received: NaN or infinity in 1 of 2 rows, the first is row 1"
    ):
        similarity_matrix([[1.0, 2.0], [np.nan, 1.0]])
    with pytest.raises(ValueError, match=r"all zeros has no cosine\. Received: 1 of 2 such rows, the first is row 0"):
        similarity_matrix([[0.0, 0.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match=r"one dimension\. Received: 2 and 3\. Were they made by two different models"):
        similarity_matrix(np.ones((1, 2)), np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"`similarity` must be .* Received: similarity='cosinus'"):
        similarity_matrix(np.eye(2), similarity="cosinus")
    with pytest.raises(ValueError, match=r"must return finite scores of shape \(2, 2\)"):
        similarity_matrix(np.eye(2), similarity=lambda a, b: np.zeros(2))
    with pytest.raises(ValueError, match=r"single embedding is `embedding\[None\]`"):
        unit_rows(np.ones(3))
    with pytest.raises(ValueError, match=r"`k` must be positive\. Received: k=0"):
        top_k(np.eye(2), np.eye(2), k=0)
    with pytest.raises(ValueError, match="one shape, a row for each pair"):
        paired_similarity(np.ones((1, 2)), np.ones((2, 2)))
