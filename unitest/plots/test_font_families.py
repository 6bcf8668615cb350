"""Labels in scripts that matplotlib's own font lacks."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager

from comparators.plots import confusion_matrix, point_scatter, preview, similarity_matrix, top_scores
from comparators.plots.font_families import font_families

SCRIPT_C = "\U0001d49e"  # of matplotlib's own fonts in STIX alone


def entries(*names):
    return [entry for name in names for entry in font_manager.fontManager.ttflist if entry.name == name]


def test_the_first_font_that_has_the_characters(monkeypatch):
    own = list(matplotlib.rcParams["font.family"])
    assert font_families(["rain", "собака", 7, "two\nlines"]) == own
    fonts = entries("cmr10", "STIXGeneral", "DejaVu Serif")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    assert font_families(["rain", SCRIPT_C]) == [*own, "STIXGeneral"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", entries("cmr10", "Last Resort High-Efficiency"))
    assert font_families([SCRIPT_C]) == own


def test_labels_are_written_without_warnings(recwarn):
    names = np.array([f"{SCRIPT_C}at", "dog"])
    labels = names[[0, 1, 1, 0]]
    for ax in (
        confusion_matrix(labels, labels),
        similarity_matrix(np.eye(4), labels),
        top_scores(labels, np.arange(4)),
        preview((np.zeros((4, 5, 5, 1), np.uint8), labels)),
        point_scatter(np.eye(4)[:, :2], labels),
    ):
        ax.figure.draw_without_rendering()
    assert [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)] == []
    plt.close("all")
