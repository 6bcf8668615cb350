"""Clips, of each of which one frame is shown."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from comparators.generators import FrameItems, ImageReader


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> pd.DataFrame:
    """Three clips of four frames: all pixels of frame j of clip i have the value 40 i + 10 j."""
    folder = tmp_path_factory.mktemp("frames")
    for frame in range(4):
        (folder / f"frame_{frame}").mkdir()
        for clip in range(3):
            pixels = np.full((12, 16, 3), 40 * clip + 10 * frame, np.uint8)
            Image.fromarray(pixels).save(folder / f"frame_{frame}" / f"clip{clip}.jpg", quality=100)
    return pd.DataFrame({"video_path": str(folder), "video_id": [f"clip{clip}" for clip in range(3)]})


READER = ImageReader((8, 8), "rgb", "crop", resize_shorter=8, resample="bicubic")


def levels(items, rows, seed=0):
    return items.take(np.asarray(rows), np.random.default_rng(seed))[:, 4, 4, 0].tolist()


def test_the_middle_and_any_frame(clips):
    items = FrameItems(clips, "middle", READER, num_frames=4)
    assert len(items) == 3
    assert levels(items, [2, 0, 0]) == [100, 20, 20]
    assert levels(items.with_frame(3), [1]) == [70]
    assert levels(items, [1]) == [60], "the items stay as they were"


def test_random_frames_are_all_of_the_clip(clips):
    items = FrameItems(clips, reader=READER, num_frames=4)
    drawn = levels(items, [1] * 200)
    assert set(drawn) == {40, 50, 60, 70}
    assert drawn == levels(items, [1] * 200)
    assert drawn != levels(items, [1] * 200, seed=1)


def test_the_middle_of_ten_is_the_sixth():
    table = pd.DataFrame({"video_path": ["/x"], "video_id": ["y"]})
    with pytest.raises(FileNotFoundError, match=r"/x/frame_5/y\.jpg"):
        levels(FrameItems(table, "middle"), [0])


def test_a_clip_is_checked_with_all_its_frames(clips, tmp_path):
    items = FrameItems(clips, 0, READER, num_frames=4)
    items.check(2)
    with pytest.raises(FileNotFoundError, match="frame_4/clip2"):
        FrameItems(clips, 0, READER, num_frames=5).check(2)


def test_what_is_out_of_range_is_refused(clips):
    for frame in ("last", 4, -1):
        with pytest.raises(ValueError, match="'random', 'middle' or from 0 to 3"):
            FrameItems(clips, frame, READER, num_frames=4)
    with pytest.raises(ValueError, match="column `video_path`"):
        FrameItems(pd.DataFrame({"path": ["a.wav"], "video_id": ["a"]}))
    with pytest.raises(ValueError, match="`num_frames` must be positive"):
        FrameItems(clips, num_frames=0)
