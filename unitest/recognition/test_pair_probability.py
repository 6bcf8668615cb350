import json
import pickle

import numpy as np
import pytest

from comparators.recognition import KNNRecognizer, cluster, top_k
from comparators.recognition.pair_probability import PairProbability
from comparators.recognition.similarity import similarity_matrix

DIM = 6
FORMS = ("cosine", "dot", "euclidean", "manhattan", "l1", "l2", "learnt")


def made(form, seed=0):
    random = np.random.default_rng(seed)
    size = {"l1": DIM, "l2": DIM, "learnt": 9}.get(form, 1)
    kernel = random.normal(size=size) if form == "learnt" else random.uniform(1, 3, size=size)
    hidden = (random.normal(size=(2 * DIM, 9)), random.normal(size=9)) if form == "learnt" else ()
    return PairProbability(form, kernel, float(random.normal()), *hidden)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_the_head(form):
    from keras import ops

    from comparators.custom_layers import SimilarityHead

    same = made(form)
    head = SimilarityHead(form, hidden_units=9)
    head.build(((None, DIM), (None, DIM)))
    for variable in head.weights:
        variable.assign(getattr(same, variable.name))
    random = np.random.default_rng(1)
    a, b = random.normal(size=(5, DIM)).astype("float32"), random.normal(size=(8, DIM)).astype("float32")
    b[0] = a[0]
    for logits in (ops.convert_to_numpy(head.pairwise(a, b)), same.logits(a, b)):
        np.testing.assert_allclose(same(a, b), 1 / (1 + np.exp(-logits)), atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_weights_of_either_sign_zeros_and_equal_rows_are_scored(form):
    same = made(form)
    if form in ("l1", "l2"):
        same = PairProbability(form, [1.0, -2.0, 0.0, 3.0, -1.0, 0.5], 0.2)
    random = np.random.default_rng(2)
    a = random.normal(size=(4, DIM))
    a[1] = 0
    matrix = same(a, a)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    assert np.isfinite(matrix).all()
    if form in ("l1", "l2"):
        unit = a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-6)
        differences = np.abs(unit[:, None] - unit) ** int(form[1])
        np.testing.assert_allclose(same.logits(a, a), 0.2 - differences @ np.array(same.kernel), atol=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_pickled_and_described_by_numbers_and_lists(form):
    same, items = made(form), np.random.default_rng(3).normal(size=(4, DIM))
    for again in (pickle.loads(pickle.dumps(same)), PairProbability.from_dict(json.loads(json.dumps(same.to_dict())))):
        np.testing.assert_array_equal(again(items, items), same(items, items))


def test_recognition_takes_it():
    random = np.random.default_rng(4)
    labels = np.repeat(np.arange(5), 8)
    items = 4 * random.normal(size=(5, DIM))[labels] + random.normal(size=(40, DIM))
    same = PairProbability("cosine", [20.0], -14.0)
    recognizer = KNNRecognizer(k=3, similarity=same).fit(items[::2], labels[::2])
    assert np.mean(recognizer.predict(items[1::2]) == labels[1::2]) > 0.8
    clusters = cluster(items, similarity=same)
    pairs = (clusters[:, None] == clusters) == (labels[:, None] == labels)
    assert pairs.mean() > 0.9
    scores, indices = top_k(items[:3], items, k=4, similarity=same, block_size=7)
    matrix = similarity_matrix(items[:3], items, similarity=same)
    np.testing.assert_array_equal(indices[:, 0], [0, 1, 2])
    np.testing.assert_allclose(scores, -np.sort(-matrix, axis=1)[:, :4], atol=1e-12)
