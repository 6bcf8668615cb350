"""How often sounds get the right class: accuracy, and precision, recall and F1 of the classes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class ClassificationReport(NamedTuple):
    """Measures of the answers to items of several classes.

    Attributes:
        accuracy: share of right answers.
        precision: mean over the classes of the share of right ones among the items that were given a class.
        recall: mean over the classes of the share of a class's items that were given it.
        f1: mean over the classes of the harmonic mean of both.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float


def classification_report(labels: ArrayLike, predicted: ArrayLike) -> ClassificationReport:
    """Measures answers: accuracy, and macro precision, recall and F1 (each class counts alike).

    The classes are those that occur, as a label or as an answer. A class that was never an answer has a precision of 0,
    one that was never a label a recall of 0.

    Args:
        labels: true class of each item `(n,)`.
        predicted: answer for each item `(n,)`.

    Returns:
        The four measures, 0 to 1.

    Raises:
        ValueError: the arrays have not one length, or are empty.

    Example:
        >>> report = classification_report(["dog", "dog", "rain"], ["dog", "rain", "rain"])
        >>> round(report.accuracy, 3), round(report.precision, 3), round(report.recall, 3), round(report.f1, 3)
        (0.667, 0.75, 0.75, 0.667)
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape or not labels.size:
        raise ValueError(
            "`labels` and `predicted` must be two one-dimensional arrays of one length, not empty. "
            f"Received: shapes {labels.shape} and {predicted.shape}."
        )
    classes, codes = np.unique(np.concatenate([labels, predicted]), return_inverse=True)
    truth, answers = codes[: len(labels)], codes[len(labels) :]
    right = np.bincount(truth[truth == answers], minlength=len(classes))
    occurring, given = (np.bincount(codes, minlength=len(classes)) for codes in (truth, answers))
    return ClassificationReport(
        float(np.mean(truth == answers)),
        float(np.mean(right / np.maximum(given, 1))),
        float(np.mean(right / np.maximum(occurring, 1))),
        float(np.mean(2 * right / (given + occurring))),
    )
