"""One vector of a text: of the vectors of its tokens."""

from keras import KerasTensor, ops

from comparators.custom_layers.time_pooling import max_over_time, mean_over_time

POOLINGS = ("mean", "max", "cls")


def pool_tokens(vectors: KerasTensor, lengths: KerasTensor | None, pooling: str = "mean") -> KerasTensor:
    """Pools the vectors of a text's own tokens.

    Args:
        vectors: `(batch, count, dim)`.
        lengths: int `(batch,)`, tokens of each text; None where none is padding.
        pooling: `"mean"`, `"max"`, or `"cls"`, the first token's.

    Returns:
        `(batch, dim)`, float32 at least; zeros for a text without tokens.

    Raises:
        ValueError: the pooling is unknown.

    Example:
        >>> vectors = ops.array([[[1.0], [3.0], [8.0]], [[1.0], [3.0], [8.0]]])
        >>> ops.convert_to_numpy(pool_tokens(vectors, ops.array([2, 0]), "max"))[:, 0]
        array([3., 0.], dtype=float32)
    """
    if pooling not in POOLINGS:
        raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}. Received: pooling={pooling!r}.")
    vectors = ops.cast(vectors, "float64" if vectors.dtype == "float64" else "float32")
    if pooling == "mean":
        return mean_over_time(vectors, lengths)
    if pooling == "cls":
        return zero_empty(vectors[:, 0], lengths)
    # The maximum over nothing has no finite value, and so no finite derivative.
    at_least_one = None if lengths is None else ops.maximum(lengths, 1)
    return zero_empty(max_over_time(vectors, at_least_one), lengths)


def zero_empty(vectors: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Sets the vectors `(batch, dim)` of texts without tokens to zero.

    Example:
        >>> ops.convert_to_numpy(zero_empty(ops.ones((2, 1)), ops.array([3, 0])))[:, 0]
        array([1., 0.], dtype=float32)
    """
    if lengths is None:
        return vectors
    return ops.where(ops.cast(lengths, "int32")[:, None] > 0, vectors, ops.zeros((), dtype=vectors.dtype))


def split_tokens(inputs) -> tuple:
    """Splits the input of a network on texts into `(tokens, lengths)`; tokens alone have no lengths (None).

    Example:
        >>> split_tokens("tokens")
        ('tokens', None)
    """
    if isinstance(inputs, dict):
        return inputs["tokens"], inputs["lengths"]
    return inputs, None
