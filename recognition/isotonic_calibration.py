"""Calibration by a rising curve of any shape."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression
from scipy.special import logit

from comparators.metrics.trials import check_trials
from comparators.recognition.log_likelihood_ratio import check_scores, probability_of


class IsotonicCalibration:
    """Turns scores into log-likelihood ratios with a rising curve of any shape (pool adjacent violators).

    For many trials (thousands), where a line does not fit. One trial of each kind is added below all scores and one
    above, so that the ratios stay finite; between scores the curve goes along straight lines, and beyond them it is
    level.

    Attributes:
        scores: the distinct scores it was fitted on `(m,)`, ascending. None before `fit`.
        llrs: log-likelihood ratios there `(m,)`, never falling.

    Example:
        >>> scores, same = [0.1, 0.2, 0.4, 0.3, 0.8, 0.9], [False, False, False, True, True, True]
        >>> calibration = IsotonicCalibration().fit(scores, same)
        >>> calibration.llr([0.1, 0.35, 0.9]).round(3).tolist()
        [-1.099, 0.0, 1.099]

    Reference:
        Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability estimates.
    """

    def __init__(self):
        self.scores: np.ndarray | None = None
        self.llrs: np.ndarray | None = None

    def fit(self, scores: ArrayLike, same: ArrayLike) -> "IsotonicCalibration":
        """Fits the curve on trials.

        Args:
            scores: similarity of each pair `(n,)`, higher for the same label.
            same: True where both items of the pair have the same label `(n,)`.

        Returns:
            This calibration.

        Raises:
            ValueError: if the trials are not as above, or not finite.
        """
        scores, same = check_trials(scores, same)
        values, codes = np.unique(check_scores(scores, None)[:, 0], return_inverse=True)
        targets = np.concatenate([[1], np.bincount(codes, same), [1]])
        trials = np.concatenate([[2], np.bincount(codes), [2]])
        posterior = isotonic_regression(targets / trials, weights=trials).x[1:-1]
        prior = (np.count_nonzero(same) + 2) / (len(same) + 4)
        self.scores, self.llrs = values, logit(posterior) - logit(prior)
        return self

    def llr(self, scores: ArrayLike) -> np.ndarray:
        """Natural logarithm of how much more likely each score is between the same than between different labels.

        Args:
            scores: similarities `(n,)`.

        Returns:
            `(n,)` float64, finite.

        Raises:
            ValueError: if the calibration is not fitted.
        """
        if self.scores is None:
            raise ValueError("The calibration is not fitted. Call `fit(scores, same)` first.")
        return np.interp(check_scores(scores, None)[:, 0], self.scores, self.llrs)

    def probability(self, scores: ArrayLike, prior: float = 0.5) -> np.ndarray:
        """Probability that each pair is of the same label.

        Args:
            scores: similarities `(n,)`.
            prior: probability of the same label before looking, in (0, 1).

        Returns:
            `(n,)` in [0, 1].

        Raises:
            ValueError: if `prior` is not between 0 and 1, or the calibration is not fitted.
        """
        return probability_of(self.llr(scores), prior)

    def to_dict(self) -> dict:
        """Returns the calibration as a dict that JSON can hold: only the corners of the curve."""
        fields = {"kind": "isotonic", "scores": None, "llrs": None}
        if self.scores is not None:
            differs = self.llrs[1:] != self.llrs[:-1]
            corner = np.concatenate([[True], differs]) | np.concatenate([differs, [True]])
            fields |= {"scores": self.scores[corner].tolist(), "llrs": self.llrs[corner].tolist()}
        return fields

    @classmethod
    def from_dict(cls, fields: Mapping) -> "IsotonicCalibration":
        """Makes a calibration from what `to_dict` returned.

        Args:
            fields: as `to_dict` returns them.

        Returns:
            The calibration.
        """
        calibration = cls()
        if fields["scores"] is not None:
            calibration.scores, calibration.llrs = np.array(fields["scores"]), np.array(fields["llrs"])
        return calibration
