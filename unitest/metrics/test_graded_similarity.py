"""Correlations against SciPy's, with ties; what has none; intervals that cover."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from comparators.metrics import correlation_interval, pearson_correlation, spearman_correlation


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.booleans(), st.booleans())
def test_values_are_those_of_scipy(seed, count, tied_scores, tied_judgements):
    rng = np.random.default_rng(seed)
    scores, judgements = rng.normal(size=(2, count)) @ np.diag(rng.uniform(0.1, 9, size=count))
    scores = np.round(scores) if tied_scores else scores
    judgements = np.round(judgements) if tied_judgements else judgements
    if not np.ptp(scores) or not np.ptp(judgements):
        return
    assert spearman_correlation(scores, judgements) == pytest.approx(stats.spearmanr(scores, judgements)[0], abs=1e-9)
    assert pearson_correlation(scores, judgements) == pytest.approx(stats.pearsonr(scores, judgements)[0], abs=1e-7)


def test_ranks_of_ties_by_hand():
    # Ranks 1, 2.5, 2.5, 4 and 1.5, 1.5, 3.5, 3.5: off their means -1.5, 0, 0, 1.5 and -1, -1, 1, 1.
    assert spearman_correlation([0.1, 0.5, 0.5, 0.9], [0, 0, 5, 5]) == pytest.approx(3 / np.sqrt(4.5 * 4))


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_unit_of_the_scores_does_not_count(scale):
    scores, judgements = np.array([0.1, 0.2, 0.9, 0.5]), [1, 2, 3, 4]
    for measure in (spearman_correlation, pearson_correlation):
        assert measure(scale * scores, judgements) == pytest.approx(measure(scores, judgements))
        assert measure(-scale * scores, judgements) == pytest.approx(-measure(scores, judgements))
    assert spearman_correlation(np.exp(scores), judgements) == spearman_correlation(scores, judgements)


@pytest.mark.parametrize("measure", [spearman_correlation, pearson_correlation, correlation_interval])
def test_equal_values_are_nan_with_a_warning(measure):
    with pytest.warns(UserWarning, match="All `scores` are equal: their correlation is not defined"):
        assert np.isnan(measure([1, 1, 1], [1, 2, 3])).all()
    with pytest.warns(UserWarning, match="All `judgements` are equal"):
        assert np.isnan(measure([1, 2, 3], [5, 5, 5])).all()


def test_interval_holds_the_estimate_narrows_and_is_seeded():
    rng = np.random.default_rng(0)
    widths = []
    for count in (40, 640):
        judgements = rng.integers(0, 6, size=count)
        scores = judgements + 2 * rng.normal(size=count)
        for measure, function in (("spearman", spearman_correlation), ("pearson", pearson_correlation)):
            low, high = correlation_interval(scores, judgements, measure, num_draws=200, seed=3)
            assert low < function(scores, judgements) < high
            assert (low, high) == correlation_interval(scores, judgements, measure, num_draws=200, seed=3)
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_interval_covers_as_often_as_it_says():
    rng, truth, covered = np.random.default_rng(1), 0.6, 0
    for draw in range(100):
        one, noise = rng.normal(size=(2, 80))
        other = truth * one + np.sqrt(1 - truth**2) * noise
        low, high = correlation_interval(one, other, "pearson", num_draws=150, confidence=0.8, seed=draw)
        covered += low < truth < high
    assert 68 <= covered <= 92


def test_draws_without_a_difference_are_drawn_again():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = correlation_interval([0.1, 0.9], [1, 5], num_draws=50)
    assert low == high == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": [1.0]}, r"of one length, .* Received: shapes \(1,\) and \(3,\)"),
        ({"scores": [1.0], "judgements": [2.0]}, "of two pairs at least"),
        ({"scores": [1.0, np.nan, np.inf]}, "`scores` must be finite. Received: nan for pair 1, 2 such in all"),
        ({"judgements": [1.0, 2.0, np.inf]}, "`judgements` must be finite. Received: inf for pair 2"),
        ({"measure": "kendall"}, "`measure` must be one of 'spearman', 'pearson'. Received: measure='kendall'"),
        ({"num_draws": 0}, "`num_draws` must be positive"),
        ({"confidence": 1.0}, "`confidence` must lie between 0 and 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        correlation_interval(**{"scores": [1.0, 2.0, 4.0], "judgements": [1.0, 2.0, 3.0]} | arguments)
