"""Scores of clips, averaged over all their frames."""

from collections.abc import Callable, Mapping

import keras
import numpy as np

from comparators.generators.frame_items import FrameItems
from comparators.generators.item_batches import Items

ACTIVATIONS = {"sigmoid": keras.ops.sigmoid, "softmax": keras.ops.softmax}
"""From logits to probabilities, by name: of classes that go together, and of one class of many."""


def frame_scores(
    model: keras.Model, items: Mapping[str, Items], activation: str = "sigmoid", batch_size: int = 32
) -> np.ndarray:
    """Scores clips once with each of their frames, and takes the mean of the probabilities.

    As CAV-MAE is evaluated; from pictures alone, a single frame does much worse.

    Args:
        model: from `{role: inputs}` to logits `(batch, classes)`.
        items: of the clips by role; those of sound best with `place="start"`. Clips without `FrameItems`, of sound
            or of one picture each, are scored once.
        activation: `"sigmoid"` for clips with several labels, `"softmax"` for one each.
        batch_size: clips at a time.

    Returns:
        float32 `(n, classes)`, probabilities.

    Raises:
        ValueError: two roles are `FrameItems`, or another argument is out of its range; or a clip cannot be read.

    Example:
        >>> import os, pandas as pd
        >>> from PIL import Image
        >>> for number in range(2):
        ...     os.makedirs(f"frame_{number}")
        ...     Image.new("RGB", (8, 8)).save(f"frame_{number}/x.jpg")
        >>> items = FrameItems(pd.DataFrame({"video_path": ["."], "video_id": ["x"]}), num_frames=2)
        >>> image = keras.Input((224, 224, 3), name="image")
        >>> model = keras.Model({"image": image}, keras.layers.GlobalAveragePooling2D()(image))
        >>> frame_scores(model, {"image": items})
        array([[0.5, 0.5, 0.5]], dtype=float32)

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"`activation` must be one of {list(ACTIVATIONS)}. Received: activation={activation!r}.")
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be positive. Received: batch_size={batch_size}.")
    shown = [role for role, part in items.items() if isinstance(part, FrameItems)]
    sizes = {role: len(part) for role, part in items.items()}
    if len(shown) > 1 or len(set(sizes.values())) != 1:
        raise ValueError(
            f"`items` must be of the same clips, at most one role of them `FrameItems`. Received: {sizes}, of which "
            f"{shown}."
        )
    num_clips = next(iter(sizes.values()))
    return np.concatenate(
        [
            _scores(model, items, shown, np.arange(first, min(first + batch_size, num_clips)), ACTIVATIONS[activation])
            for first in range(0, num_clips, batch_size)
        ]
    )


def _scores(model: keras.Model, items: Mapping[str, Items], shown: list[str], rows: np.ndarray, activation: Callable):
    """Returns the probabilities of some clips, the mean over the frames of the one role that is shown."""
    random = np.random.default_rng(0)
    inputs = {role: part.take(rows, random) for role, part in items.items() if role not in shown}
    num_frames = items[shown[0]].num_frames if shown else 1
    total = 0.0
    for number in range(num_frames):
        pictures = {role: items[role].with_frame(number).take(rows, random) for role in shown}
        logits = model.predict_on_batch(inputs | pictures)
        total += keras.ops.convert_to_numpy(activation(np.asarray(logits, np.float32)))
    return total / num_frames
