"""The answer to: are these two the same?"""

import warnings
from dataclasses import asdict, dataclass

from comparators.recognition.calibration import Calibration
from comparators.recognition.threshold import Threshold


@dataclass(frozen=True)
class Verification:
    """An answer to "are these two the same?", with what it rests on.

    It has no truth value of its own when it abstains: `if verification:` then raises, so that "not known" is never
    taken for "yes" or "no".

    Args:
        score: similarity of the two, higher for more alike; None where there was nothing to score.
        probability: calibrated probability that they are the same, None while there is no calibration.
        threshold: the score from which on they count as the same, None while there is none.
        origin: where the threshold comes from, in words.
        decision: True for the same, False for different, None where there is no answer.
        reason: why this decision, in words.

    Example:
        >>> answer = Verification(0.7, 0.9, 0.5, "by hand", True, "the score reaches the threshold")
        >>> print(answer)
        same: the score reaches the threshold; score 0.700, threshold 0.500 (by hand), probability 0.900
    """

    score: float | None
    probability: float | None
    threshold: float | None
    origin: str | None
    decision: bool | None
    reason: str

    def __str__(self) -> str:
        answer = {True: "same", False: "different", None: "no answer"}[self.decision]
        parts = [] if self.score is None else [f"score {self.score:.3f}"]
        if self.threshold is not None:
            parts.append(f"threshold {self.threshold:.3f} ({self.origin})")
        if self.probability is not None:
            parts.append(f"probability {self.probability:.3f}")
        return f"{answer}: {self.reason.rstrip('.')}" + (f"; {', '.join(parts)}" if parts else "")

    def __bool__(self) -> bool:
        if self.decision is None:
            raise ValueError(f"There is no decision: {self.reason} Look at `decision` and `score` instead.")
        return self.decision

    def to_dict(self) -> dict:
        """Returns the answer as a dict that JSON can hold."""
        return asdict(self)


def decide(
    score: float,
    threshold: Threshold | None = None,
    calibration: Calibration | None = None,
    speech_seconds: float | None = None,
    minimum_speech_seconds: float = 0.0,
) -> Verification:
    """Decides whether two items are the same, or says why it cannot.

    Args:
        score: similarity of the two, higher for more alike.
        threshold: fitted on data like these. Without one there is no decision, and a warning.
        calibration: fitted on data like these, for the probability.
        speech_seconds: speech in the shorter one of the two, if it is known.
        minimum_speech_seconds: with less speech than this there is no decision.

    Returns:
        Score, probability, threshold with its origin, decision and reason.

    Raises:
        ValueError: if the score is not a finite number.

    Example:
        >>> decide(0.7, Threshold(0.5, "by hand")).decision
        True
        >>> decide(0.7, Threshold(0.5, "by hand"), speech_seconds=0.3, minimum_speech_seconds=1.0).reason
        'not enough speech: 0.3 s, at least 1.0 s are needed.'
    """
    score = float(score)
    if score != score or score in (float("inf"), float("-inf")):
        raise ValueError(f"`score` must be a finite number. Received: score={score}. Look at the two embeddings.")
    value, origin = (None, None) if threshold is None else (float(threshold.value), threshold.origin)
    decision = None
    if speech_seconds is not None and speech_seconds < minimum_speech_seconds:
        reason = f"not enough speech: {speech_seconds:.1f} s, at least {minimum_speech_seconds:.1f} s are needed."
    elif value is None:
        reason = "no threshold: fit one on your data with `fit_threshold`."
        warnings.warn(f"There is {reason}", UserWarning, stacklevel=2)
    else:
        decision = score >= value
        reason = "the score reaches the threshold" if decision else "the score is below the threshold"
    probability = None if calibration is None else float(calibration.probability([score])[0])
    return Verification(score, probability, value, origin, decision, reason)
