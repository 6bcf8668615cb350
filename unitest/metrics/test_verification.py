"""Verification measures against golden references, plain loops and their own symmetries."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.metrics import (
    act_dcf,
    cllr,
    det_points,
    equal_error_rate,
    error_rates,
    min_cllr,
    min_dcf,
    pair_scores,
    roc_auc,
)


@pytest.fixture(scope="module")
def reference(golden):
    inputs, _, difference = golden("verification_metrics")
    scores, same = np.concatenate([inputs["target"], inputs["nontarget"]]), np.arange(300) < 61
    return {"plain": (scores, same), "tied": (np.round(scores, 1), same)}, difference


MEASURES = {
    "eer_linear": equal_error_rate,
    "min_dcf_p001": min_dcf,
    "min_dcf_p005": lambda scores, same: min_dcf(scores, same, p_target=0.05),
    "min_dcf_p05": lambda scores, same: min_dcf(scores, same, p_target=0.5),
    "cllr": cllr,
    "auc": roc_auc,
}


@pytest.mark.parametrize("kind", ["plain", "tied"])
@pytest.mark.parametrize("measure", MEASURES)
def test_golden_value(reference, kind, measure):
    trials, difference = reference
    assert difference(f"{kind}.{measure}", MEASURES[measure](*trials[kind])) < 1e-9


@pytest.mark.parametrize("kind", ["plain", "tied"])
def test_golden_points(reference, kind):
    trials, difference = reference
    far, frr, thresholds = error_rates(*trials[kind])
    assert difference(f"points_{kind}", np.stack([far, frr], axis=1)) < 1e-9
    assert thresholds[-1] == np.inf
    assert (np.diff(thresholds) > 0).all()


@st.composite
def trials(draw, max_size=40):
    """Scores on a coarse grid, so that there are ties, with both kinds of pair."""
    scores = draw(st.lists(st.integers(-8, 8), min_size=2, max_size=max_size))
    flags = draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)))
    flags[:2] = [True, False]
    return np.array(scores, float), np.array(flags)


def loop_points(scores, same):
    targets = [s for s, flag in zip(scores, same, strict=True) if flag]
    others = [s for s, flag in zip(scores, same, strict=True) if not flag]
    points = []
    for threshold in [*sorted(set(scores)), math.inf]:
        far = sum(s >= threshold for s in others) / len(others)
        frr = sum(s < threshold for s in targets) / len(targets)
        points.append((far, frr))
    return points


@given(trials())
def test_error_rates_equal_plain_loops(case):
    far, frr, _ = error_rates(*case)
    np.testing.assert_allclose(np.stack([far, frr], axis=1), loop_points(*case), atol=1e-12)


@given(trials())
def test_equal_error_rate_equals_plain_loops(case):
    points = loop_points(*case)
    for (far0, frr0), (far1, frr1) in pairwise(points):
        if frr1 >= far1:
            share = (far0 - frr0) / ((far0 - frr0) + (frr1 - far1))
            break
    assert equal_error_rate(*case) == pytest.approx(far0 + share * (far1 - far0), abs=1e-12)


@given(trials(), st.floats(0.01, 0.99))
def test_detection_cost_equals_plain_loops(case, p_target):
    points = loop_points(*case)
    costs = [p_target * frr + (1 - p_target) * far for far, frr in points]
    assert min_dcf(*case, p_target=p_target) == pytest.approx(min(costs) / min(p_target, 1 - p_target))


@given(trials())
def test_area_equals_plain_loops(case):
    scores, same = case
    right = [(a > b) + (a == b) / 2 for a in scores[same] for b in scores[~same]]
    assert roc_auc(*case) == pytest.approx(np.mean(right))


@given(trials())
def test_measures_do_not_change_under_rising_maps(case):
    scores, same = case
    mapped = np.exp(scores / 3) + 2
    for measure in (equal_error_rate, min_dcf, roc_auc, min_cllr):
        assert measure(mapped, same) == pytest.approx(measure(scores, same), abs=1e-12)


@given(trials())
def test_equal_error_rate_symmetries(case):
    scores, same = case
    assert equal_error_rate(-scores, ~same) == pytest.approx(equal_error_rate(scores, same), abs=1e-12)
    assert equal_error_rate(-scores, same) == pytest.approx(1 - equal_error_rate(scores, same), abs=1e-12)
    order = np.random.default_rng(0).permutation(len(scores))
    assert equal_error_rate(scores[order], same[order]) == equal_error_rate(scores, same)
    assert equal_error_rate(np.tile(scores, 3), np.tile(same, 3)) == pytest.approx(equal_error_rate(scores, same))


@given(trials())
def test_better_scores_do_not_raise_the_equal_error_rate(case):
    scores, same = case
    assert equal_error_rate(scores + same, same) <= equal_error_rate(scores, same) + 1e-12


@given(trials())
def test_det_points_draw_the_same_curve(case):
    far, frr, _ = error_rates(*case)
    corner_far, corner_frr, _ = det_points(*case)
    assert set(zip(corner_far, corner_frr, strict=True)) <= set(zip(far, frr, strict=True))
    area = np.sum((corner_far[:-1] - corner_far[1:]) * (1 - (corner_frr[:-1] + corner_frr[1:]) / 2))
    assert area == pytest.approx(roc_auc(*case))


@given(trials(), st.floats(0.05, 0.95))
def test_calibrated_threshold_never_beats_the_best(case, p_target):
    assert act_dcf(*case, p_target=p_target) >= min_dcf(*case, p_target=p_target) - 1e-12


@given(trials())
def test_best_calibration_never_loses(case):
    scores, same = case
    assert min_cllr(scores, same) <= min(cllr(scores, same), 1.0) + 1e-9


def test_min_cllr_of_the_best_calibration_is_itself():
    # Two scores, 3 : 1 and 1 : 3 targets to non-targets: the best LLRs are +-ln 3.
    scores = np.repeat([0.0, 1.0], 4)
    same = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    assert min_cllr(scores, same) == pytest.approx(cllr((2 * scores - 1) * np.log(3), same))


def test_act_dcf_threshold_follows_the_prior_and_the_costs():
    llrs, same = np.array([-1.0, 0.5, 4.0, 6.0]), np.array([False, False, True, True])
    assert act_dcf(llrs, same, p_target=0.5) == 0.5
    assert act_dcf(llrs, same, p_target=0.5, c_fa=2.0) == 0.0
    assert act_dcf(llrs, same, p_target=0.01) == pytest.approx(0.5)  # ln 99 = 4.6 rejects the target at 4


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean", "precomputed"])
@pytest.mark.parametrize("block_size", [1, 4, 1000])
def test_pair_scores_equal_plain_loops(similarity, block_size):
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(13, 13 if similarity == "precomputed" else 5)), rng.integers(0, 4, 13).astype(str)
    score = {
        "cosine": lambda i, j: x[i] @ x[j] / np.linalg.norm(x[i]) / np.linalg.norm(x[j]),
        "dot": lambda i, j: x[i] @ x[j],
        "euclidean": lambda i, j: 1 / (1 + np.linalg.norm(x[i] - x[j])),
        "precomputed": lambda i, j: x[i, j],
    }[similarity]
    pairs = [(i, j) for i in range(13) for j in range(i + 1, 13)]
    scores, same = pair_scores(x, labels, similarity, block_size)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [score(i, j) for i, j in pairs], atol=1e-6)
    assert same.tolist() == [labels[i] == labels[j] for i, j in pairs]


def test_pair_scores_refuse_a_zero_embedding():
    with pytest.raises(ValueError, match=r"all zeros has no cosine. Received: 1 of 2"):
        pair_scores(np.array([[0.0, 0.0], [1.0, 0.0]]), [0, 0])


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 30), st.integers(0, 1000))
def test_pair_scores_do_not_depend_on_blocks(num_items, seed):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(num_items, 4)), rng.integers(0, 3, num_items)
    scores, same = pair_scores(x, labels, block_size=7)
    whole, same_whole = pair_scores(x, labels)
    np.testing.assert_allclose(scores, whole, atol=1e-6)
    assert (same == same_whole).all()


@pytest.mark.parametrize("measure", [error_rates, equal_error_rate, min_dcf, act_dcf, cllr, min_cllr, roc_auc])
@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([0.1, np.nan, 0.3], [True, False, True], "`scores` must hold no NaN. Received: 1 of 3, the first at index 1"),
        ([0.1, 0.2], [True, True], "different labels. Received: 2 and 0"),
        ([0.1, 0.2], [False, False], "Received: 0 and 2"),
        ([], [], "Received: 0 and 0"),
        ([0.1, 0.2], [True], r"one length. Received: shapes \(2,\) and \(1,\)"),
        ([[0.1, 0.2]], [[True, False]], "one-dimensional"),
        ([0.1, 0.2], [3, 7], r"`same` must be True or False for each pair. Received: values \[3 7\]"),
    ],
)
def test_bad_trials(measure, scores, same, message):
    with pytest.raises(ValueError, match=message):
        measure(np.array(scores, float), np.array(same))


@pytest.mark.parametrize("measure", [min_dcf, act_dcf])
def test_bad_costs(measure):
    with pytest.raises(ValueError, match=r"`p_target` must lie between 0 and 1. Received: p_target=1.5"):
        measure([0.0, 1.0], [False, True], p_target=1.5)
    with pytest.raises(ValueError, match=r"must be positive. Received: c_miss=0, c_fa=1"):
        measure([0.0, 1.0], [False, True], c_miss=0)


def test_bad_items():
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"Received: shapes \(3, 2\) and \(2,\)"):
        pair_scores(x, [0, 1])
    with pytest.raises(ValueError, match=r"not empty"):
        pair_scores(np.zeros((0, 4)), [])
    with pytest.raises(
        ValueError, match=r'must be "cosine", "dot", "euclidean", or a function .* Received: similarity=.l2.'
    ):
        pair_scores(x, [0, 1, 1], "l2")
    with pytest.raises(ValueError, match=r"must be square.*shape \(3, 2\)"):
        pair_scores(x, [0, 1, 1], "precomputed")
    with pytest.raises(ValueError, match=r"`block_size` must be positive. Received: block_size=0"):
        pair_scores(x, [0, 1, 1], block_size=0)
    x[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinity in 1 of 3 rows, the first is row 1"):
        pair_scores(x, [0, 1, 1])


def test_pair_scores_within_groups_leave_out_the_others():
    x, labels, groups = np.random.default_rng(3).normal(size=(9, 4)), [0, 0, 1, 1, 2, 2, 3, 3, 3], list("aaaabbbbb")
    scores, same = pair_scores(x, labels, groups=groups, block_size=2)
    parts = [pair_scores(x[:4], labels[:4]), pair_scores(x[4:], labels[4:])]
    np.testing.assert_allclose(scores, np.concatenate([part[0] for part in parts]), atol=1e-6)
    assert same.tolist() == np.concatenate([part[1] for part in parts]).tolist()
    with pytest.raises(ValueError, match=r"`groups` must have one entry for each of 9 items. Received: shape \(2,\)"):
        pair_scores(x, labels, groups=["a", "b"])
