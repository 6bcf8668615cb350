"""Scatter plots: all points are there, names can be told apart and do not cover each other."""

import itertools
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.plots import embedding_scatter, point_scatter, project
from comparators.plots.palette import label_styles
from comparators.plots.text_layout import place_boxes


def clouds(num_labels, items, spread=0.3, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(num_labels), items)
    return rng.normal(size=(num_labels, 16))[codes] + spread * rng.normal(size=(len(codes), 16)), codes


def num_points(ax):
    return sum(len(collection.get_offsets()) for collection in ax.collections)


def legend_names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_sixty_labels_differ():
    styles = label_styles(range(60))
    assert len(set(styles.values())) == 60


@pytest.mark.parametrize(("num_labels", "items"), [(2, 20), (12, 6), (24, 6), (60, 4)])
def test_every_label_is_in_the_legend_and_every_point_in_the_picture(num_labels, items):
    x, codes = clouds(num_labels, items)
    labels = np.array([f"voice_{code:02d}" for code in codes])
    ax = embedding_scatter(x, labels, method="pca")
    assert num_points(ax) == len(x)
    assert legend_names(ax) == sorted(set(labels))
    assert [text.get_text() for text in ax.texts] == (sorted(set(labels)) if num_labels > 12 else [])


def test_rings_are_hollow():
    ax = point_scatter(np.arange(8).reshape(4, 2), ["a", "b", "b", "c"], rings=["b", "z"])
    assert [len(collection.get_facecolor()) > 0 for collection in ax.collections] == [True, False, True]
    assert legend_names(ax) == ["a", "b", "c"]


@pytest.mark.parametrize("num_labels", [24, 60])
@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_names_do_not_overlap_and_stay_inside(num_labels, spread):
    x, codes = clouds(num_labels, 6, spread)
    ax = embedding_scatter(x, np.array([f"voice_{code:02d}" for code in codes]), method="pca")
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    frame = ax.get_window_extent()
    assert not any(first.overlaps(second) for first, second in itertools.combinations(boxes, 2))
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)
    legend = ax.get_legend().get_window_extent()
    width, height = ax.figure.get_size_inches() * ax.figure.dpi
    assert frame.x1 < legend.x0
    assert legend.x1 <= width
    assert 0 <= legend.y0 <= legend.y1 <= height


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 30), st.integers(0, 1000))
def test_boxes_have_no_overlap_where_there_is_room(num_boxes, seed):
    rng = np.random.default_rng(seed)
    homes, sizes = rng.uniform(0, 600, (num_boxes, 2)), rng.uniform([20, 8], [60, 14], (num_boxes, 2))
    centres = place_boxes(homes, sizes, np.array([[0, 0], [600, 600]]), homes)
    for a, b in itertools.combinations(range(num_boxes), 2):
        assert (np.abs(centres[a] - centres[b]) >= (sizes[a] + sizes[b]) / 2 - 1e-3).any()
    assert ((centres - sizes / 2 >= -1e-9) & (centres + sizes / 2 <= 600 + 1e-9)).all()


def test_more_labels_than_styles_are_drawn_without_names():
    x, codes = clouds(100, 2)
    ax = embedding_scatter(x, codes, method="pca")
    assert num_points(ax) == 200
    assert ax.get_legend() is None
    assert not ax.texts


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ([0, 0, -1, -1], "noise (2)"),
        (["ann", "ann", "unknown", "unknown"], "unknown (2)"),
        (["ann", "ann", "", "unknown"], "unlabelled (2)"),
        (np.array(["ann", "ann", None, np.nan], object), "unlabelled (2)"),
    ],
)
def test_points_without_label_are_grey_and_counted(labels, name):
    ax = point_scatter(np.eye(4)[:, :2], labels)
    assert legend_names(ax)[-1] == name
    red, green, blue, _ = ax.collections[-1].get_facecolor()[0]
    assert red == green == blue


def test_no_labels_one_point_and_an_own_axes():
    assert num_points(embedding_scatter(np.eye(3), method="pca")) == 3
    assert num_points(embedding_scatter([[1.0, 2.0, 3.0]], ["ann"], method="pca")) == 1
    own = plt.figure().subplots(1, 2)[1]
    assert embedding_scatter(np.eye(3), method="pca", ax=own) is own
    assert own.get_xlabel() == "principal component 1"


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_projection_repeats_and_keeps_clusters(method):
    x, codes = clouds(3, 10, spread=0.1)
    points = project(x, method)
    np.testing.assert_array_equal(points, project(x, method))
    centres = np.stack([points[codes == code].mean(axis=0) for code in range(3)])
    assert (np.linalg.norm(points[:, None] - centres, axis=-1).argmin(axis=1) == codes).all()
    np.testing.assert_allclose(project(5 * x, "pca"), project(x, "pca"), atol=1e-9)


def test_first_component_is_the_widest_and_one_dimension_is_enough():
    points = project(clouds(4, 5)[0], "pca")
    assert points[:, 0].std() >= points[:, 1].std()
    assert project([[1.0], [-1.0]], "pca").tolist() == [[1.0, 0.0], [-1.0, 0.0]]


@pytest.mark.slow
def test_umap_keeps_clusters_and_is_not_imported_before():
    import subprocess

    code = "import sys, comparators.plots as p, numpy; p.project(numpy.eye(3), 'pca'); print('umap' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
    x, codes = clouds(4, 8, spread=0.1)
    points = project(x, "umap")
    assert points.shape == (32, 2)
    centres = np.stack([points[codes == code].mean(axis=0) for code in range(4)])
    assert (np.linalg.norm(points[:, None] - centres, axis=-1).argmin(axis=1) == codes).all()
    assert project(x[:5], "umap").shape == (5, 2)


def test_bad_input():
    with pytest.raises(ValueError, match=r"1 of 3 rows with NaN or infinity, the first is row 2"):
        embedding_scatter([[1.0, 0.0], [0.0, 1.0], [np.nan, 0.0]], method="pca")
    with pytest.raises(ValueError, match=r"`method` must be one of pca, tsne, umap. Received: method='lda'"):
        project(np.eye(3), "lda")
    with pytest.raises(ValueError, match=r"method='umap' needs at least 5 items. Received: 3. Use method='pca'"):
        embedding_scatter(np.eye(3))
    with pytest.raises(ValueError, match=r"Received: shape \(3,\)"):
        project([1.0, 2.0, 3.0], "pca")
    with pytest.raises(ValueError, match=r"Received: shapes \(3, 2\) and \(2,\)"):
        point_scatter(np.zeros((3, 2)), ["ann", "bob"])
    with pytest.raises(ValueError, match=r"`points` must be finite. Received: 1 rows"):
        point_scatter([[0.0, np.inf]])
