"""Pairs of sound and image to fill in, and what was filled in as pictures."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from keras import KerasTensor, ops

from comparators.models.dual_encoder import DualEncoder


def read_pairs(model: DualEncoder, audio: Sequence, image: Sequence) -> dict:
    """Reads pairs as a model of roles `"audio"` (a `ClipEncoder`) and `"image"` takes them.

    Args:
        model: whose readers are taken.
        audio: files or waveforms; what is longer than the clip is cut.
        image: files or arrays, as many.

    Returns:
        `{"audio": {"waveforms": (n, samples), "lengths": (n,)}, "image": (n, height, width, channels)}`.

    Raises:
        ValueError: there are more of the one than of the other, or none.
    """
    if len(audio) != len(image) or len(audio) == 0:
        raise ValueError(f"`audio` and `image` must be as many, one or more. Received: {len(audio)} and {len(image)}.")
    sounds, pictures = model.encoder_of("audio"), model.encoder_of("image")
    samples = round(sounds.clip_seconds * sounds.reader.sample_rate)
    waveforms = [sounds.read(item)[:samples] for item in audio]
    padded = np.stack([np.pad(waveform, (0, samples - len(waveform))) for waveform in waveforms])
    lengths = np.array([len(waveform) for waveform in waveforms], "int32")
    pixels = np.stack([pictures.read(item) for item in image])
    return {"audio": {"waveforms": padded.astype("float32"), "lengths": lengths}, "image": pixels}


def filled_in(
    parts: Mapping[str, KerasTensor], images_of: Callable[[KerasTensor], KerasTensor]
) -> dict[str, np.ndarray]:
    """Returns what a masked autoencoder saw and what it made of it.

    Args:
        parts: `"patches"` and `"prediction"` `(n, count, values)`, `"hidden"` `(n, count)`.
        images_of: from patches to images.

    Returns:
        `{"original", "masked", "inpainted"}`, images, with NaN for what is hidden; and `"hidden"`, bool `(n, count)`.
    """
    hidden = parts["hidden"][..., None] > 0
    pictures = {
        "original": parts["patches"],
        "masked": ops.where(hidden, float("nan"), parts["patches"]),
        "inpainted": ops.where(hidden, parts["prediction"], parts["patches"]),
    }
    images = {name: ops.convert_to_numpy(images_of(patches)) for name, patches in pictures.items()}
    return images | {"hidden": ops.convert_to_numpy(hidden[..., 0])}
