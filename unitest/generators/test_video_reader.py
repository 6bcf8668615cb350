"""Sound and frames of videos, by both tools, and what is wrong with bad ones."""

import sys

import numpy as np
import pytest
from PIL import Image

from comparators.generators import VideoReader, ffmpeg_video

pytest.importorskip("av", reason="needs PyAV to write videos")
FFMPEG = pytest.mark.skipif(not ffmpeg_video.is_installed(), reason="needs the program ffmpeg")


@pytest.fixture(params=["pyav", pytest.param("ffmpeg", marks=FFMPEG)])
def tool(request) -> str:
    return request.param


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mov"])
def test_frames_are_evenly_spaced_and_the_first_is_the_first(make_video, tmp_path, tool, suffix):
    reader = VideoReader(num_frames=10, size=32, tool=tool)
    frames = reader.read_frames(make_video(tmp_path / f"a{suffix}", num_pictures=25))
    assert frames.shape == (10, 32, 32, 3)
    levels = frames.reshape(10, -1).mean(axis=1)
    np.testing.assert_allclose(levels, 8 * np.array([0, 2, 5, 7, 10, 12, 15, 17, 20, 22]), atol=3)


def test_a_few_pictures_come_several_times(make_video, tmp_path, tool):
    frames = VideoReader(num_frames=5, size=16, tool=tool).read_frames(make_video(tmp_path / "a.avi", num_pictures=2))
    np.testing.assert_allclose(frames.mean(axis=(1, 2, 3)), [0, 0, 0, 8, 8], atol=3)


def test_frames_are_resized_by_their_shorter_side_and_cut(make_video, tmp_path, tool):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 10, 3), np.uint8)
    picture = Image.fromarray(pixels).resize((100, 60), Image.Resampling.BICUBIC)
    path = make_video(tmp_path / "a.avi", num_pictures=1, picture=np.asarray(picture))
    frame = VideoReader(num_frames=1, size=24, tool=tool).read_frames(path)[0]
    expected = np.asarray(picture.resize((40, 24), Image.Resampling.BICUBIC).crop((8, 0, 32, 24)), float)
    assert np.abs(frame - expected).mean() < 6, "but for the colours that JPEG loses"


def test_all_channels_are_mixed_down(make_video, tmp_path, tool):
    samples = VideoReader(tool=tool).read_sound(make_video(tmp_path / "a.avi", num_pictures=50, tones=(440.0, 1000.0)))
    assert abs(len(samples) - 32_000) <= 32
    assert samples.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(samples[:16_000])) / 8000
    np.testing.assert_allclose(spectrum[[440, 1000]], 0.25, atol=0.01)
    assert np.delete(spectrum, [*range(430, 450), *range(990, 1010)]).max() < 0.02


@FFMPEG
def test_both_tools_give_the_same(make_video, tmp_path):
    path = make_video(tmp_path / "a.mkv")
    readers = [VideoReader(num_frames=4, size=32, tool=tool) for tool in ("pyav", "ffmpeg")]
    sounds = [reader.read_sound(path) for reader in readers]
    np.testing.assert_allclose(*[sound[:15_900] for sound in sounds], atol=1e-3)
    np.testing.assert_allclose(*[reader.read_frames(path).astype(int) for reader in readers], atol=2)


def test_what_a_video_lacks_is_said(make_video, tmp_path, tool):
    reader = VideoReader(tool=tool)
    with pytest.raises(ValueError, match=r"No sound in video '.*mute\.avi'"):
        reader.read_sound(make_video(tmp_path / "mute.avi", sound=False))
    with pytest.raises(ValueError, match=r"No picture in video '.*blind\.avi'"):
        reader.read_frames(make_video(tmp_path / "blind.avi", picture=None))
    nothing = make_video(tmp_path / "nothing.avi", num_pictures=0)
    for read in (reader.read_sound, reader.read_frames):
        with pytest.raises(ValueError, match=r"Video of zero length: '.*nothing\.avi'"):
            read(nothing)


def test_broken_files_are_named(make_video, tmp_path, tool):
    reader = VideoReader(tool=tool)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all " * 100)
    whole = make_video(tmp_path / "whole.mov").read_bytes()
    (tmp_path / "cut.mov").write_bytes(whole[: len(whole) // 2])
    for name, message in {
        "empty.mp4": "Empty video",
        "text.mp4": "Not a readable",
        "cut.mov": "Not a readable",
    }.items():
        for read in (reader.read_sound, reader.read_frames):
            with pytest.raises(ValueError, match=rf"{message}.*{name}"):
                read(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4"):
        reader.read_sound(tmp_path / "gone.mp4")


def test_names_that_ffmpeg_could_misread_are_read(make_video, tmp_path, tool, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "-v a:b %03d.avi")
    assert VideoReader(num_frames=2, size=8, tool=tool).read_frames("-v a:b %03d.avi").shape == (2, 8, 8, 3)


def test_without_any_tool_the_extra_is_named(make_video, tmp_path, monkeypatch):
    path = make_video(tmp_path / "a.avi")
    monkeypatch.setattr(ffmpeg_video, "is_installed", lambda: False)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"comparators\[video\]"):
        VideoReader().read_sound(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"num_frames": 0}, "`num_frames`"), ({"size": -1}, "`size`"), ({"tool": "cv2"}, "tool='cv2'")],
)
def test_what_is_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        VideoReader(**arguments)


def test_configuration():
    reader = VideoReader(8_000, num_frames=3, size=32, tool="pyav")
    again = VideoReader.from_config(reader.get_config())
    assert again.get_config() == {"sample_rate": 8_000, "num_frames": 3, "size": 32, "tool": "pyav"}
    assert again.image_reader.size == (32, 32)
