"""Videos as the mean of their frames: by hand, lengths, saving, wrong frames."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import PixelNormalization
from comparators.models.encoders import ClipImageTrunk, FrameAverage, PixelEncoder


def tiny() -> FrameAverage:
    trunk = ClipImageTrunk((8, 8), patch_size=4, width=8, depth=1, num_heads=2, embedding_dim=5)
    return FrameAverage(PixelEncoder(PixelNormalization("clip"), trunk, (8, 8, 3)))


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 256, (6, 4, 8, 8, 3), dtype="uint8")


def test_mean_of_the_frames(frames):
    model = tiny()
    lengths = np.array([4, 1, 2, 3, 4, 2], "int32")
    embeddings = ops.convert_to_numpy(model({"frames": frames, "lengths": lengths}))
    for video, length, embedding in zip(frames, lengths, embeddings, strict=True):
        rows = ops.convert_to_numpy(model.encoder(video[:length]))
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        np.testing.assert_allclose(embedding, rows.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(
        ops.convert_to_numpy(model(frames)),
        ops.convert_to_numpy(model({"frames": frames, "lengths": np.full(6, 4)})),
        atol=1e-6,
    )


def test_saved_and_loaded(tmp_path, frames):
    model = tiny()
    expected = ops.convert_to_numpy(model(frames))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(frames)), expected, atol=1e-6)


def test_wrong_frames(frames):
    with pytest.raises(ValueError, match=r"`\(batch, frames, 8, 8, 3\)`. Received: shape \(4, 8, 8, 3\)"):
        tiny()(frames[0])
    with pytest.raises(TypeError, match="`encoder` must be a `PixelEncoder`"):
        FrameAverage(keras.Sequential())
