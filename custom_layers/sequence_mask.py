"""Which frames of a padded batch are real, and how many there are."""

from keras import KerasTensor, ops


def sequence_mask(lengths: KerasTensor, num_frames: int | KerasTensor) -> KerasTensor:
    """Tells the real frames of a padded batch from the padding.

    Args:
        lengths: int `(batch,)`, the number of real frames (or samples) of each item.
        num_frames: frames of the batch.

    Returns:
        bool `(batch, num_frames)`, True where a frame is real.

    Example:
        >>> ops.convert_to_numpy(sequence_mask(ops.array([1, 3]), 3))
        array([[ True, False, False],
               [ True,  True,  True]])
    """
    return ops.arange(num_frames, dtype="int32")[None, :] < ops.cast(lengths, "int32")[:, None]


def zero_padding(inputs: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Sets the padded frames of a batch to zero, whatever stands there (NaN too).

    Args:
        inputs: `(batch, frames, ...)`.
        lengths: int `(batch,)` in frames; None says that nothing is padding.

    Returns:
        `(batch, frames, ...)`.

    Example:
        >>> ops.convert_to_numpy(zero_padding(ops.ones((1, 3)), ops.array([2])))
        array([[1., 1., 0.]], dtype=float32)
    """
    if lengths is None:
        return inputs
    mask = sequence_mask(lengths, ops.shape(inputs)[1])
    mask = ops.reshape(mask, (*ops.shape(mask), *[1] * (len(inputs.shape) - 2)))
    return ops.where(mask, inputs, ops.zeros((), dtype=inputs.dtype))


def fixed_length(frames: KerasTensor, num_frames: int, value: float = 0.0) -> KerasTensor:
    """Cuts or adds frames at the end.

    Args:
        frames: `(batch, any number, features)`.
        num_frames: that there are to be.
        value: of what is added.

    Returns:
        `(batch, num_frames, features)`.

    Example:
        >>> ops.convert_to_numpy(fixed_length(ops.ones((1, 2, 1)), 3))[0, :, 0]
        array([1., 1., 0.], dtype=float32)
    """
    return ops.pad(frames, ((0, 0), (0, num_frames), (0, 0)), constant_values=value)[:, :num_frames]
