import json
import pickle

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from comparators.metrics.verification import cllr, min_cllr
from comparators.recognition.calibration import IsotonicCalibration, LogisticCalibration, calibration_from_dict

KINDS = [LogisticCalibration, IsotonicCalibration]


def trials(num_target=2000, num_nontarget=6000, seed=0):
    """Normal scores of one variance, so that the true LLR is the line 2 * (score - 1)."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.normal(2, 1, num_target), rng.normal(0, 1, num_nontarget)])
    return scores, np.arange(num_target + num_nontarget) < num_target


def test_logistic_finds_the_true_line():
    calibration = LogisticCalibration().fit(*trials())
    np.testing.assert_allclose([calibration.slope, calibration.offset], [2, -2], atol=0.15)


def test_logistic_agrees_with_scikit_learn():
    scores, same = trials()
    for prior in (0.5, 0.01):
        weight = np.where(same, prior / same.sum(), (1 - prior) / (~same).sum()) * len(same)
        reference = LogisticRegression(C=np.inf, tol=1e-10).fit(scores[:, None], same, sample_weight=weight)
        calibration = LogisticCalibration(prior).fit(scores, same)
        offset = reference.intercept_[0] - np.log(prior / (1 - prior))
        np.testing.assert_allclose([calibration.slope, calibration.offset], [reference.coef_[0, 0], offset], atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_llrs_are_calibrated_on_further_trials(kind):
    calibration = kind().fit(*trials(seed=0))
    scores, same = trials(seed=1)
    llr = calibration.llr(scores)
    assert cllr(llr, same) < min_cllr(scores, same) + 0.03
    assert abs(calibration.probability(scores, prior=same.mean()).mean() - same.mean()) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_llrs_rise_with_the_score_and_are_finite(kind):
    for same in (np.arange(20) >= 10, np.arange(20) < 10, np.arange(20) % 2 == 0):
        calibration = kind().fit(np.linspace(0, 1, 20), same)
        llr = calibration.llr(np.linspace(-100, 100, 301))
        assert np.isfinite(llr).all()
        assert (np.diff(llr) >= -1e-12).all()


@pytest.mark.parametrize("kind", KINDS)
def test_dict_and_pickle(kind):
    scores, same = trials(50, 70)
    calibration = kind().fit(scores, same)
    for copy in (
        calibration_from_dict(json.loads(json.dumps(calibration.to_dict()))),
        pickle.loads(pickle.dumps(calibration)),
    ):
        assert type(copy) is kind
        np.testing.assert_allclose(copy.llr(scores), calibration.llr(scores), atol=1e-12)
    assert calibration_from_dict(kind().to_dict()).to_dict() == kind().to_dict()


def test_quality_measures_help():
    rng = np.random.default_rng(0)
    n = 8000
    same = rng.random(n) < 0.5
    quality = rng.normal(size=n)
    scores = same + quality + rng.normal(size=n) * 0.3
    plain, informed = LogisticCalibration().fit(scores, same), LogisticCalibration().fit(scores, same, quality)
    assert cllr(informed.llr(scores, quality), same) < 0.6 * cllr(plain.llr(scores), same)
    assert len(informed.quality_weights) == 1
    with pytest.raises(ValueError, match=r"`quality` must have 1 measures for each score.* Received: 0"):
        informed.llr(scores)
    copy = calibration_from_dict(informed.to_dict())
    np.testing.assert_array_equal(copy.llr(scores, quality), informed.llr(scores, quality))


def test_isotonic_is_the_plain_loop():
    """Pool adjacent violators: neighbouring blocks are joined until their shares of targets rise."""
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 12, size=60) / 10
    same = rng.random(60) < expit(4 * (scores - 0.6))
    values = np.unique(scores)
    blocks = [(1, 2, 0)] + [(same[scores == v].sum(), (scores == v).sum(), 1) for v in values] + [(1, 2, 0)]
    joined = True
    while joined:
        joined = False
        for i in range(len(blocks) - 1):
            (a, b, m), (c, d, n) = blocks[i], blocks[i + 1]
            if a * d >= c * b:
                blocks[i : i + 2] = [(a + c, b + d, m + n)]
                joined = True
                break
    posterior = np.concatenate([np.full(m, a / b) for a, b, m in blocks])
    prior = (same.sum() + 2) / 64
    expected = np.log(posterior / (1 - posterior)) - np.log(prior / (1 - prior))
    np.testing.assert_allclose(IsotonicCalibration().fit(scores, same).llr(values), expected, atol=1e-9)


def test_prior_moves_the_probability():
    calibration = LogisticCalibration().fit(*trials())
    llr = calibration.llr([1.3])
    np.testing.assert_allclose(calibration.probability([1.3], prior=0.1), expit(llr + np.log(0.1 / 0.9)))


def test_messages():
    with pytest.raises(ValueError, match=r"`prior` must be between 0 and 1\. Received: prior=0"):
        LogisticCalibration(0)
    for kind in KINDS:
        with pytest.raises(ValueError, match=r"not fitted\. Call `fit\(scores, same\)` first"):
            kind().llr([1.0])
        with pytest.raises(ValueError, match="must be finite"):
            kind().fit([np.inf, 1.0], [True, False])
        with pytest.raises(ValueError, match="`prior` must be between 0 and 1"):
            kind().fit([1.0, 0.0], [True, False]).probability([1.0], prior=1)
    with pytest.raises(ValueError, match=r"of kind logistic or isotonic. Received: kind='platt'"):
        calibration_from_dict({"kind": "platt"})
    with pytest.raises(ValueError, match=r"`quality` must be `\(2, num_measures\)`"):
        LogisticCalibration().fit([1.0, 0.0], [True, False], np.ones(3))
