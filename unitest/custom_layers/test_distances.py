import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.distances import DISTANCES, paired_distances, pairwise_distances

LOOPS = {
    "euclidean": lambda a, b: np.linalg.norm(a - b),
    "squared_euclidean": lambda a, b: np.sum((a - b) ** 2),
    "cosine": lambda a, b: 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b),
    "manhattan": lambda a, b: np.sum(np.abs(a - b)),
    "dot": lambda a, b: -(a @ b),
}


def chebyshev(a, b):
    return ops.max(ops.abs(a[:, None] - b[None]), axis=-1)


@pytest.mark.parametrize("distance", DISTANCES)
def test_values_are_those_of_plain_loops(random, distance):
    a, b = random.normal(size=(5, 3)).astype("float32"), random.normal(size=(4, 3)).astype("float32")
    expected = [[LOOPS[distance](one, other) for other in b] for one in a]
    pairwise = ops.convert_to_numpy(pairwise_distances(a, b, distance))
    np.testing.assert_allclose(pairwise, expected, atol=2e-6)
    paired = ops.convert_to_numpy(paired_distances(a[:4], b, distance))
    np.testing.assert_allclose(paired, np.diagonal(expected), atol=2e-6)


def test_a_function_is_a_distance(random):
    a, b = random.normal(size=(5, 3)).astype("float32"), random.normal(size=(5, 3)).astype("float32")
    expected = np.abs(a[:, None] - b).max(axis=-1)
    np.testing.assert_allclose(ops.convert_to_numpy(pairwise_distances(a, b, chebyshev)), expected, rtol=1e-6)
    np.testing.assert_allclose(
        ops.convert_to_numpy(paired_distances(a, b, chebyshev)), np.diagonal(expected), rtol=1e-6
    )


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("place", [0.0, 1.0])
def test_gradients_are_finite_where_all_are_equal(gradients, distance, place):
    embeddings = np.full((3, 4), place, "float32")
    (slope,) = gradients(lambda inputs: ops.sum(pairwise_distances(inputs, inputs, distance)), embeddings)
    assert np.isfinite(slope).all()
    slopes = gradients(lambda a, b: ops.sum(paired_distances(a, b, distance)), embeddings, embeddings)
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(random, distance, dtype):
    embeddings = ops.cast(ops.convert_to_tensor(100 * random.normal(size=(4, 64)).astype("float32")), dtype)
    for matrix in (
        pairwise_distances(embeddings, embeddings, distance),
        paired_distances(embeddings, embeddings, distance),
    ):
        assert keras.backend.standardize_dtype(matrix.dtype) == "float32"
        assert np.isfinite(ops.convert_to_numpy(matrix)).all()


def test_a_common_offset_costs_no_digits(random):
    embeddings = random.normal(size=(6, 8)).astype("float32")
    near = ops.convert_to_numpy(pairwise_distances(embeddings, embeddings, "euclidean"))
    far = ops.convert_to_numpy(pairwise_distances(embeddings + 512.0, embeddings + 512.0, "euclidean"))
    np.testing.assert_allclose(far, near, atol=5e-3)


@pytest.mark.parametrize("function", [pairwise_distances, paired_distances])
def test_unknown_distances_are_named(function):
    with pytest.raises(ValueError, match=r"one of euclidean, .* Received: distance='hamming'"):
        function(np.ones((2, 3)), np.ones((2, 3)), "hamming")
