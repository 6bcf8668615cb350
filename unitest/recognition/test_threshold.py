import json

import numpy as np
import pytest
from scipy.stats import binomtest

from comparators.metrics.verification import equal_error_rate
from comparators.recognition.threshold import Threshold, fit_threshold


def trials(num_target=400, num_nontarget=2000, seed=0):
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.normal(2, 1, num_target), rng.normal(0, 1, num_nontarget)])
    return scores, np.arange(num_target + num_nontarget) < num_target


def test_equal_errors():
    scores, same = trials()
    threshold = fit_threshold(scores, same)
    assert threshold.far == np.mean(scores[~same] >= threshold.value)
    assert threshold.frr == np.mean(scores[same] < threshold.value)
    assert abs(threshold.far - equal_error_rate(scores, same)) < 1 / 400
    assert abs(threshold.far - threshold.frr) <= 1 / 400
    assert (threshold.num_target, threshold.num_nontarget) == (400, 2000)


@pytest.mark.parametrize("target_far", [0.0005, 0.01, 0.05, 0.5])
def test_target_far_is_the_lowest_threshold_that_keeps_to_it(target_far):
    scores, same = trials()
    threshold = fit_threshold(scores, same, target_far=target_far)
    assert threshold.far == np.mean(scores[~same] >= threshold.value) <= target_far
    lower = np.max(scores[scores < threshold.value])
    assert np.mean(scores[~same] >= lower) > target_far
    interval = binomtest(round(threshold.far * 2000), 2000).proportion_ci()
    np.testing.assert_allclose(threshold.far_interval, interval, atol=1e-9)


def test_the_value_lies_between_scores():
    scores, same = trials()
    assert fit_threshold(scores, same).value not in scores
    assert fit_threshold([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1]).value == 0.5


def test_scores_that_do_not_tell():
    threshold = fit_threshold([0.5, 0.5, 0.5], [True, False, False])
    assert {threshold.far, threshold.frr} == {0.0, 1.0}
    assert np.isfinite(threshold.value)
    everything = fit_threshold([0.1, 0.8, 0.9], [True, False, False], target_far=0.5)
    assert everything.far == 0.5


def test_dict_and_text():
    threshold = fit_threshold(*trials(), target_far=0.01, origin="my speakers")
    assert Threshold.from_dict(json.loads(json.dumps(threshold.to_dict()))) == threshold
    assert threshold.origin == "false accept rate at most 0.01 on 400 target and 2,000 non-target trials, my speakers"
    assert "my speakers" in str(threshold)
    by_hand = Threshold(0.5, "by hand")
    assert Threshold.from_dict(json.loads(json.dumps(by_hand.to_dict()))) == by_hand


def test_messages():
    scores, same = trials()
    with pytest.raises(
        ValueError, match=r"cannot show a false accept rate of 0\.0001\..*Give at least 10,000 non-target"
    ):
        fit_threshold(scores, same, target_far=0.0001)
    with pytest.raises(
        ValueError, match=r"`target_far` must be between 0 and 1, such as \.01\. Received: target_far=1"
    ):
        fit_threshold(scores, same, target_far=1)
    with pytest.raises(ValueError, match=r"`target` must be \"eer\".* Received: target='err'"):
        fit_threshold(scores, same, target="err")
    with pytest.raises(ValueError, match="pairs of the same label and pairs of different labels"):
        fit_threshold(scores, np.ones(len(scores), bool))
    with pytest.raises(ValueError, match="`value` must be a finite score"):
        Threshold(float("nan"), "by hand")
