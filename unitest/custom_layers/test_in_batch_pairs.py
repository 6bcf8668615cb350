import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.similarity_head import FORMS, SimilarityHead
from comparators.metrics import equal_error_rate, roc_auc

LABELS = np.array([4, 0, 4, 2, 0, 4, 7])


def made(form="cosine", **arguments):
    objective = InBatchPairs(SimilarityHead(form), **arguments)
    objective.build((None, 5))
    return objective


def pairs(objective, embeddings, labels):
    """Logits and sameness of all pairs of the batch, each once."""
    matrix = ops.convert_to_numpy(objective.head.pairwise(embeddings, embeddings)).astype("float64")
    rows, columns = np.triu_indices(len(labels), 1)
    return matrix[rows, columns], labels[rows] == labels[columns], rows, columns


def loops(objective, embeddings, labels, share=0.5, weights=None):
    """Binary cross-entropy pair by pair, the mean of either kind, joined."""
    weights = np.ones(len(labels)) if weights is None else weights
    sums, totals = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    for logit, same, row, column in zip(*pairs(objective, embeddings, labels), strict=True):
        probability = 1 / (1 + np.exp(-logit))
        weight = weights[row] * weights[column]
        sums[same] -= weight * np.log(probability if same else 1 - probability)
        totals[same] += weight
    means = {kind: sums[kind] / totals[kind] for kind in sums if totals[kind]}
    return share * means[True] + (1 - share) * means[False] if len(means) == 2 else sum(means.values())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_loss_is_that_of_plain_loops(random, form, share):
    objective = made(form, positive_share=share)
    embeddings = random.normal(size=(7, 5)).astype("float32")
    expected = loops(objective, embeddings, LABELS, share)
    assert float(objective(embeddings, LABELS)) == pytest.approx(expected, rel=1e-4)


def test_items_weigh_in_the_pairs_they_are_in(random):
    objective, weights = made(), np.array([1.0, 2.0, 0.0, 1.0, 0.5, 3.0, 1.0])
    embeddings = random.normal(size=(7, 5)).astype("float32")
    expected = loops(objective, embeddings, LABELS, weights=weights)
    assert float(objective(embeddings, LABELS, sample_weight=weights)) == pytest.approx(expected, rel=1e-4)
    assert float(objective(embeddings, LABELS, sample_weight=np.zeros(7))) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_measures_are_those_of_the_pairs_both_kinds_weighed_alike(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(6, size=24)
    objective = made()
    embeddings = (random.normal(size=(6, 5))[labels] + random.normal(size=(24, 5))).astype("float32")
    logits, same, _, _ = pairs(objective, embeddings, labels)
    measured = {name: float(value) for name, value in objective.measures(embeddings, labels).items()}
    assert measured["accuracy"] == pytest.approx(
        (np.mean(logits[same] > 0) + np.mean(logits[~same] <= 0)) / 2, abs=1e-5
    )
    assert measured["auc"] == pytest.approx(roc_auc(logits, same), abs=1e-5)
    assert measured["eer"] == pytest.approx(equal_error_rate(logits, same), abs=1e-5)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([1, 1, 1], {"auc": 0.5, "eer": 0.5}), ([0, 1, 2], {"auc": 0.5, "eer": 0.5}), ([3], {"accuracy": 0.0})],
)
def test_one_kind_of_pairs_is_the_whole_loss_and_no_pair_none(random, gradients, labels, expected):
    objective, labels = made(), np.array(labels)
    embeddings = random.normal(size=(len(labels), 5)).astype("float32")
    assert float(objective(embeddings, labels)) == pytest.approx(loops(objective, embeddings, labels), rel=1e-4)
    measured = objective.measures(embeddings, labels)
    for name, value in expected.items():
        assert float(measured[name]) == pytest.approx(value)
    if len(labels) > 1:
        logits, same, _, _ = pairs(objective, embeddings, labels)
        assert float(measured["accuracy"]) == pytest.approx(np.mean((logits > 0) == same))
    (slope,) = gradients(lambda inputs: objective(inputs, labels), embeddings)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_equal_embeddings_in_half_precision_are_finite(form, dtype):
    objective = made(form)
    for embeddings in (ops.zeros((7, 5), dtype), 300 * ops.ones((7, 5), dtype)):
        value = objective(embeddings, LABELS)
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        assert np.isfinite(float(value))
        assert all(np.isfinite(float(measure)) for measure in objective.measures(embeddings, LABELS).values())


def test_configuration_goes_round():
    config = made("learnt", positive_share=0.3).get_config()
    again = InBatchPairs.from_config(config)
    assert again.get_config()["positive_share"] == 0.3
    assert again.head.form == "learnt"


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match=r"`head` must be a `SimilarityHead`\. Received: head='cosine'"):
        InBatchPairs("cosine")
    for share in (0.0, 1.0):
        with pytest.raises(ValueError, match=f"positive_share={share}"):
            InBatchPairs(SimilarityHead(), positive_share=share)
