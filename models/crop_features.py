"""What a frozen network makes of several crops of each image, computed once."""

import hashlib
import json
import os
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from comparators.generators.cropped_image_items import CroppedImageItems
from comparators.generators.image_items import ImageItems
from comparators.models.embedding_store import content_key
from comparators.models.encoder import Encoder
from comparators.recognition.atomic_file import replaced_file


def crop_features(
    encoder: keras.Model,
    items: CroppedImageItems | ImageItems,
    crops: int = 10,
    seed: int = 0,
    batch_size: int = 32,
    store: str | os.PathLike | None = None,
) -> np.ndarray:
    """Returns the features of some crops of each image, for a network that is not trained any more.

    Hand them to `FeatureItems`: what comes after the network is then trained without running it each epoch.

    Args:
        encoder: from pixels to features, such as `PixelEncoder(PixelNormalization("torch"), trunk, (224, 224, 3))`;
            called as in use, not as in training.
        items: the images; `ImageItems` for one centred crop.
        crops: how many of each image.
        seed: of the crops; which are drawn does not depend on the batch size.
        batch_size: crops encoded at once.
        store: file `*.npz` in which they are kept; where it is there already, it is read. None keeps them in memory
            only.

    Returns:
        float32 `(n, crops, dim)`.

    Raises:
        FileNotFoundError: an image or the folder of `store` is missing.
        ValueError: a number is not positive, an image cannot be read, or `store` is damaged or holds other features.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> from PIL import Image
        >>> from comparators.generators.image_reader import ImageReader
        >>> encoder = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D()])
        >>> reader = ImageReader((8, 8), fit="crop", resize_shorter=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (40, 20), "white").save(f"{folder}/a.png")
        ...     items = CroppedImageItems(pd.DataFrame({"path": [f"{folder}/a.png"]}), reader)
        ...     features = crop_features(encoder, items, crops=2, store=f"{folder}/features.npz")
        >>> features.shape, features.max().item()
        ((1, 2, 3), 1.0)
    """
    for name, value in {"crops": crops, "batch_size": batch_size}.items():
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    if store is None:
        return _encode(encoder, items, crops, seed, batch_size)
    store = Path(store)
    if store.suffix != ".npz":
        raise ValueError(f"`store` must be a file *.npz. Received: store={str(store)!r}.")
    made_of = _fingerprint(encoder, items, crops, seed)
    if store.exists():
        return _read(store, made_of)
    if not store.parent.is_dir():
        raise FileNotFoundError(f"There is no folder for '{store}'. Create it first.")
    features = _encode(encoder, items, crops, seed, batch_size)
    with replaced_file(store) as file:
        np.savez(file, features=features, made_of=np.array(made_of))
    return features


def _encode(encoder: keras.Model, items, crops: int, seed: int, batch_size: int) -> np.ndarray:
    images_at_once = max(1, batch_size // crops)
    rows = []
    for first in range(0, len(items), images_at_once):
        numbers = range(first, min(first + images_at_once, len(items)))
        pictures = [items.take(np.repeat(number, crops), np.random.default_rng((seed, number))) for number in numbers]
        rows.append(encoder.predict(np.concatenate(pictures), batch_size=batch_size, verbose=0))
    features = np.concatenate(rows).astype(np.float32)
    return features.reshape(len(items), crops, *features.shape[1:])


def _fingerprint(encoder: keras.Model, items, crops: int, seed: int) -> str:
    """Returns a hash of all that decides on the features: network, files' contents, how they are read and cropped."""
    cropping = [type(items).__name__, *(getattr(items, name, None) for name in ("area", "aspect", "flip"))]
    files = [content_key(items.path(item)) for item in range(len(items))]
    parts = [Encoder(encoder).fingerprint, crops, seed, cropping, vars(items.reader), files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _read(store: Path, made_of: str) -> np.ndarray:
    try:
        with np.load(store, allow_pickle=False) as file:
            found, features = str(file["made_of"]), file["features"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"'{store}' is damaged, or no file of features ({error}). Delete it.") from error
    if found != made_of:
        raise ValueError(
            f"'{store}' holds features of another encoder, of other images, crops or seed. Name another file, or "
            "delete that one."
        )
    return features
