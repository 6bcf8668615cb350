import numpy as np
import pytest

from comparators.metrics.verification import equal_error_rate
from comparators.recognition.knn_recognizer import KNNRecognizer
from comparators.recognition.score_normalization import NormalizedSimilarity, as_norm, s_norm, t_norm, z_norm
from comparators.recognition.similarity import similarity_matrix


def scores(num_enrolled=4, num_tests=3, cohort=20, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=shape) for shape in ((num_enrolled, num_tests), (num_enrolled, cohort), (num_tests, cohort))
    ]


def loop(pairs, enroll_cohort, test_cohort, top_n):
    normalized = np.empty((*pairs.shape, 2))
    for i in range(pairs.shape[0]):
        for j in range(pairs.shape[1]):
            for side, cohort in enumerate((enroll_cohort[i], test_cohort[j])):
                top = sorted(cohort, reverse=True)[:top_n]
                mean = sum(top) / len(top)
                deviation = (sum((score - mean) ** 2 for score in top) / len(top)) ** 0.5
                normalized[i, j, side] = (pairs[i, j] - mean) / deviation
    return normalized


def test_norms_are_the_plain_loop():
    pairs, enroll_cohort, test_cohort = scores()
    whole = loop(pairs, enroll_cohort, test_cohort, 20)
    np.testing.assert_allclose(z_norm(pairs, enroll_cohort), whole[..., 0])
    np.testing.assert_allclose(t_norm(pairs, test_cohort), whole[..., 1])
    np.testing.assert_allclose(s_norm(pairs, enroll_cohort, test_cohort), whole.mean(axis=2))
    for top_n in (2, 7, 20, 100):
        expected = loop(pairs, enroll_cohort, test_cohort, top_n).mean(axis=2)
        np.testing.assert_allclose(as_norm(pairs, enroll_cohort, test_cohort, top_n), expected)


def test_similarity_is_as_norm_of_its_scores():
    rng = np.random.default_rng(0)
    a, b, cohort = (rng.normal(size=(n, 6)) for n in (3, 4, 30))
    similarity = NormalizedSimilarity(cohort, top_n=8)
    expected = as_norm(similarity_matrix(a, b), similarity_matrix(a, cohort), similarity_matrix(b, cohort), top_n=8)
    np.testing.assert_allclose(similarity(a, b), expected, atol=1e-9)
    np.testing.assert_allclose(similarity(a, b), similarity(b, a).T, atol=1e-9)


def test_it_helps_where_some_items_are_like_everybody():
    """Each item has its own offset to all scores, as a noisy recording has."""
    rng = np.random.default_rng(0)
    offsets = 3 * rng.normal(size=40)
    same = np.eye(40, dtype=bool)
    pairs = rng.normal(size=(40, 40)) + offsets[:, None] + offsets + 3 * same
    cohort = rng.normal(size=(40, 100)) + offsets[:, None]
    plain = equal_error_rate(pairs.ravel(), same.ravel())
    normalized = equal_error_rate(as_norm(pairs, cohort, cohort, 50).ravel(), same.ravel())
    assert normalized < 0.85 * plain


def test_recognises_with_it():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 5)
    vectors = rng.normal(size=(6, 16))[labels] + 0.4 * rng.normal(size=(30, 16))
    similarity = NormalizedSimilarity(rng.normal(size=(60, 16)), top_n=20)
    recognizer = KNNRecognizer(similarity=similarity).fit(vectors[::2], labels[::2])
    assert (recognizer.predict(vectors[1::2]) == labels[1::2]).mean() > 0.9


def test_messages():
    pairs, enroll_cohort, test_cohort = scores()
    with pytest.raises(
        ValueError, match=r"`enroll_cohort` have a row for each enrolled item\. Received: shapes \(4, 3\)"
    ):
        z_norm(pairs, test_cohort)
    with pytest.raises(ValueError, match="`test_cohort` have a row for each test item"):
        t_norm(pairs, enroll_cohort)
    with pytest.raises(ValueError, match=r"two different scores\. Received: 4 without, the first is row 0"):
        z_norm(pairs, np.ones((4, 5)))
    with pytest.raises(ValueError, match=r"at least 2 scores to take\. Received: 20 scores, top_n=1"):
        as_norm(pairs, enroll_cohort, test_cohort, top_n=1)
    with pytest.raises(ValueError, match="must be finite"):
        z_norm(pairs, enroll_cohort * np.nan)
    with pytest.raises(ValueError, match=r"`cohort` must have at least 2 scores"):
        NormalizedSimilarity(np.ones((1, 4)))
