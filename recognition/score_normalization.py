"""Scores made comparable between items, by what a cohort of strangers scores with each of them."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import Similarity, prepare
from comparators.recognition.similarity import similarity_matrix, top_k


def z_norm(scores: ArrayLike, enroll_cohort: ArrayLike) -> np.ndarray:
    """Normalises by the cohort's scores with the enrolled items: some of them are like everybody.

    Args:
        scores: of enrolled items with test items `(num_enrolled, num_tests)`.
        enroll_cohort: of enrolled items with the cohort `(num_enrolled, cohort_size)`.

    Returns:
        `(num_enrolled, num_tests)` float64, in standard deviations above the mean of the cohort.

    Raises:
        ValueError: if the shapes do not match, or a cohort has fewer than two different scores.

    Example:
        >>> z_norm([[3.0, 5.0]], [[1.0, 3.0]]).tolist()
        [[1.0, 3.0]]

    Reference:
        Auckenthaler, Carey and Lloyd-Thomas (2000), Score normalization for text-independent speaker verification
        systems.
    """
    scores, enroll_cohort = _check(scores, enroll_cohort, "enroll_cohort", 0)
    mean, deviation = _statistics(enroll_cohort, None, "enroll_cohort")
    return (scores - mean[:, None]) / deviation[:, None]


def t_norm(scores: ArrayLike, test_cohort: ArrayLike) -> np.ndarray:
    """Normalises by the cohort's scores with the test items: some recordings are like everybody.

    Args:
        scores: of enrolled items with test items `(num_enrolled, num_tests)`.
        test_cohort: of test items with the cohort `(num_tests, cohort_size)`.

    Returns:
        `(num_enrolled, num_tests)` float64, in standard deviations above the mean of the cohort.

    Raises:
        ValueError: if the shapes do not match, or a cohort has fewer than two different scores.

    Example:
        >>> t_norm([[3.0], [5.0]], [[1.0, 3.0]]).tolist()
        [[1.0], [3.0]]

    Reference:
        Auckenthaler, Carey and Lloyd-Thomas (2000), Score normalization for text-independent speaker verification
        systems.
    """
    scores, test_cohort = _check(scores, test_cohort, "test_cohort", 1)
    mean, deviation = _statistics(test_cohort, None, "test_cohort")
    return (scores - mean) / deviation


def s_norm(scores: ArrayLike, enroll_cohort: ArrayLike, test_cohort: ArrayLike) -> np.ndarray:
    """The mean of `z_norm` and `t_norm`: both sides count alike.

    Args:
        scores: of enrolled items with test items `(num_enrolled, num_tests)`.
        enroll_cohort: of enrolled items with the cohort `(num_enrolled, cohort_size)`.
        test_cohort: of test items with the cohort `(num_tests, cohort_size)`.

    Returns:
        `(num_enrolled, num_tests)` float64.

    Raises:
        ValueError: as `z_norm` and `t_norm` do.

    Example:
        >>> s_norm([[3.0]], [[1.0, 3.0]], [[-2.0, 0.0]]).tolist()
        [[2.5]]

    Reference:
        Kenny (2010), Bayesian speaker verification with heavy-tailed priors.
    """
    return (z_norm(scores, enroll_cohort) + t_norm(scores, test_cohort)) / 2


def as_norm(scores: ArrayLike, enroll_cohort: ArrayLike, test_cohort: ArrayLike, top_n: int = 200) -> np.ndarray:
    """`s_norm` with only the most similar part of the cohort for each item: the strangers one could take it for.

    Args:
        scores: of enrolled items with test items `(num_enrolled, num_tests)`.
        enroll_cohort: of enrolled items with the cohort `(num_enrolled, cohort_size)`.
        test_cohort: of test items with the cohort `(num_tests, cohort_size)`.
        top_n: how many of the cohort count for each item, the highest scores; all if there are fewer.

    Returns:
        `(num_enrolled, num_tests)` float64.

    Raises:
        ValueError: if `top_n` is below 2, or as `s_norm` does.

    Example:
        >>> as_norm([[3.0]], [[1.0, 3.0, -9.0]], [[-2.0, 0.0, -9.0]], top_n=2).tolist()
        [[2.5]]

    Reference:
        Matejka et al. (2017), Analysis of score normalization in multilingual speaker recognition.
    """
    scores, enroll_cohort = _check(scores, enroll_cohort, "enroll_cohort", 0)
    scores, test_cohort = _check(scores, test_cohort, "test_cohort", 1)
    enroll_mean, enroll_deviation = _statistics(enroll_cohort, top_n, "enroll_cohort")
    test_mean, test_deviation = _statistics(test_cohort, top_n, "test_cohort")
    return ((scores - enroll_mean[:, None]) / enroll_deviation[:, None] + (scores - test_mean) / test_deviation) / 2


class NormalizedSimilarity:
    """A similarity of embeddings with adaptive normalisation inside, wherever a similarity function is taken.

    Args:
        cohort: embeddings of strangers, none of whom is enrolled or asked about `(cohort_size, dim)`. A few hundred
            people, each the mean of some recordings, of the kind that will be compared.
        top_n: how many of them count for each item.
        similarity: what is normalised: "cosine", "euclidean" or a function.

    Raises:
        ValueError: if there are fewer than two in the cohort, or `top_n` is below 2.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> similarity = NormalizedSimilarity(rng.normal(size=(50, 4)), top_n=10)
        >>> similarity(rng.normal(size=(2, 4)), rng.normal(size=(3, 4))).shape
        (2, 3)
    """

    def __init__(self, cohort: ArrayLike, top_n: int = 200, similarity: Similarity = "cosine"):
        self.cohort = prepare(cohort, similarity, "cohort")
        self.top_n = top_n
        self.similarity = similarity
        _check_cohort(len(self.cohort), top_n, "cohort")

    def __call__(self, a: ArrayLike, b: ArrayLike) -> np.ndarray:
        """Scores all items of `a` with all items of `b`.

        Args:
            a: embeddings `(n, dim)`.
            b: embeddings `(m, dim)`.

        Returns:
            `(n, m)` float64, in standard deviations above the mean of the strangers most like the two items.

        Raises:
            ValueError: as `similarity_matrix` does.
        """
        scores = similarity_matrix(a, b, self.similarity)
        cohort_of_a, cohort_of_b = (top_k(x, self.cohort, self.top_n, self.similarity)[0] for x in (a, b))
        return as_norm(scores, cohort_of_a, cohort_of_b, self.top_n)


def _check(scores: ArrayLike, cohort: ArrayLike, name: str, axis: int) -> tuple[np.ndarray, np.ndarray]:
    scores, cohort = np.asarray(scores, np.float64), np.asarray(cohort, np.float64)
    if scores.ndim != 2 or cohort.ndim != 2 or scores.shape[axis] != len(cohort):
        raise ValueError(
            f"`scores` must be `(num_enrolled, num_tests)` and `{name}` have a row for each "
            f"{('enrolled', 'test')[axis]} item. Received: shapes {scores.shape} and {cohort.shape}."
        )
    if not (np.isfinite(scores).all() and np.isfinite(cohort).all()):
        raise ValueError(f"`scores` and `{name}` must be finite. Received: NaN or infinity. Look at the embeddings.")
    return scores, cohort


def _check_cohort(size: int, top_n: int | None, name: str) -> None:
    if size < 2 or (top_n is not None and top_n < 2):
        raise ValueError(f"`{name}` must have at least 2 scores to take. Received: {size} scores, top_n={top_n}.")


def _statistics(cohort: np.ndarray, top_n: int | None, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each row, or of its highest scores."""
    _check_cohort(cohort.shape[1], top_n, name)
    if top_n is not None and top_n < cohort.shape[1]:
        cohort = -np.partition(-cohort, top_n - 1, axis=1)[:, :top_n]
    deviation = cohort.std(axis=1)
    if (deviation == 0).any():
        raise ValueError(
            f"Each row of `{name}` must have two different scores. Received: {np.count_nonzero(deviation == 0)} "
            f"without, the "
            f"first is row {deviation.argmin()}. Take a larger cohort of different people."
        )
    return cohort.mean(axis=1), deviation
