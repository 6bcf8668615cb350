"""Scores of clips, averaged over all their frames."""

from collections.abc import Mapping

import keras
import numpy as np

from comparators.generators.frame_items import FrameItems
from comparators.generators.item_batches import Items

_ACTIVATIONS = {"sigmoid": keras.ops.sigmoid, "softmax": keras.ops.softmax}


def frame_scores(
    model: keras.Model, items: Mapping[str, Items], activation: str = "sigmoid", batch_size: int = 32
) -> np.ndarray:
    """Scores clips once with each of their frames, and takes the mean of the probabilities.

    As CAV-MAE is evaluated; from pictures alone, a single frame does much worse.

    Args:
        model: from `{role: inputs}` to logits `(batch, classes)`.
        items: of the clips by role, one of them `FrameItems`; those of sound best with `place="start"`.
        activation: `"sigmoid"` for clips with several labels, `"softmax"` for one each.
        batch_size: clips at a time.

    Returns:
        float32 `(n, classes)`, probabilities.

    Raises:
        ValueError: there are no `FrameItems`, or another argument is out of its range; or a clip cannot be read.

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
    if activation not in _ACTIVATIONS:
        raise ValueError(f"`activation` must be one of {list(_ACTIVATIONS)}. Received: activation={activation!r}.")
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be positive. Received: batch_size={batch_size}.")
    shown = [role for role, part in items.items() if isinstance(part, FrameItems)]
    sizes = {role: len(part) for role, part in items.items()}
    if len(shown) != 1 or len(set(sizes.values())) != 1:
        raise ValueError(
            f"`items` must be of the same clips, one role of them `FrameItems`. Received: {sizes}, of which {shown}."
        )
    random = np.random.default_rng(0)
    scores = []
    for first in range(0, sizes[shown[0]], batch_size):
        rows = np.arange(first, min(first + batch_size, sizes[shown[0]]))
        inputs = {role: part.take(rows, random) for role, part in items.items() if role != shown[0]}
        frames = items[shown[0]]
        total = 0.0
        for number in range(frames.num_frames):
            pictures = frames.with_frame(number).take(rows, random)
            logits = model.predict_on_batch({role: inputs.get(role, pictures) for role in items})
            total += keras.ops.convert_to_numpy(_ACTIVATIONS[activation](np.asarray(logits, np.float32)))
        scores.append(total / frames.num_frames)
    return np.concatenate(scores)
