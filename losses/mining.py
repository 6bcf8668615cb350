"""Which negative goes with which positive."""

from keras import KerasTensor, ops


def next_farther_negative(matrix: KerasTensor, negative: KerasTensor) -> KerasTensor:
    """Finds for each distance the nearest negative that is farther; if there is none, the farthest negative.

    It sorts instead of comparing all with all, so that the cost is that of the matrix and not of its triplets.

    Args:
        matrix: distances `(n, m)`.
        negative: bool `(n, m)`, which of a row are negatives.

    Returns:
        Columns, int `(n, m)`; anything in rows without negatives.

    Example:
        >>> distances = ops.array([[1.0, 3.0, 2.0, 9.0]])
        >>> ops.convert_to_numpy(next_farther_negative(distances, ops.array([[False, True, True, False]])))
        array([[2, 1, 1, 1]]...)
    """
    matrix = ops.stop_gradient(matrix)
    negatives = ops.where(negative, matrix, float("inf"))
    # A distance's place among negatives and distances, less its place among distances, is how many negatives are not
    # farther; the sort is stable, so that equal ones come before it.
    places = ops.argsort(ops.argsort(ops.concatenate([negatives, matrix], axis=1), axis=1), axis=1)
    num_nearer = places[:, ops.shape(matrix)[1] :] - ops.argsort(ops.argsort(matrix, axis=1), axis=1)
    num_negatives = ops.sum(ops.cast(negative, num_nearer.dtype), axis=1, keepdims=True)
    chosen = ops.maximum(ops.minimum(num_nearer, num_negatives - 1), 0)
    return ops.take_along_axis(ops.argsort(negatives, axis=1), chosen, axis=1)
