"""Measures of open-set recognition: who is it, or is it somebody who was never enrolled?

A probe is *known* if its label is enrolled, else *unknown*. Its score is that of its best match in the gallery, and it
is accepted where the score is at least the threshold.
"""

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.verification import equal_error_rate, roc_auc


def open_set_equal_error_rate(known_scores: ArrayLike, unknown_scores: ArrayLike) -> float:
    """The error rate where as many known probes are rejected as unknown ones are accepted.

    Whether the known probes got their right names is not looked at; see `fnir`.

    Args:
        known_scores: best score of each known probe `(num_known,)`.
        unknown_scores: best score of each unknown probe `(num_unknown,)`.

    Returns:
        The EER of known against unknown, between 0 and 1.

    Raises:
        ValueError: if one kind of probe is missing or a score is NaN.

    Example:
        >>> open_set_equal_error_rate([0.9, 0.8], [0.3, 0.2])
        0.0
    """
    return equal_error_rate(*_as_trials(known_scores, unknown_scores))


def auroc(known_scores: ArrayLike, unknown_scores: ArrayLike) -> float:
    """Share of (known, unknown) pairs of probes where the known one has the higher score, ties count one half.

    Args:
        known_scores: best score of each known probe `(num_known,)`.
        unknown_scores: best score of each unknown probe `(num_unknown,)`.

    Returns:
        The area under the ROC curve, between 0 and 1.

    Raises:
        ValueError: if one kind of probe is missing or a score is NaN.

    Example:
        >>> auroc([0.9, 0.4], [0.5, 0.2])
        0.75
    """
    return roc_auc(*_as_trials(known_scores, unknown_scores))


def fpir(unknown_scores: ArrayLike, threshold: float) -> float:
    """False positive identification rate: share of unknown probes that get a name.

    Args:
        unknown_scores: best score of each unknown probe `(num_unknown,)`.
        threshold: probes are accepted at this score or above.

    Returns:
        The rate, between 0 and 1.

    Raises:
        ValueError: if there is no probe or a score is NaN.

    Example:
        >>> fpir([0.1, 0.3, 0.6, 0.7], threshold=0.6)
        0.5
    """
    return float(np.mean(_check_scores(unknown_scores, "unknown_scores") >= threshold))


def fnir(known_scores: ArrayLike, correct: ArrayLike, threshold: float) -> float:
    """False negative identification rate: share of known probes that are rejected or get a wrong name.

    Args:
        known_scores: best score of each known probe `(num_known,)`.
        correct: True where the best match has the probe's label `(num_known,)`.
        threshold: probes are accepted at this score or above.

    Returns:
        The rate, between 0 and 1.

    Raises:
        ValueError: if there is no probe, a score is NaN, or the lengths differ.

    Example:
        >>> fnir([0.9, 0.8, 0.4, 0.9], [True, True, True, False], threshold=0.6)
        0.5
    """
    known_scores, correct = _check_correct(known_scores, correct)
    return float(1 - np.mean(correct & (known_scores >= threshold)))


def dir_at_fpir(known_scores: ArrayLike, correct: ArrayLike, unknown_scores: ArrayLike, target_fpir: float) -> float:
    """Detection and identification rate: share of known probes with their right name, at the allowed FPIR.

    The threshold is the lowest at which at most `target_fpir` of the unknown probes are accepted.

    Args:
        known_scores: best score of each known probe `(num_known,)`.
        correct: True where the best match has the probe's label `(num_known,)`.
        unknown_scores: best score of each unknown probe `(num_unknown,)`.
        target_fpir: allowed share of unknown probes that get a name, in [0, 1].

    Returns:
        The rate, between 0 and 1.

    Raises:
        ValueError: if one kind of probe is missing, a score is NaN, or `target_fpir` is out of range.

    Example:
        >>> dir_at_fpir([0.9, 0.8, 0.4], [True, True, True], [0.5, 0.3], target_fpir=0.0)
        0.6666666666666666

    Reference:
        Phillips, Grother and Micheals, "Evaluation methods in face recognition", Handbook of Face Recognition 2011.
    """
    known_scores, correct = _check_correct(known_scores, correct)
    unknown_scores = np.sort(_check_scores(unknown_scores, "unknown_scores"))[::-1]
    if not 0 <= target_fpir <= 1:
        raise ValueError(f"`target_fpir` must lie between 0 and 1. Received: target_fpir={target_fpir}.")
    allowed = int(np.floor(target_fpir * len(unknown_scores) + 1e-9))  # .3 * 10 is a little under 3
    accepted = known_scores > unknown_scores[allowed] if allowed < len(unknown_scores) else True
    return float(np.mean(correct & accepted))


def oscr(known_scores: ArrayLike, correct: ArrayLike, unknown_scores: ArrayLike) -> float:
    """Area under the open-set classification rate curve: names and rejection in one number.

    The curve shows the share of known probes accepted with their right name over the share of unknown probes accepted.
    Its area is the share of (known, unknown) pairs of probes where the known one has its right name and the higher
    score, ties count one half; it cannot exceed the accuracy on known probes.

    Args:
        known_scores: best score of each known probe `(num_known,)`.
        correct: True where the best match has the probe's label `(num_known,)`.
        unknown_scores: best score of each unknown probe `(num_unknown,)`.

    Returns:
        The area, between 0 and 1.

    Raises:
        ValueError: if one kind of probe is missing, a score is NaN, or the lengths differ.

    Example:
        >>> oscr([0.9, 0.8], [True, False], [0.5, 0.3])
        0.5

    Reference:
        Dhamija, Günther and Boult, "Reducing network agnostophobia", NeurIPS 2018.
    """
    known_scores, correct = _check_correct(known_scores, correct)
    unknown_scores = np.sort(_check_scores(unknown_scores, "unknown_scores"))
    right = known_scores[correct]
    below = np.searchsorted(unknown_scores, right, "left") + np.searchsorted(unknown_scores, right, "right")
    return float(below.sum() / 2 / (len(known_scores) * len(unknown_scores)))


def open_set_accuracy(
    labels: ArrayLike, predicted: ArrayLike, known_labels: ArrayLike, unknown_label: str | int = -1
) -> float:
    """Share of probes with the right answer: the name of those enrolled, `unknown_label` for all others.

    Args:
        labels: true label of each probe `(n,)`, enrolled or not.
        predicted: the recogniser's answer for each probe `(n,)`.
        known_labels: the enrolled labels.
        unknown_label: the answer that means "not enrolled".

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: if there is no probe or the lengths differ.

    Example:
        >>> open_set_accuracy(["ann", "eve", "bob"], ["ann", "?", "ann"], ["ann", "bob"], unknown_label="?")
        0.6666666666666666
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape or not labels.size:
        raise ValueError(
            "`labels` and `predicted` must be two one-dimensional arrays of one length, not empty. "
            f"Received: shapes {labels.shape} and {predicted.shape}."
        )
    known = np.isin(labels, np.asarray(known_labels))
    return float(np.mean(np.where(known, predicted == labels, predicted == unknown_label)))


def _as_trials(known_scores: ArrayLike, unknown_scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    known_scores = _check_scores(known_scores, "known_scores")
    unknown_scores = _check_scores(unknown_scores, "unknown_scores")
    scores = np.concatenate([known_scores, unknown_scores])
    return scores, np.arange(len(scores)) < len(known_scores)


def _check_scores(scores: ArrayLike, name: str) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not scores.size or np.isnan(scores).any():
        raise ValueError(
            f"`{name}` must be a one-dimensional array with one score per probe, not empty, without NaN. "
            f"Received: shape {scores.shape} with {np.isnan(scores).sum()} NaN."
        )
    return scores


def _check_correct(known_scores: ArrayLike, correct: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    known_scores, correct = _check_scores(known_scores, "known_scores"), np.asarray(correct)
    if correct.shape != known_scores.shape or not np.isin(correct, (0, 1)).all():
        raise ValueError(
            "`correct` must be True or False for each of `known_scores`. "
            f"Received: shapes {correct.shape} and {known_scores.shape}."
        )
    return known_scores, correct.astype(bool)
