"""Every case of the golden `metric_losses` that is a stateless loss: terms, values and gradients."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from comparators.losses import (
    CircleLoss,
    InfoNCE,
    MultiSimilarityLoss,
    NTXent,
    PairContrastiveLoss,
    ReadyTripletLoss,
    SupConLoss,
    TripletLoss,
)

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    """The stored outputs, and the inputs by name."""
    spec = importlib.util.spec_from_file_location("rule", GOLDEN / "rule.py")
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    info, arrays = rule.load_case("metric_losses", GOLDEN)
    constructor = {name: np.array(labels) for name, labels in info["constructor"].items()}
    golden = arrays | constructor | rule.make_inputs(info["inputs"], info["seed"])
    embeddings = golden["x"] + 0.8 * golden["shift"][golden["labels"]]
    np.testing.assert_allclose(embeddings, golden["embeddings"], rtol=1e-15)
    np.testing.assert_allclose(0.6 * golden["a"] + 0.8 * golden["b"], golden["positive"], rtol=1e-15)
    return golden


def triplet(mining, distance, margin=0.5):
    return lambda **kwargs: TripletLoss(margin=margin, mining=mining, distance=distance, **kwargs)


ON_LABELS = {
    "supcon": lambda **kwargs: SupConLoss(0.1, **kwargs),
    "multi_similarity": lambda **kwargs: MultiSimilarityLoss(2.0, 50.0, 0.5, None, **kwargs),
    "multi_similarity_mined": lambda **kwargs: MultiSimilarityLoss(2.0, 50.0, 0.5, 0.1, **kwargs),
    "circle_g64": lambda **kwargs: CircleLoss(0.25, 64.0, **kwargs),
    "circle_g256": lambda **kwargs: CircleLoss(0.25, 256.0, **kwargs),
}
for name in ("euclidean", "cosine"):
    ON_LABELS |= {
        f"batch_hard_{name}": triplet("batch_hard", name),
        f"batch_all_{name}": triplet("batch_all", name),
        f"batch_semihard_{name}_fallback": triplet("semi_hard", name, 1.0),
        f"batch_semihard_{name}_strict": triplet("semi_hard_strict", name, 1.0),
    }

ON_ROWS = {
    "contrastive_m1": (lambda **kwargs: PairContrastiveLoss(1.0, **kwargs), 2),
    "contrastive_m3": (lambda **kwargs: PairContrastiveLoss(3.0, **kwargs), 2),
    "triplet_euclidean": (lambda **kwargs: ReadyTripletLoss(0.5, "euclidean", **kwargs), 3),
    "triplet_squared": (lambda **kwargs: ReadyTripletLoss(0.5, "squared_euclidean", **kwargs), 3),
    "triplet_cosine": (lambda **kwargs: ReadyTripletLoss(0.5, "cosine", **kwargs), 3),
    "infonce_symmetric": (lambda **kwargs: InfoNCE(0.1, symmetric=True, **kwargs), 2),
    "nt_xent": (lambda **kwargs: NTXent(0.5, **kwargs), 2),
}


def close(value, expected, tolerance):
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(ops.convert_to_numpy(value), expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("case", ON_LABELS)
def test_values_and_gradients_on_labels(golden, gradients, precision, case):
    dtype, tolerance = precision
    loss, labels = ON_LABELS[case](dtype=dtype), golden["labels"]
    embeddings = golden["embeddings"].astype(dtype)
    close(loss(labels, embeddings), golden[f"{case}.value"][0], tolerance)
    (slope,) = gradients(lambda inputs: loss(labels, inputs), embeddings)
    close(slope, golden[f"{case}.grad"], tolerance)


@pytest.mark.parametrize("name", ["euclidean", "cosine"])
def test_mean_of_the_terms_above_zero(golden, precision, name):
    dtype, tolerance = precision
    loss = TripletLoss(0.5, "batch_all_nonzero", name, dtype=dtype)
    close(loss(golden["labels"], golden["embeddings"]), golden[f"batch_all_{name}.value_nonzero"][0], tolerance)


@pytest.mark.parametrize("case", ON_LABELS)
def test_terms_on_labels(golden, precision, case):
    dtype, tolerance = precision
    loss, labels = ON_LABELS[case](dtype=dtype), golden["labels"]
    embeddings = ops.convert_to_tensor(golden["embeddings"], dtype)
    matrix = ops.convert_to_numpy(loss.compare(embeddings, embeddings))
    same, self_pairs = labels[:, None] == labels, np.eye(len(labels), dtype=bool)
    positive, negative = same & ~self_pairs, ~same
    if case.startswith("batch_all") or case.endswith("strict"):  # each row one triplet
        triplets = [
            (i, j, k) for i, j, k in itertools.product(range(10), repeat=3) if positive[i, j] and negative[i, k]
        ]
        anchors, positives, negatives = np.array(triplets).T
        matrix, positive, negative = matrix[anchors], np.eye(10)[positives] > 0, np.eye(10)[negatives] > 0
    elif case.endswith("fallback"):  # each row one positive
        anchors, positives = np.nonzero(positive)
        matrix, positive, negative = matrix[anchors], np.eye(10)[positives] > 0, negative[anchors]
    losses, counts = loss.terms(*(ops.convert_to_tensor(array) for array in (matrix, positive, negative)))
    counts = ops.convert_to_numpy(counts)
    assert set(counts) <= {0, 1}
    close(ops.convert_to_numpy(losses)[counts > 0], golden[f"{case}.terms"], tolerance)


@pytest.mark.parametrize("case", ON_ROWS)
def test_terms_values_and_gradients_on_rows(golden, gradients, precision, case):
    dtype, tolerance = precision
    make, num_items = ON_ROWS[case]
    labels = golden["pair_labels"] if case.startswith("contrastive") else np.arange(6)
    anchors, *others = (golden[name].astype(dtype) for name in ("a", "positive", "n")[:num_items])

    def loss(anchors, reduction="sum_over_batch_size"):
        rows = ops.stack([ops.convert_to_tensor(item) for item in (anchors, *others)], axis=1)
        return make(dtype=dtype, reduction=reduction)(labels, rows)

    terms = golden[f"{case}.terms"]
    close(loss(anchors, reduction=None), terms.reshape(-1, 6).mean(axis=0), tolerance)
    close(loss(anchors), golden[f"{case}.value"][0], tolerance)
    (slope,) = gradients(loss, anchors)
    close(slope, golden[f"{case}.grad"], tolerance)
