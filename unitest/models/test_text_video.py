"""Videos and texts: files and arrays, training, on a CLIP, saving, bad input."""

import keras
import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.custom_layers import PixelNormalization
from comparators.generators import ArrayItems, Matches, TextItems, TextTokenizer, VideoItems, VideoReader
from comparators.models import CLIP, TextVideo, VideoEncoder
from comparators.models.encoders import ClipImageTrunk, FrameAverage, ImageTrunk, PixelEncoder

pytest.importorskip("tokenizers", reason="needs the package `tokenizers`")

TEXTS = ["red then red", "green then green", "blue then blue"]
VIDEOS = np.zeros((3, 4, 12, 12, 3), "uint8")
for number in range(3):
    VIDEOS[number, ..., number] = 220


def tokenizer() -> TextTokenizer:
    return TextTokenizer.of_words(["red", "green", "blue", "then"], max_tokens=8)


def tiny() -> TextVideo:
    trunk = ClipImageTrunk((12, 12), patch_size=6, width=16, depth=1, num_heads=2, embedding_dim=8)
    sizes = {"size": 12, "num_frames": 4, "embedding_dim": 8, "width": 16, "depth": 1}
    return TextVideo.default(tokenizer(), image_trunk=trunk, **sizes)


def encoder(shape=(12, 12, 3)) -> FrameAverage:
    trunk = ImageTrunk(channels=(4,), embedding_dim=6)
    return FrameAverage(PixelEncoder(PixelNormalization("tf"), trunk, shape))


def test_learns_and_saves(tmp_path):
    keras.utils.set_random_seed(0)
    model = tiny()
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    items = {"video": ArrayItems(VIDEOS), "text": TextItems(TEXTS, model.encoder_of("text").tokenizer)}
    history = model.fit(Matches(items, batch_size=3), epochs=30, verbose=0).history
    assert history["recall_at_1"][-1] == 1.0
    scores = model.similarity_matrix(VIDEOS, TEXTS)
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    model.save(tmp_path / "model.keras")
    loaded = comparators.load(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.similarity_matrix(VIDEOS, TEXTS), scores, atol=1e-5)
    assert loaded.encoder_of("video").reader.num_frames == 4
    classifier = loaded.zero_shot_classifier(["red", "green", "blue"], ["{} then {}"])
    assert classifier.predict(VIDEOS).tolist() == ["red", "green", "blue"]
    assert loaded.zero_shot_classifier(["red"]).templates == ["a video of {}."]


def test_on_a_network_of_pictures():
    """Of a video of one frame it says what the network says of the frame."""
    clip = CLIP.small(tokenizer(), (12, 12), "rgb", embedding_dim=8, width=16)
    model = TextVideo.of_clip(clip, num_frames=3)
    assert model.objective is clip.objective
    pictures = VIDEOS[:, 0]
    np.testing.assert_allclose(
        model.similarity_matrix(pictures[:, None], TEXTS), clip.similarity_matrix(pictures, TEXTS), atol=1e-5
    )
    with pytest.raises(ValueError, match=r"must give the frames that the encoder takes, \(12, 12, 1\)"):
        TextVideo.of_clip(CLIP.small(tokenizer(), (12, 12), "grey", embedding_dim=8, width=16))


def test_videos_of_any_length_and_size():
    model = VideoEncoder(encoder())
    random = np.random.default_rng(0)
    videos = [random.integers(0, 256, (count, 12, 12, 3), dtype="uint8") for count in (1, 5, 3)]
    together = model.embed(videos)
    for video, embedding in zip(videos, together, strict=True):
        np.testing.assert_allclose(model.embed([video])[0], embedding, atol=1e-5)
    np.testing.assert_allclose(model.embed(videos, batch_size=1), together, atol=1e-5)
    assert model.embed([random.integers(0, 256, (2, 30, 20, 3), dtype="uint8")]).shape == (1, 6)
    assert model.embed([]).shape == (0, 6)


def test_files(make_video, tmp_path):
    paths = [str(make_video(tmp_path / f"{name}.avi", num_pictures=10)) for name in "ab"]
    reader = VideoReader(num_frames=3, size=12, tool="pyav")
    model = VideoEncoder(encoder(), reader=reader)
    frames = np.stack([reader.read_frames(path) for path in paths])
    expected = model.embed(frames)
    pd.DataFrame({"path": paths}).to_csv(tmp_path / "videos.csv", index=False)
    for inputs in (paths, tmp_path / "videos.csv"):
        np.testing.assert_allclose(model.embed(inputs), expected, atol=1e-6)
    np.testing.assert_allclose(model.embed(paths[0]), expected[:1], atol=1e-5)
    items = VideoItems(pd.DataFrame({"path": paths}), reader)
    np.testing.assert_array_equal(items.take(np.array([1, 0, 1]), np.random.default_rng(0)), frames[[1, 0, 1]])
    items.check(0)


def test_bad_videos(tmp_path):
    model = VideoEncoder(encoder())
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4"):
        model.embed([tmp_path / "gone.mp4"])
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4"):
        VideoItems(pd.DataFrame({"path": [str(tmp_path / "gone.mp4")]}), model.reader).check(0)
    with pytest.raises(ValueError, match=r"with at least one frame. Received: shape \(0, 12, 12, 3\)"):
        model.embed([np.zeros((0, 12, 12, 3), "uint8")])
    with pytest.raises(ValueError, match=r"must be a path or an array .*Received: shape \(12, 12, 3\)"):
        model.embed(VIDEOS[0])
    with pytest.raises(ValueError, match=r"`reader` must give the frames that the encoder takes, \(12, 12, 3\)"):
        VideoEncoder(encoder(), reader=VideoReader(size=16))
    with pytest.raises(TypeError, match="`encoder` must be a `FrameAverage`"):
        VideoEncoder(keras.Sequential())
