"""Scores averaged over frames, against a loop."""

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from comparators.generators import ArrayItems, FrameItems, ImageReader
from comparators.models import frame_scores

READER = ImageReader((4, 4), "rgb", "crop", resize_shorter=4)


@pytest.fixture(scope="module")
def items(tmp_path_factory) -> dict:
    folder, random = tmp_path_factory.mktemp("frames"), np.random.default_rng(0)
    for frame in range(3):
        (folder / f"frame_{frame}").mkdir()
        for clip in range(5):
            pixels = random.integers(0, 256, (4, 4, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"frame_{frame}" / f"{clip}.jpg")
    table = pd.DataFrame({"video_path": str(folder), "video_id": [str(clip) for clip in range(5)]})
    sounds = ArrayItems(random.normal(size=(5, 6)).astype("float32"))
    return {"audio": sounds, "image": FrameItems(table, "middle", READER, num_frames=3)}


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    audio, image = keras.Input((6,), name="audio"), keras.Input((4, 4, 3), name="image")
    pixels = keras.layers.Rescaling(1 / 64)(keras.layers.Flatten()(image))
    return keras.Model(
        {"audio": audio, "image": image}, keras.layers.Dense(4)(keras.layers.Concatenate()([audio, pixels]))
    )


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_probabilities_are_averaged(model, items, activation):
    expected = np.zeros((5, 4))
    random = np.random.default_rng(0)
    for clip in range(5):
        for frame in range(3):
            row = np.array([clip])
            pictures = items["image"].with_frame(frame).take(row, random)
            logits = model.predict({"audio": items["audio"].take(row, random), "image": pictures}, verbose=0)[0]
            odds = 1 / (1 + np.exp(-logits)) if activation == "sigmoid" else np.exp(logits) / np.exp(logits).sum()
            expected[clip] += odds / 3
    np.testing.assert_allclose(frame_scores(model, items, activation, batch_size=2), expected, rtol=1e-4, atol=1e-6)


def test_clips_without_frames_are_scored_once(model, items):
    pictures = items["image"].with_frame(1).take(np.arange(5), np.random.default_rng(0))
    single = {"audio": items["audio"], "image": ArrayItems(pictures)}
    logits = model.predict({role: part.take(np.arange(5), None) for role, part in single.items()}, verbose=0)
    np.testing.assert_allclose(frame_scores(model, single), 1 / (1 + np.exp(-logits)), rtol=1e-4, atol=1e-6)


def test_what_cannot_be_scored_is_refused(model, items):
    for arguments, message in (
        (({"image": items["image"], "other": items["image"]},), "at most one role of them `FrameItems`"),
        (({**items, "audio": ArrayItems(np.zeros((4, 6)))},), "of the same clips"),
        ((items, "tanh"), "activation='tanh'"),
        ((items, "sigmoid", 0), "`batch_size` must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            frame_scores(model, *arguments)
