"""Zero-shot measures against plain loops; their traps: the offset of labels, leaking prototypes, ties."""

import numpy as np
import pytest

from comparators.metrics import (
    class_prototypes,
    nearest_prototype,
    prototype_accuracy,
    wilson_interval,
    zero_shot_report,
)


def made_up(num_seen, num_unseen, seed=0, items=7):
    rng = np.random.default_rng(seed)
    classes = [f"class{i}" for i in range(num_seen + num_unseen)]
    labels = np.repeat(classes, items)
    scores = rng.normal(size=(len(labels), len(classes))) + 1.5 * (labels[:, None] == np.array(classes))
    return scores, labels, classes, classes[num_seen:]


def loop_accuracy(scores, labels, classes, asked, among):
    hits = []
    for row, label in zip(scores, labels, strict=True):
        if label in asked:
            hits.append(max(among, key=lambda name: row[classes.index(name)]) == label)
    return np.mean(hits), len(hits)


@pytest.mark.parametrize(("num_seen", "num_unseen"), [(9, 5), (7, 7), (1, 2), (4, 4)])
def test_report_equals_plain_loops(num_seen, num_unseen):
    scores, labels, classes, unseen = made_up(num_seen, num_unseen)
    seen = classes[:num_seen]
    report = zero_shot_report(scores, labels, classes, unseen, num_draws=50)
    want = {
        "seen": (seen, seen),
        "zsl": (unseen, unseen),
        "gzsl_seen": (seen, classes),
        "gzsl_unseen": (unseen, classes),
    }
    for name, (asked, among) in want.items():
        measure = report[name]
        accuracy, num_items = loop_accuracy(scores, labels, classes, asked, among)
        assert measure["accuracy"] == pytest.approx(accuracy)
        assert (measure["num_items"], measure["num_classes"]) == (num_items, len(among))
        assert measure["chance"] == 1 / len(among)
        assert (measure["low"], measure["high"]) == wilson_interval(accuracy * num_items, num_items)
    a, b = report["gzsl_seen"]["accuracy"], report["gzsl_unseen"]["accuracy"]
    harmonic = report["gzsl_harmonic"]
    assert harmonic["accuracy"] == pytest.approx(2 * a * b / (a + b))
    assert harmonic["low"] <= harmonic["accuracy"] <= harmonic["high"]
    assert harmonic["num_items"] == len(labels)


def test_order_of_classes_and_items_is_nothing():
    scores, labels, classes, unseen = made_up(7, 7)
    rng = np.random.default_rng(1)
    items, columns = rng.permutation(len(labels)), rng.permutation(len(classes))
    mixed = zero_shot_report(scores[items][:, columns], labels[items], np.array(classes)[columns], unseen[::-1])
    for name, measure in zero_shot_report(scores, labels, classes, unseen).items():
        assert mixed[name]["accuracy"] == pytest.approx(measure["accuracy"])


def test_more_classes_are_never_easier():
    for seed in range(5):
        report = zero_shot_report(*made_up(6, 3, seed), num_draws=10)
        assert report["gzsl_seen"]["accuracy"] <= report["seen"]["accuracy"]
        assert report["gzsl_unseen"]["accuracy"] <= report["zsl"]["accuracy"]


def test_equal_scores_get_chance_and_one_sided_ones_no_harmonic_mean():
    _, labels, classes, unseen = made_up(5, 2)
    for measure in zero_shot_report(np.ones((len(labels), 7)), labels, classes, unseen, num_draws=5).values():
        assert measure["accuracy"] == pytest.approx(measure["chance"])
    always_seen = np.tile([1.0, 1, 1, 1, 1, 0, 0], (len(labels), 1))
    harmonic = zero_shot_report(always_seen, labels, classes, unseen, num_draws=5)["gzsl_harmonic"]
    assert (harmonic["accuracy"], harmonic["low"], harmonic["high"]) == (0, 0, 0)


def test_same_seed_same_interval():
    first, again = (zero_shot_report(*made_up(5, 3), num_draws=40, seed=3)["gzsl_harmonic"] for _ in range(2))
    assert first == again
    assert first["low"] < first["high"]


def test_nearest_prototype_and_accuracy():
    scores = [[0, 3, 1], [5, 5, 0], [0, 0, 1]]
    assert nearest_prototype(scores, ["a", "b", "c"]).tolist() == ["b", "a", "c"]
    assert nearest_prototype(scores, [10, 20, 30]).tolist() == [20, 10, 30]
    assert prototype_accuracy(scores, ["b", "b", "a"], ["a", "b", "c"]) == pytest.approx((1 + 0.5 + 0) / 3)


def test_prototypes_are_means_and_the_tutorials_first_items():
    rng = np.random.default_rng(0)
    embeddings, labels = rng.normal(size=(30, 4)), rng.permutation(np.repeat(["x", "y", "z"], 10))
    mean = class_prototypes(embeddings, labels, ["z", "x"])
    first = class_prototypes(embeddings, labels, ["z", "x"], protocol="tutorial")
    for row, name in enumerate(["z", "x"]):
        np.testing.assert_allclose(mean[row], embeddings[labels == name].mean(axis=0))
        np.testing.assert_array_equal(first[row], embeddings[labels == name][0])
    assert class_prototypes(np.float32([[1, 2]]), [3], [3]).dtype == np.float32


def test_the_tutorials_protocol_leaks_an_example_of_each_class():
    """Items scattered about centres that no word is near: only the protocol that peeks finds their class."""
    rng = np.random.default_rng(0)
    classes, labels = np.arange(6), np.repeat(np.arange(6), 20)
    embeddings = np.eye(6, 12)[labels] + 0.05 * rng.normal(size=(120, 12))
    words = np.eye(6, 12, k=6)
    blind = prototype_accuracy(embeddings @ words.T, labels, classes)
    peeking = prototype_accuracy(
        embeddings @ class_prototypes(embeddings, labels, classes, "tutorial").T, labels, classes
    )
    assert blind < 0.4
    assert peeking == 1.0


@pytest.mark.parametrize(("num_hits", "num_items"), [(0, 10), (3, 10), (10, 10), (97, 738)])
def test_wilson_ends_are_where_the_normal_test_just_rejects(num_hits, num_items):
    share = num_hits / num_items
    for confidence, z in ((0.95, 1.959964), (0.5, 0.674490)):
        for end in wilson_interval(num_hits, num_items, confidence):
            assert 0 <= end <= 1
            if 0 < end < 1:
                assert abs(share - end) / np.sqrt(end * (1 - end) / num_items) == pytest.approx(z, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["class0"]}, r"one label for each item, 56. Received: labels of shape \(1,\)"),
        ({"classes": ["a", "b"]}, r"Received: shape \(56, 8\) and 2 classes, 2 of them different"),
        ({"classes": ["class0"] * 8}, r"8 classes, 1 of them different"),
        ({"classes": [f"class{i}" for i in range(1, 9)]}, r"one of `classes`. Received: class0\. Leave"),
        ({"unseen": ["harp"]}, r"one of `classes`. Received: harp"),
        ({"unseen": []}, r"Received: 8 seen classes with 56 items, 0 unseen ones with 0"),
        ({"labels": ["class0"] * 56}, r"Received: 5 seen classes with 56 items, 3 unseen ones with 0"),
        ({"scores": np.full((56, 8), np.nan)}, r"`scores` must be finite"),
        ({"num_draws": 0}, r"`num_draws` must be positive. Received: num_draws=0"),
        ({"confidence": 1}, r"`confidence` must lie between 0 and 1. Received: confidence=1"),
    ],
)
def test_what_is_refused(arguments, message):
    scores, labels, classes, unseen = made_up(5, 3)
    right = {"scores": scores, "labels": labels, "classes": classes, "unseen": unseen}
    with pytest.raises(ValueError, match=message):
        zero_shot_report(**right | arguments)


def test_what_other_functions_refuse():
    with pytest.raises(ValueError, match=r"Each class needs an item. Received: none of b\. Leave"):
        class_prototypes(np.eye(2), ["a", "a"], ["a", "b"])
    with pytest.raises(ValueError, match=r"`protocol` must be one of mean, tutorial. Received: protocol='median'"):
        class_prototypes(np.eye(2), ["a", "a"], ["a"], "median")
    with pytest.raises(ValueError, match=r"Received: shapes \(1,\) and \(2, 2\)"):
        class_prototypes(np.eye(2), ["a"], ["a"])
    with pytest.raises(ValueError, match=r"Received: num_hits=3, num_items=2"):
        wilson_interval(3, 2)
