"""Distances of embeddings, all with all or pair by pair."""

from collections.abc import Callable

from keras import KerasTensor, backend, ops

from comparators.custom_layers.l2_normalization import l2_normalize

Distance = str | Callable[[KerasTensor, KerasTensor], KerasTensor]
"""A name of `DISTANCES`, or a function `(n, dim), (m, dim) -> (n, m)`, lower for what is more alike."""

DISTANCES = ("euclidean", "squared_euclidean", "cosine", "manhattan", "dot")
_SMALLEST_SQUARE = 1e-12


def check_distance(distance: Distance) -> Distance:
    """Returns `distance` as it is.

    Raises:
        ValueError: it is neither a known name nor a function.
    """
    if not callable(distance) and distance not in DISTANCES:
        raise ValueError(
            f"`distance` must be one of {', '.join(DISTANCES)}, or a function (n, dim), (m, dim) -> (n, m). "
            f"Received: distance={distance!r}."
        )
    return distance


def pairwise_distances(a: KerasTensor, b: KerasTensor, distance: Distance) -> KerasTensor:
    """Measures the distance of each row of `a` to each row of `b`; lower is more alike.

    It is computed in float32 at least, and its gradient is finite everywhere, also where two rows are equal.
    `"manhattan"` holds `n * m * dim` values meanwhile (1,024 embeddings of 128 values: half a gigabyte); the others
    hold no more than the matrix.

    Args:
        a: `(n, dim)`.
        b: `(m, dim)`.
        distance: `"euclidean"`, `"squared_euclidean"`, `"cosine"` (1 - cosine, 0 to 2), `"manhattan"`, `"dot"` (minus
            the dot product, which has no smallest value), or a function `(n, dim), (m, dim) -> (n, m)`.

    Returns:
        `(n, m)`.

    Raises:
        ValueError: the distance is unknown.

    Example:
        >>> a, b = ops.array([[0.0, 0.0], [3.0, 4.0]]), ops.array([[0.0, 0.0]])
        >>> ops.convert_to_numpy(pairwise_distances(a, b, "euclidean"))
        array([[0.],
               [5.]], dtype=float32)
    """
    check_distance(distance)
    a, b = _precise(a), _precise(b)
    if callable(distance):
        return distance(a, b)
    if distance == "manhattan":
        return ops.sum(ops.abs(a[:, None] - b[None]), axis=-1)
    if distance == "cosine":
        return 1.0 - ops.matmul(l2_normalize(a), ops.transpose(l2_normalize(b)))
    if distance == "dot":
        return -ops.matmul(a, ops.transpose(b))
    # A common offset of all embeddings would cost digits in the differences of squares.
    center = ops.stop_gradient(ops.mean(b, axis=0))
    a, b = a - center, b - center
    squares = ops.sum(ops.square(a), axis=-1)[:, None] + ops.sum(ops.square(b), axis=-1)
    squares = ops.maximum(squares - 2 * ops.matmul(a, ops.transpose(b)), 0.0)
    return squares if distance == "squared_euclidean" else _root(squares)


def paired_distances(a: KerasTensor, b: KerasTensor, distance: Distance) -> KerasTensor:
    """Measures the distance of `a[i]` to `b[i]`; lower is more alike.

    A function as `distance` is asked for all with all, `n * n` values, of which the diagonal is taken.

    Args:
        a: `(n, dim)`.
        b: `(n, dim)`.
        distance: as for `pairwise_distances`.

    Returns:
        `(n,)`.

    Raises:
        ValueError: the distance is unknown.

    Example:
        >>> a, b = ops.array([[0.0, 1.0], [3.0, 4.0]]), ops.array([[0.0, 2.0], [-4.0, 3.0]])
        >>> ops.convert_to_numpy(paired_distances(a, b, "cosine"))
        array([0., 1.], dtype=float32)
    """
    check_distance(distance)
    a, b = _precise(a), _precise(b)
    if callable(distance):
        return ops.diagonal(distance(a, b))
    if distance == "cosine":
        return 1.0 - ops.sum(l2_normalize(a) * l2_normalize(b), axis=-1)
    if distance == "dot":
        return -ops.sum(a * b, axis=-1)
    if distance == "manhattan":
        return ops.sum(ops.abs(a - b), axis=-1)
    squares = ops.sum(ops.square(a - b), axis=-1)
    return squares if distance == "squared_euclidean" else _root(squares)


def _precise(embeddings: KerasTensor) -> KerasTensor:
    embeddings = ops.convert_to_tensor(embeddings)
    return ops.cast(embeddings, backend.result_type(embeddings.dtype, "float32"))


def _root(squares: KerasTensor) -> KerasTensor:
    """Takes the root; squares too small to tell from 0 have the root 0 and the slope 0."""
    apart = squares > _SMALLEST_SQUARE
    return ops.where(apart, ops.sqrt(ops.where(apart, squares, 1.0)), 0.0)
