"""One vector of a sequence: the mean or the maximum over its real frames."""

from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask, zero_padding


def mean_over_time(inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
    """Averages the real frames of each item.

    Args:
        inputs: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, channels)`; zeros for an item without a frame.

    Example:
        >>> frames = ops.array([[[1.0], [3.0], [8.0]]])
        >>> float(mean_over_time(frames)[0, 0]), float(mean_over_time(frames, ops.array([2]))[0, 0])
        (4.0, 2.0)
    """
    if lengths is None:
        return ops.mean(inputs, axis=1)
    count = ops.cast(ops.maximum(lengths, 1), inputs.dtype)[:, None]
    return ops.sum(zero_padding(inputs, lengths), axis=1) / count


def max_over_time(inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
    """Takes the largest value of each channel over the real frames of an item.

    Args:
        inputs: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames, at least 1; None when nothing is padding.

    Returns:
        `(batch, channels)`.

    Example:
        >>> frames = ops.array([[[1.0], [3.0], [8.0]]])
        >>> float(max_over_time(frames)[0, 0]), float(max_over_time(frames, ops.array([2]))[0, 0])
        (8.0, 3.0)
    """
    if lengths is not None:
        mask = sequence_mask(lengths, ops.shape(inputs)[1])[:, :, None]
        inputs = ops.where(mask, inputs, ops.cast(-float("inf"), inputs.dtype))
    return ops.max(inputs, axis=1)
