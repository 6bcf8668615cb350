"""Waveforms as every front end takes them, and how many windows lie within one."""

from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import zero_padding


def valid_waveforms(inputs: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Checks a batch of waveforms, and silences what is past their lengths.

    Args:
        inputs: `(batch, samples)`, of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, samples)`.

    Raises:
        ValueError: the waveforms are not `(batch, samples)`.

    Example:
        >>> ops.convert_to_numpy(valid_waveforms(ops.ones((1, 3)), ops.array([2])))
        array([[1., 1., 0.]], dtype=float32)
    """
    if len(inputs.shape) != 2:
        raise ValueError(
            "Waveforms must be `(batch, samples)`; add the batch axis to a single clip with `clip[None]`. "
            f"Received: shape={tuple(inputs.shape)}."
        )
    return zero_padding(ops.cast(inputs, "float32"), lengths)


def whole_windows(samples: KerasTensor | int, window_length: int, hop_length: int) -> KerasTensor | int:
    """Counts the windows that lie within a waveform, at least one.

    Args:
        samples: of the waveform; numbers in an array, or one number, which stays one.
        window_length: in samples.
        hop_length: from one window to the next, in samples.

    Example:
        >>> whole_windows(16_000, window_length=400, hop_length=160)
        98
    """
    beyond = samples - window_length
    # A number must stay one: JAX cuts by numbers only.
    return 1 + (max(beyond, 0) if isinstance(beyond, int) else ops.maximum(beyond, 0)) // hop_length
