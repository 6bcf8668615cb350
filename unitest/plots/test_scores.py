"""Histograms and curves of scores say the figures that the metrics compute."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.special import ndtr

from comparators.metrics import equal_error_rate, roc_auc
from comparators.plots import det_curve, roc_curve, score_histogram


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    same = rng.random(4000) < 0.2
    return 0.3 * rng.normal(size=4000) + 0.6 * same, same


def legend_names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_histograms_sum_to_all_pairs_of_their_kind(trials):
    scores, same = trials
    ax = score_histogram(scores, same, num_bins=31)
    filled = [patch.get_data().values for patch in ax.patches if patch.get_fill()]
    assert [values.sum() for values in filled] == pytest.approx([100, 100])
    assert len(filled[0]) == 31
    assert legend_names(ax)[:2] == [f"different ({(~same).sum():,} pairs)", f"same ({same.sum()} pairs)"]
    assert ax.get_title() == f"EER {100 * equal_error_rate(scores, same):.1f} %"


def test_threshold_line_and_its_errors(trials):
    scores, same = trials
    ax = score_histogram(scores, same, threshold=0.25)
    far, frr = (scores[~same] >= 0.25).mean(), (scores[same] < 0.25).mean()
    assert legend_names(ax)[2] == f"threshold 0.250: {100 * far:.1f} % false accepts, {100 * frr:.1f} % false rejects"
    assert ax.lines[0].get_xdata()[0] == 0.25
    above = score_histogram(scores, same, threshold=9.0)
    assert "0.0 % false accepts, 100.0 % false rejects" in legend_names(above)[2]
    default = score_histogram(scores, same).lines[0].get_xdata()[0]
    assert (scores[~same] >= default).mean() == pytest.approx((scores[same] < default).mean(), abs=0.01)


def test_det_curve_passes_through_the_equal_error_rate(trials):
    ax = det_curve(*trials, name="system")
    rate = equal_error_rate(*trials)
    curve, point = ax.lines[0].get_xydata(), ax.lines[1].get_xydata()[0]
    assert ndtr(point) == pytest.approx([rate, rate])
    assert np.abs(curve - point).max(axis=1).min() < 0.05
    assert legend_names(ax) == [f"system (EER {100 * rate:.1f} %)"]
    for text, place in zip(ax.get_xticklabels(), ax.get_xticks(), strict=True):
        assert 100 * ndtr(place) == pytest.approx(float(text.get_text()))


def test_several_systems_share_one_axes(trials):
    scores, same = trials
    for draw in (det_curve, roc_curve):
        ax = draw(scores, same, name="first")
        assert draw(scores + 0.5 * same, same, name="second", ax=ax) is ax
        curves = [line for line in ax.lines if line.get_gid() == "detection_curve"]
        assert len({line.get_color() for line in curves}) == 2
        assert [name.split(" ")[0] for name in legend_names(ax)[:2]] == ["first", "second"]


def test_roc_curve_says_its_area(trials):
    ax = roc_curve(*trials)
    assert legend_names(ax) == [f"AUC {roc_auc(*trials):.3f}", "guessing"]
    x, y = ax.lines[0].get_xydata().T
    assert -np.trapezoid(y, x) / 1e4 == pytest.approx(roc_auc(*trials))


@pytest.mark.parametrize("draw", [det_curve, roc_curve, score_histogram])
def test_no_errors_at_all_only_errors_and_two_pairs(draw):
    for scores in ([0.1, 0.9], [0.9, 0.1], [0.5, 0.5]):
        ax = draw(np.array(scores), np.array([False, True]))
        ax.figure.canvas.draw()
    own = plt.figure().subplots()
    assert draw(np.array([0.1, 0.9]), np.array([False, True]), ax=own) is own


@pytest.mark.parametrize("draw", [det_curve, roc_curve, score_histogram])
def test_bad_input(draw):
    with pytest.raises(ValueError, match=r"`scores` must hold no NaN"):
        draw([0.1, np.nan], [True, False])
    with pytest.raises(ValueError, match=r"Received: 2 and 0"):
        draw([0.1, 0.2], [True, True])


def test_bad_histogram():
    with pytest.raises(ValueError, match=r"must be finite to be drawn. Received: 1 infinite"):
        score_histogram([0.1, np.inf], [True, False])
    with pytest.raises(ValueError, match=r"`num_bins` must be positive. Received: num_bins=0"):
        score_histogram([0.1, 0.2], [True, False], num_bins=0)
