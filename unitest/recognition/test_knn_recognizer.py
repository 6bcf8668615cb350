import pickle

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from comparators.recognition.knn_recognizer import KNNRecognizer
from comparators.recognition.similarity import similarity_matrix

ZEROS = {"check_estimators_dtypes": "its data have a row of zeros, which has no cosine"}
UNKNOWN = {
    "check_classifiers_classes": "its labels have -1, which is the answer for the unknown",
    "check_classifiers_train": "it wants rows of probabilities that add up to 1, and no answer but the enrolled labels",
}
EXPECTED = {"KNNRecognizer()": ZEROS | UNKNOWN, "KNNRecognizer(threshold=None)": ZEROS}


@parametrize_with_checks(
    [
        KNNRecognizer(),
        KNNRecognizer(threshold=None),
        KNNRecognizer(threshold=None, similarity="euclidean", templates=2),
        KNNRecognizer(threshold=None, similarity="euclidean", templates="centroid", weights="uniform"),
    ],
    expected_failed_checks=lambda estimator: EXPECTED.get(repr(estimator), {}),
)
def test_scikit_learn(estimator, check):
    check(estimator)


def speakers(num_labels=12, num_items=6, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(num_labels, 16))
    labels = np.repeat(np.arange(num_labels), num_items)
    return (centers[labels] + noise * rng.normal(size=(len(labels), 16))).astype(np.float32), labels


@pytest.mark.parametrize("names", [True, False])
def test_recognises_the_enrolled_and_notices_the_others(names):
    vectors, labels = speakers()
    values = np.array([f"voice {label}" for label in labels]) if names else labels
    enrolled = (labels < 8) & (np.arange(len(labels)) % 6 < 4)
    recognizer = KNNRecognizer().fit(vectors[enrolled], values[enrolled])
    answers = recognizer.predict(vectors[~enrolled])
    expected = np.where(labels < 8, values, "unknown" if names else -1)[~enrolled]
    assert (answers == expected).mean() > 0.95
    assert answers.dtype.kind == ("U" if names else "i")


def test_votes_are_the_plain_loop():
    vectors, labels = speakers(noise=2.0)
    queries = speakers(noise=2.0, seed=1)[0]
    for weights in ("similarity", "uniform"):
        recognizer = KNNRecognizer(k=7, weights=weights, threshold=0.3).fit(vectors, labels)
        answers, probabilities = recognizer.predict(queries), recognizer.predict_proba(queries)
        for query, scores in enumerate(similarity_matrix(queries, vectors).astype(np.float64)):
            nearest = np.argsort(-scores)[:7]
            reach = nearest[scores[nearest] >= 0.3]
            if not len(reach):
                assert answers[query] == -1
                assert probabilities[query].sum() == 0
                continue
            votes = np.zeros(12)
            for item in reach:
                votes[labels[item]] += scores[item] if weights == "similarity" else 1
            assert votes[answers[query]] >= votes.max() - 1e-6
            np.testing.assert_allclose(probabilities[query], votes / votes.sum(), atol=1e-6)


def test_agrees_with_scikit_learn_without_a_threshold():
    vectors, labels = speakers(noise=1.5)
    queries = speakers(noise=1.5, seed=2)[0]
    reference = KNeighborsClassifier(1).fit(vectors, labels).predict(queries)
    np.testing.assert_array_equal(
        KNNRecognizer(k=1, similarity="euclidean", threshold=None).fit(vectors, labels).predict(queries), reference
    )


def test_threshold_is_that_of_refits():
    """Leaving a label out by enrolling all others, and an item out by enrolling all others, gives the same scores."""
    vectors, labels = speakers(5, 4, noise=1.0)
    rows = np.arange(len(labels))
    known, unknown = [], []
    for row, label in enumerate(labels):
        for scores, kept in ((known, rows != row), (unknown, labels != label)):
            rest = KNNRecognizer(threshold=None).fit(vectors[kept], labels[kept])
            scores.append(rest.best_similarity(vectors[[row]])[0])
    threshold = KNNRecognizer().fit(vectors, labels).threshold_
    np.testing.assert_allclose(threshold.far, np.mean(np.array(unknown) >= threshold.value))
    np.testing.assert_allclose(threshold.frr, np.mean(np.array(known) < threshold.value))
    assert (threshold.num_target, threshold.num_nontarget) == (20, 20)
    assert "each enrolled label left out in turn" in threshold.origin


def test_target_fpir_is_kept_to_on_further_unknown_items():
    vectors, labels = speakers(60, 6, noise=1.2)
    enrolled = labels < 40
    recognizer = KNNRecognizer(target_fpir=0.05).fit(vectors[enrolled], labels[enrolled])
    assert recognizer.threshold_.far <= 0.05
    assert np.mean(recognizer.predict(vectors[~enrolled]) != -1) < 0.12


@pytest.mark.parametrize("templates", ["all", "centroid", 2])
@pytest.mark.parametrize("similarity", ["cosine", "euclidean", lambda a, b: a @ b.T])
def test_every_kind_of_template_and_similarity(templates, similarity):
    vectors, labels = speakers(noise=0.3)
    recognizer = KNNRecognizer(templates=templates, similarity=similarity).fit(vectors[::2], labels[::2])
    assert (recognizer.predict(vectors[1::2]) == labels[1::2]).mean() > 0.6
    assert len(recognizer.templates_) == {"all": 36, "centroid": 12, 2: 24}[templates]


def test_probability_of_being_unknown():
    vectors, labels = speakers()
    recognizer = KNNRecognizer().fit(vectors[labels < 8], labels[labels < 8])
    known = recognizer.predict_proba(vectors).sum(axis=1)
    assert known[labels < 8].min() > 0.5 > known[labels >= 8].max()
    assert (known <= 1 + 1e-12).all()


def test_neighbours():
    vectors, labels = speakers()
    recognizer = KNNRecognizer().fit(vectors, labels)
    scores, indices = recognizer.kneighbors(vectors, k=3)
    assert scores.shape == indices.shape == (72, 3)
    assert indices[:, 0].tolist() == list(range(72))
    np.testing.assert_array_equal(recognizer.best_similarity(vectors), scores[:, 0])


def test_a_label_with_one_item_is_recognised():
    vectors, labels = speakers()
    kept = (labels > 0) | (np.arange(len(labels)) == 0)
    recognizer = KNNRecognizer().fit(vectors[kept], labels[kept])
    assert recognizer.predict(vectors[[0, 1]]).tolist() == [0, 0]
    assert recognizer.threshold_.num_target == 66
    assert recognizer.threshold_.num_nontarget == 67


def test_order_of_the_items_does_not_matter():
    vectors, labels = speakers(noise=1.0)
    queries = speakers(noise=1.0, seed=1)[0]
    order = np.random.default_rng(0).permutation(len(labels))
    a, b = KNNRecognizer().fit(vectors, labels), KNNRecognizer().fit(vectors[order], labels[order])
    np.testing.assert_array_equal(a.predict(queries), b.predict(queries))


def test_works_with_scikit_learn_and_pickle():
    vectors, labels = speakers()
    assert cross_val_score(KNNRecognizer(), vectors, labels, cv=3).mean() > 0.9
    recognizer = KNNRecognizer().fit(vectors, labels)
    copy = pickle.loads(pickle.dumps(recognizer))
    np.testing.assert_array_equal(copy.predict_proba(vectors), recognizer.predict_proba(vectors))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "`k` must be a positive whole number. Received: k=0"),
        ({"weights": "distance"}, "`weights` must be .* Received: weights='distance'"),
        ({"templates": "max"}, "`templates` must be .* Received: templates='max'"),
        ({"templates": 0}, "`templates` must be .* Received: templates=0"),
        ({"threshold": "auto"}, "`threshold` must be .* Received: threshold='auto'"),
        ({"similarity": "l2"}, "`similarity` must be .* Received: similarity='l2'"),
        ({"unknown_label": "nobody"}, "`unknown_label` must be a whole number, as the labels are"),
        ({"unknown_label": 3}, "`unknown_label` must not be an enrolled label. Received: unknown_label=3"),
        ({"target_fpir": 0.001}, "72 non-target trials cannot show a false accept rate of 0.001"),
    ],
)
def test_messages_of_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        KNNRecognizer(**arguments).fit(*speakers())


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (["a", "a", "b", ""], ValueError, "A label must not be empty. Received: '' for item 3"),
        (["a", "a", "b", None], ValueError, "A label must not be missing. Received: None for item 3"),
        ([1, 1, 2, np.nan], ValueError, "A label must not be missing. Received: nan for item 3"),
        (np.array([1, 1, 2, np.nan]), ValueError, "string or a whole number. Received: nan for item 3"),
        (["a", 1, 1, "a"], TypeError, "all strings or all whole numbers"),
        (["a", "a", "b"], ValueError, "one for each of the 4 items"),
        (["a", "a", "a", "a"], ValueError, r"Received: one label \(one class\)\. Enrol more"),
        (
            ["a", "b", "c", "d"],
            ValueError,
            "Received: one item of each label. Enrol more, or give `threshold` as a number",
        ),
        (["a", "a", "unknown", "b"], ValueError, "`unknown_label` must not be an enrolled label"),
    ],
)
def test_messages_of_labels(labels, error, message):
    with pytest.raises(error, match=message):
        KNNRecognizer().fit(np.eye(4), labels)


def test_messages_of_vectors():
    with pytest.raises(ValueError, match="Input X contains NaN"):
        KNNRecognizer().fit([[np.nan, 1], [1, 2], [2, 3]], [0, 0, 1])
    with pytest.raises(ValueError, match="all zeros has no cosine"):
        KNNRecognizer().fit([[0.0, 0.0], [1, 2], [2, 3]], [0, 0, 1])
    with pytest.raises(ValueError, match="X has 3 features, but KNNRecognizer is expecting 16 features"):
        KNNRecognizer().fit(*speakers()).predict(np.ones((1, 3)))
