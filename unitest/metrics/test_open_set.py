"""Open-set measures against plain loops."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparators.metrics import (
    auroc,
    dir_at_fpir,
    fnir,
    fpir,
    open_set_accuracy,
    open_set_equal_error_rate,
    oscr,
)

scores = st.lists(st.integers(0, 9), min_size=1, max_size=25).map(lambda values: np.array(values) / 10)


@st.composite
def probes(draw):
    known = draw(scores)
    correct = draw(st.lists(st.booleans(), min_size=len(known), max_size=len(known)))
    return known, np.array(correct), draw(scores)


@given(probes(), st.floats(0, 1))
def test_rates_equal_plain_loops(case, threshold):
    known, correct, unknown = case
    assert fpir(unknown, threshold) == pytest.approx(sum(u >= threshold for u in unknown) / len(unknown))
    missed = sum(not (right and k >= threshold) for k, right in zip(known, correct, strict=True))
    assert fnir(known, correct, threshold) == pytest.approx(missed / len(known))


@given(probes(), st.integers(0, 10))
def test_dir_equals_the_best_threshold_that_is_allowed(case, tenths):
    known, correct, unknown = case
    thresholds = [*known, *unknown, 2.0]
    allowed = [t for t in thresholds if fpir(unknown, t) <= tenths / 10 + 1e-12]
    best = max(1 - fnir(known, correct, t) for t in allowed)
    assert dir_at_fpir(known, correct, unknown, tenths / 10) == pytest.approx(best)


@given(probes())
def test_oscr_is_the_area_under_its_curve(case):
    known, correct, unknown = case
    thresholds = [*sorted({*known, *unknown}), 2.0]
    curve = [(fpir(unknown, t), 1 - fnir(known, correct, t)) for t in thresholds]
    area = sum((x0 - x1) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(curve))
    assert oscr(known, correct, unknown) == pytest.approx(area)
    assert oscr(known, correct, unknown) <= correct.mean() + 1e-12


@given(probes())
def test_with_every_name_right_oscr_is_auroc(case):
    known, _, unknown = case
    assert oscr(known, np.ones(len(known), bool), unknown) == pytest.approx(auroc(known, unknown))


@given(probes())
def test_equal_error_rate_lies_between_the_rates_around_it(case):
    known, _, unknown = case
    rate = open_set_equal_error_rate(known, unknown)
    thresholds = [*sorted({*known, *unknown}), 2.0]
    worst = min(max(fpir(unknown, t), fnir(known, np.ones(len(known), bool), t)) for t in thresholds)
    assert 0 <= rate <= worst + 1e-12


def test_accuracy_wants_unknown_for_labels_outside_the_gallery():
    labels, enrolled = np.array([0, 1, 2, 3]), [0, 1]
    assert open_set_accuracy(labels, [0, 1, -1, -1], enrolled) == 1.0
    assert open_set_accuracy(labels, [0, -1, 0, -1], enrolled) == 0.5
    assert open_set_accuracy(labels, [-1] * 4, enrolled) == 0.5
    assert open_set_accuracy(labels.astype(str), ["0", "1", "2", "none"], ["0", "1"], unknown_label="none") == 0.75


def test_bad_input():
    good, flags = [0.5, 0.6], [True, False]
    with pytest.raises(ValueError, match=r"`unknown_scores` must be .*Received: shape \(0,\)"):
        auroc(good, [])
    with pytest.raises(ValueError, match=r"`known_scores` must be .*with 1 NaN"):
        open_set_equal_error_rate([0.5, np.nan], good)
    with pytest.raises(ValueError, match=r"`correct` must be .*Received: shapes \(1,\) and \(2,\)"):
        fnir(good, [True], 0.5)
    with pytest.raises(ValueError, match=r"`target_fpir` must lie between 0 and 1. Received: target_fpir=2"):
        dir_at_fpir(good, flags, good, 2)
    with pytest.raises(ValueError, match=r"Received: shapes \(2,\) and \(1,\)"):
        open_set_accuracy([1, 2], [1], [1])
