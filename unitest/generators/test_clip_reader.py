import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from comparators.generators import AudioReader, ClipReader, FrameItems, ImageItems, ImageReader


@pytest.fixture
def clips(tmp_path) -> pd.DataFrame:
    """Two clips of three frames, whose grey tells which."""
    rows = []
    for number, name in enumerate("xy"):
        soundfile.write(tmp_path / f"{name}.wav", np.linspace(-0.5, 0.5, 16_000), 16_000)
        for frame in range(3):
            (tmp_path / f"frame_{frame}").mkdir(exist_ok=True)
            picture = Image.new("RGB", (8, 8), (100 * number + 20 * frame,) * 3)
            picture.save(tmp_path / f"frame_{frame}/{name}.jpg", quality=100)
        rows.append({"path": str(tmp_path / f"{name}.wav"), "video_path": str(tmp_path), "video_id": name})
    return pd.DataFrame(rows)


@pytest.fixture
def reader() -> ClipReader:
    return ClipReader(0.25, AudioReader(), ImageReader((8, 8)))


def test_begins_at_the_beginning_and_shows_the_middle(reader, clips):
    random, items = np.random.default_rng(0), reader.items(clips)
    waveforms = items["audio"].take(np.array([0, 1]), random)["waveforms"]
    assert waveforms.shape == (2, 4_000)
    np.testing.assert_allclose(waveforms[:, 0], -0.5, atol=1e-3)
    np.testing.assert_allclose(items["image"].take(np.array([0, 1]), random)[:, 0, 0, 0], [20, 120], atol=2)
    drawn = reader.items(clips, training=True)
    starts = {float(drawn["audio"].take(np.array([0]), random)["waveforms"][0, 0]) for _ in range(5)}
    frames = {int(drawn["image"].take(np.array([1]), random)[0, 0, 0, 0]) // 10 for _ in range(40)}
    assert len(starts) > 1
    assert len(frames) == 3


def test_one_picture_each_and_one_role(reader, clips):
    pairs = pd.DataFrame({"audio": clips["path"], "image": [f"{clips['video_path'][0]}/frame_2/x.jpg"] * 2})
    pictures = reader.items(pairs)["image"]
    assert isinstance(pictures, ImageItems)
    assert not isinstance(pictures, FrameItems)
    assert pictures.take(np.array([1]), np.random.default_rng(0)).shape == (1, 8, 8, 3)
    assert list(reader.items(clips[["path"]], ["audio"])) == ["audio"]


def test_saved_and_read_again(reader, clips):
    again = ClipReader.from_config(reader.get_config())
    assert again.get_config() == reader.get_config()
    first, second = (one.items(clips)["image"].take(np.array([0]), np.random.default_rng(0)) for one in (reader, again))
    np.testing.assert_array_equal(first, second)


def test_what_does_not_fit(reader, clips):
    with pytest.raises(ValueError, match=r"`clip_seconds` must be positive\. Received: clip_seconds=0"):
        ClipReader(0, AudioReader(), ImageReader((8, 8)))
    with pytest.raises(ValueError, match=r"must have a column `image`\. Received: path"):
        reader.items(clips[["path"]])
    with pytest.raises(ValueError, match=r"must have a column `path`"):
        reader.items(clips[["video_path", "video_id"]])
