import dataclasses
import json

import numpy as np
import pytest

from comparators.recognition.calibration import LogisticCalibration
from comparators.recognition.threshold import Threshold
from comparators.recognition.verification import decide

BY_HAND = Threshold(0.5, "by hand")


@pytest.mark.parametrize(("score", "decision"), [(0.4, False), (0.5, True), (0.6, True)])
def test_accepts_from_the_threshold_on(score, decision):
    answer = decide(np.float32(score), BY_HAND)
    assert answer.decision is decision
    assert bool(answer) is decision
    assert (answer.threshold, answer.origin, answer.probability) == (0.5, "by hand", None)


def test_no_decision_without_a_threshold():
    with pytest.warns(UserWarning, match="There is no threshold: fit one on your data with `fit_threshold`"):
        answer = decide(0.9)
    assert answer.decision is None
    assert str(answer) == "no answer: no threshold: fit one on your data with `fit_threshold`; score 0.900"
    with pytest.raises(ValueError, match="There is no decision"):
        bool(answer)


def test_abstains_on_little_speech():
    answer = decide(0.9, BY_HAND, speech_seconds=0.05, minimum_speech_seconds=1.0)
    assert answer.decision is None
    assert "not enough speech" in answer.reason
    assert decide(0.9, BY_HAND, speech_seconds=1.0, minimum_speech_seconds=1.0).decision is True


def test_probability_and_json():
    calibration = LogisticCalibration().fit([0.1, 0.3, 0.2, 0.7, 0.8, 0.25], [0, 0, 0, 1, 1, 1])
    answer = decide(np.float32(0.75), BY_HAND, calibration)
    assert 0.5 < answer.probability < 1
    assert json.loads(json.dumps(answer.to_dict())) == dataclasses.asdict(answer)


def test_messages():
    with pytest.raises(ValueError, match=r"`score` must be a finite number. Received: score=nan"):
        decide(float("nan"), BY_HAND)
