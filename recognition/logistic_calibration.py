"""Calibration by a straight line."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, logit

from comparators.metrics.trials import check_trials
from comparators.recognition.log_likelihood_ratio import check_scores, probability_of


class LogisticCalibration:
    """Turns scores into log-likelihood ratios with a straight line, fitted by logistic regression (Platt).

    The first choice: two numbers, so a few hundred trials are enough, and scores beyond those seen are in good hands.
    The line never falls: where the scores do not tell same from different, all ratios become the same. As in Platt's
    way, one trial of each kind counts as if its label were drawn anew from the prior, so that scores without any
    overlap still give a finite line.

    Args:
        prior: probability of the same label at which the fit is to be best, in (0, 1). Trials are weighted to it,
            however many there are of each kind.

    Attributes:
        slope: of the line, at least 0. None before `fit`.
        offset: of the line.
        quality_weights: one number for each quality measure, empty without any.

    Raises:
        ValueError: if `prior` is not between 0 and 1.

    Example:
        >>> scores, same = [0.1, 0.2, 0.4, 0.3, 0.8, 0.9], [False, False, False, True, True, True]
        >>> calibration = LogisticCalibration().fit(scores, same)
        >>> bool(calibration.llr([0.9])[0] > 0 > calibration.llr([0.1])[0])
        True

    Reference:
        Platt (1999), Probabilistic outputs for support vector machines; Brümmer and du Preez (2006),
        Application-independent evaluation of speaker detection.
    """

    def __init__(self, prior: float = 0.5):
        if not 0 < prior < 1:
            raise ValueError(f"`prior` must be between 0 and 1. Received: prior={prior}.")
        self.prior = prior
        self.slope: float | None = None
        self.offset = 0.0
        self.quality_weights = np.empty(0)

    def fit(self, scores: ArrayLike, same: ArrayLike, quality: ArrayLike | None = None) -> "LogisticCalibration":
        """Fits the line on trials.

        Args:
            scores: similarity of each pair `(n,)`, higher for the same label.
            same: True where both items of the pair have the same label `(n,)`.
            quality: what else is known of each pair, such as the log of the shorter one's seconds of speech `(n,
                num_measures)`.

        Returns:
            This calibration.

        Raises:
            ValueError: if the trials are not as above, or not finite.
        """
        scores, same = check_trials(scores, same)
        inputs = check_scores(scores, quality)
        mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
        scale[scale == 0] = 1
        # The last column is the constant.
        design = np.column_stack([(inputs - mean) / scale, np.ones(len(inputs))])
        num_target, num_nontarget = np.count_nonzero(same), np.count_nonzero(~same)
        goal = np.where(same, 1 - (1 - self.prior) / (num_target + 2), self.prior / (num_nontarget + 2))
        weight = np.where(same, self.prior / num_target, (1 - self.prior) / num_nontarget)
        line = _fit_line(design, goal, weight, logit(self.prior))
        if line[0] < 0:
            line = np.concatenate([[0], _fit_line(design[:, 1:], goal, weight, logit(self.prior))])
        weights = line[:-1] / scale
        self.slope, self.quality_weights = float(weights[0]), weights[1:]
        self.offset = float(line[-1] - weights @ mean)
        return self

    def llr(self, scores: ArrayLike, quality: ArrayLike | None = None) -> np.ndarray:
        """Natural logarithm of how much more likely each score is between the same than between different labels.

        Args:
            scores: similarities `(n,)`.
            quality: the measures that `fit` got, of these pairs `(n, num_measures)`.

        Returns:
            `(n,)` float64; 0 says nothing, 4.6 is 100 to 1 for the same.

        Raises:
            ValueError: if the calibration is not fitted, or `quality` is missing or has another number of measures.
        """
        if self.slope is None:
            raise ValueError("The calibration is not fitted. Call `fit(scores, same)` first.")
        inputs = check_scores(scores, quality)
        if inputs.shape[1] != 1 + len(self.quality_weights):
            raise ValueError(
                f"`quality` must have {len(self.quality_weights)} measures for each score, as in `fit`. "
                f"Received: {inputs.shape[1] - 1}."
            )
        return inputs @ np.concatenate([[self.slope], self.quality_weights]) + self.offset

    def probability(self, scores: ArrayLike, prior: float = 0.5, quality: ArrayLike | None = None) -> np.ndarray:
        """Probability that each pair is of the same label.

        Args:
            scores: similarities `(n,)`.
            prior: probability of the same label before looking, in (0, 1).
            quality: the measures that `fit` got, of these pairs `(n, num_measures)`.

        Returns:
            `(n,)` in [0, 1].

        Raises:
            ValueError: if `prior` is not between 0 and 1, or as `llr` does.
        """
        return probability_of(self.llr(scores, quality), prior)

    def to_dict(self) -> dict:
        """Returns the calibration as a dict that JSON can hold."""
        return {
            "kind": "logistic",
            "prior": self.prior,
            "slope": self.slope,
            "offset": self.offset,
            "quality_weights": self.quality_weights.tolist(),
        }

    @classmethod
    def from_dict(cls, fields: Mapping) -> "LogisticCalibration":
        """Makes a calibration from what `to_dict` returned.

        Args:
            fields: as `to_dict` returns them.

        Returns:
            The calibration.
        """
        calibration = cls(fields["prior"])
        calibration.slope, calibration.offset = fields["slope"], fields["offset"]
        calibration.quality_weights = np.array(fields["quality_weights"], dtype=np.float64)
        return calibration


def _fit_line(design: np.ndarray, goal: np.ndarray, weight: np.ndarray, bias: float) -> np.ndarray:
    """Weighted logistic regression: convex, so a trust-region Newton method finds the one minimum."""

    def loss(line):
        logits = design @ line + bias
        return weight @ (np.logaddexp(0, logits) - goal * logits)

    def gradient(line):
        return design.T @ (weight * (expit(design @ line + bias) - goal))

    def hessian(line):
        probability = expit(design @ line + bias)
        return (design * (weight * probability * (1 - probability))[:, None]).T @ design

    start = np.zeros(design.shape[1])
    return minimize(loss, start, jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10}).x
