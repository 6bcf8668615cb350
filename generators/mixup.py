"""Two items in one, and the targets of such."""

import numpy as np

Inputs = np.ndarray | dict[str, np.ndarray]


def mix_inputs(first: Inputs, second: Inputs, share: np.ndarray) -> Inputs:
    """Returns `share * first + (1 - share) * second` of inputs.

    Waveforms lose their means before, and the second is cut or padded with zeros to the first's length. Pixels of 8
    bits stay such, rounded.

    Args:
        first: `(batch, ...)`, or a dict of such with `"lengths"` `(batch,)`.
        second: the same.
        share: of the first `(batch,)`, 1 where it stays alone.

    Returns:
        Inputs like the first; its rows with a share of 1 are those of the first.

    Example:
        >>> mix_inputs(np.array([[10.0], [10.0]]), np.array([[20.0], [20.0]]), np.array([1.0, 0.5])).tolist()
        [[10.0], [15.0]]

    Reference:
        Tokozume, Ushiku and Harada 2018, Learning from between-class examples for deep sound recognition.
    """
    mixed = share < 1
    if not mixed.any():
        return first
    if not isinstance(first, dict):
        return _mix(first, second, share, mixed)
    lengths = first.get("lengths")
    outputs = {}
    for name, values in first.items():
        if name == "lengths":
            outputs[name] = values
            continue
        others = second[name]
        if name == "waveforms":
            centred = [_without_mean(part[name], part.get("lengths")) for part in (first, second)]
            values, others = np.where(mixed[:, None], centred[0], values), centred[1]
        if lengths is not None:
            others = others * _within(lengths, others)
        outputs[name] = _mix(values, others, share, mixed)
    return outputs


def soft_targets(
    targets: np.ndarray, smoothing: float, others: np.ndarray | None = None, share: np.ndarray | None = None
) -> np.ndarray:
    """Smooths the targets of items, of which some may be two in one.

    Each of C labels has `smoothing / C`. An item alone has `1 - smoothing` at its own; where two are mixed, `share` and
    `1 - share` of that are added at theirs.

    Args:
        targets: 0 or 1 `(batch, classes)`.
        smoothing: 0 for none.
        others: of the items that are mixed in `(batch, classes)`.
        share: of the first `(batch,)`, 1 where it stays alone.

    Returns:
        float32 `(batch, classes)`.

    Example:
        >>> targets, others = np.array([[1, 0], [1, 0]]), np.array([[0, 1], [0, 1]])
        >>> soft_targets(targets, 0.1, others, np.array([1.0, 0.4]))
        array([[0.9 , 0.05],
               [0.41, 0.59]], dtype=float32)
    """
    base = smoothing / targets.shape[1]
    plain = np.where(targets > 0, 1 - smoothing, base)
    if others is None or share is None:
        return plain.astype(np.float32)
    share = share[:, None]
    mixed = base + (1 - smoothing) * (share * targets + (1 - share) * others)
    return np.where(share < 1, mixed, plain).astype(np.float32)


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    share = share[mixed].reshape(-1, *(1,) * (first.ndim - 1)).astype(np.float32)
    values = share * first[mixed] + (1 - share) * second[mixed]
    outputs = first.copy()
    outputs[mixed] = np.rint(values) if first.dtype == np.uint8 else values
    return outputs


def _without_mean(waveforms: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    if lengths is None:
        return waveforms - waveforms.mean(axis=1, keepdims=True)
    within = _within(lengths, waveforms)
    means = (waveforms * within).sum(axis=1) / np.maximum(lengths, 1)
    return ((waveforms - means[:, None]) * within).astype(waveforms.dtype)


def _within(lengths: np.ndarray, values: np.ndarray) -> np.ndarray:
    within = np.arange(values.shape[1]) < lengths[:, None]
    return within.reshape(*within.shape, *(1,) * (values.ndim - 2))
