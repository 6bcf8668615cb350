"""Thresholds: fitted on the user's own trials, with how sure one can be of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from comparators.metrics.verification import error_rates


@dataclass(frozen=True)
class Threshold:
    """A score from which on two items count as the same, and where it comes from.

    Args:
        value: accept where `score >= value`; scores are similarities, higher for more alike.
        origin: how it was found and on what, in words.
        far: share of the non-target trials it was fitted on that it accepts.
        frr: share of the target trials it was fitted on that it rejects.
        far_interval: 95 % confidence interval of the false accept rate on further trials of this kind.
        frr_interval: the same for the false reject rate.
        num_target: number of target trials (the same label) it was fitted on.
        num_nontarget: number of non-target trials.

    Example:
        >>> Threshold(0.5, "by hand").accepts([0.4, 0.5]).tolist()
        [False, True]
    """

    value: float
    origin: str
    far: float | None = None
    frr: float | None = None
    far_interval: tuple[float, float] | None = None
    frr_interval: tuple[float, float] | None = None
    num_target: int = 0
    num_nontarget: int = 0

    def __post_init__(self):
        if not np.isfinite(self.value):
            raise ValueError(
                f"`value` must be a finite score. Received: value={self.value}. Fit it with `fit_threshold`."
            )

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.origin})"

    def accepts(self, scores: ArrayLike) -> np.ndarray:
        """Which scores are high enough.

        Args:
            scores: similarities, any shape.

        Returns:
            True where the score is at least the threshold, same shape.
        """
        return np.asarray(scores) >= self.value

    def to_dict(self) -> dict:
        """Returns the threshold as a dict that JSON can hold."""
        fields = asdict(self)
        return fields | {name: list(fields[name]) for name in ("far_interval", "frr_interval") if fields[name]}

    @classmethod
    def from_dict(cls, fields: Mapping) -> "Threshold":
        """Makes a threshold from what `to_dict` returned.

        Args:
            fields: as `to_dict` returns them.

        Returns:
            The threshold.
        """
        intervals = {name: tuple(fields[name]) for name in ("far_interval", "frr_interval") if fields.get(name)}
        return cls(**{**fields, **intervals})


def fit_threshold(
    scores: ArrayLike,
    same: ArrayLike,
    target: str = "eer",
    target_far: float | None = None,
    origin: str | None = None,
) -> Threshold:
    """Fits a threshold on trials of the user's own data: a threshold from another corpus may reject most of the users.

    The value lies halfway between two neighbouring scores, so that a score computed again with another rounding falls
    on the same side. The intervals are Clopper and Pearson's, which take trials as independent; all pairs of a few
    speakers are not, and the true uncertainty is then larger.

    Args:
        scores: similarity of each pair `(n,)`, higher for the same label.
        same: True where both items of the pair have the same label `(n,)`.
        target: "eer": where false accepts and false rejects are as equal as they can be. It is not looked at when
            `target_far` is given.
        target_far: the highest share of non-target trials to accept, in (0, 1); the threshold is the lowest that keeps
            to it.
        origin: on what data, in words; it is added to the threshold's origin.

    Returns:
        The threshold, with its error rates on these trials.

    Raises:
        ValueError: if the trials are not as above, `target` is unknown, or `target_far` is so low that the trials
        cannot show
            it: 1 in 1,000 needs at least 1,000 non-target trials.

    Example:
        >>> scores, same = [0.1, 0.2, 0.3, 0.8, 0.9], [False, False, False, True, True]
        >>> threshold = fit_threshold(scores, same, origin="the example")
        >>> round(threshold.value, 6), threshold.far, threshold.frr
        (0.55, 0.0, 0.0)
        >>> threshold.origin
        'equal error rate on 2 target and 3 non-target trials, the example'

    Reference:
        Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial.
    """
    if target != "eer":
        raise ValueError(
            f'`target` must be "eer"; for a false accept rate give `target_far`. Received: target={target!r}.'
        )
    far, frr, values = error_rates(scores, same)
    num_target = int(np.count_nonzero(same))
    num_nontarget = len(np.asarray(same)) - num_target
    if target_far is None:
        # Of thresholds equally far from the crossing the one with fewer errors, then the middle one.
        gap = np.abs(far - frr)
        best = np.flatnonzero(gap == gap.min())
        best = best[(far + frr)[best] == (far + frr)[best].min()]
        chosen, found = int(best[len(best) // 2]), "equal error rate"
    else:
        _check_target_far(target_far, num_nontarget)
        chosen, found = int(np.flatnonzero(far <= target_far)[0]), f"false accept rate at most {target_far:g}"
    where = f"on {num_target:,} target and {num_nontarget:,} non-target trials"
    return Threshold(
        value=_halfway(values, chosen),
        origin=f"{found} {where}" + (f", {origin}" if origin else ""),
        far=float(far[chosen]),
        frr=float(frr[chosen]),
        far_interval=_interval(round(far[chosen] * num_nontarget), num_nontarget),
        frr_interval=_interval(round(frr[chosen] * num_target), num_target),
        num_target=num_target,
        num_nontarget=num_nontarget,
    )


def _check_target_far(target_far: float, num_nontarget: int) -> None:
    if not 0 < target_far < 1:
        raise ValueError(f"`target_far` must be between 0 and 1, such as .01. Received: target_far={target_far}.")
    if target_far * num_nontarget < 1 - 1e-9:
        raise ValueError(
            f"{num_nontarget:,} non-target trials cannot show a false accept rate of {target_far:g}. "
            f"Received: target_far={target_far:g}. Give at least {int(np.ceil(1 / target_far - 1e-9)):,} non-target "
            f"trials, or a `target_far` of at least {1 / num_nontarget:.2g}."
        )


def _halfway(values: np.ndarray, chosen: int) -> float:
    """Halfway down to the next lower score; at an end just beyond the last score."""
    values = values[:-1].astype(np.float64)
    if chosen == 0:
        return float(values[0])
    if chosen == len(values):
        return float(np.nextafter(values[-1], np.inf))
    low, high = values[chosen - 1], values[chosen]
    middle = (low + high) / 2
    return float(middle if low < middle < high else high)


def _interval(errors: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = beta.ppf(tail, errors, trials - errors + 1) if errors else 0.0
    high = beta.ppf(1 - tail, errors + 1, trials - errors) if errors < trials else 1.0
    return float(low), float(high)
