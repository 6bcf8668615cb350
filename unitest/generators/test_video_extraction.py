"""Sound and frames of many videos: layout, resuming, broken files."""

import os

import numpy as np
import pytest
import soundfile

from comparators.generators import (
    AudioItems,
    FrameItems,
    VideoReader,
    extract_videos,
    read_clip_manifest,
    video_extraction,
)


@pytest.fixture
def videos(make_video, tmp_path):
    (tmp_path / "videos").mkdir()
    return [
        make_video(tmp_path / "videos" / f"{name}.avi", num_pictures=25 + number) for number, name in enumerate("abc")
    ]


READER = VideoReader(num_frames=3, size=32, tool="pyav")


def test_what_is_written_trains(videos, tmp_path):
    done = extract_videos(videos, tmp_path / "out", ["x", "x,y", ""], READER, workers=2)
    assert (len(done.table), done.failures, done.num_found) == (3, {}, 0)
    table = read_clip_manifest(tmp_path / "out" / "manifest.json")
    assert table["video_id"].tolist() == ["a", "b", "c"]
    assert table["labels"].tolist() == ["x", "x,y", ""]
    assert (tmp_path / "out/frames/frame_2/b.jpg").exists()
    samples, rate = soundfile.read(tmp_path / "out/sound/a.wav")
    assert (samples.ndim, rate) == (1, 16_000)
    assert abs(len(samples) - 16_000) < 32
    random = np.random.default_rng(0)
    assert AudioItems(table, 1.0).take(np.arange(3), random)["waveforms"].shape == (3, 16_000)
    levels = FrameItems(table, 1, num_frames=3).take(np.arange(3), random).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels, [8 * 8, 8 * 8, 8 * 9], atol=4)


def test_it_goes_on_where_it_was(videos, tmp_path, monkeypatch):
    extract_videos(videos, tmp_path / "out", reader=READER)
    (tmp_path / "out/frames/frame_1/b.jpg").unlink()
    before = os.stat(tmp_path / "out/sound/a.wav").st_mtime_ns
    read = []
    monkeypatch.setattr(VideoReader, "read_sound", lambda self, path: read.append(path) or np.zeros(10, np.float32))
    done = extract_videos(videos, tmp_path / "out", reader=READER)
    assert read == [str(videos[1])]
    assert done.num_found == 2
    assert len(done.table) == 3
    assert os.stat(tmp_path / "out/sound/a.wav").st_mtime_ns == before


def test_what_changed_is_extracted_again(videos, make_video, tmp_path):
    extract_videos(videos, tmp_path / "out", reader=READER)
    make_video(videos[1], num_pictures=50)
    (tmp_path / "other").mkdir()
    other = make_video(tmp_path / "other/a.avi", num_pictures=75)
    done = extract_videos([other, *videos[1:]], tmp_path / "out", reader=READER)
    assert done.num_found == 1
    sizes = {name: soundfile.info(tmp_path / f"out/sound/{name}.wav").frames / 16_000 for name in "abc"}
    assert sizes == pytest.approx({"a": 3, "b": 2, "c": 1.08}, abs=0.01)
    for path in (other, *videos):
        path.unlink()
    assert extract_videos([other, *videos[1:]], tmp_path / "out", reader=READER).num_found == 3


def test_a_stop_while_a_changed_video_is_written_is_no_clip_of_the_old_one(videos, tmp_path, monkeypatch):
    extract_videos(videos[:1], tmp_path / "out", reader=READER)
    status = os.stat(videos[0])
    os.utime(videos[0], (0, 0))
    with monkeypatch.context() as patch:
        patch.setattr(video_extraction.soundfile, "write", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            extract_videos(videos[:1], tmp_path / "out", reader=READER)
    os.utime(videos[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert extract_videos(videos[:1], tmp_path / "out", reader=READER).num_found == 0


def test_other_settings_need_another_folder(videos, make_video, tmp_path):
    mute = make_video(tmp_path / "mute.avi", sound=False)
    with pytest.raises(ValueError, match="None of 1 videos"):
        extract_videos([mute], tmp_path / "out", reader=VideoReader(num_frames=9, tool="pyav"))
    extract_videos(videos, tmp_path / "out", reader=READER)
    message = (
        r"out' was extracted with .*num_frames=3, size=32. Received: sample_rate=8000, num_frames=3, size=32. Repeat"
    )
    with pytest.raises(ValueError, match=message):
        extract_videos(videos, tmp_path / "out", reader=VideoReader(8000, 3, 32, "pyav"))
    (tmp_path / "out/settings.json").write_text("{")
    with pytest.raises(ValueError, match=r"Not JSON: '.*settings.json'"):
        extract_videos(videos, tmp_path / "out", reader=READER)


def test_other_videos_join_the_manifest(videos, tmp_path):
    extract_videos(videos[:2], tmp_path / "out", ["x", "y"], READER)
    done = extract_videos(videos[1:], tmp_path / "out", reader=READER)
    assert (done.num_found, done.failures) == (2, {})
    table = read_clip_manifest(tmp_path / "out/manifest.json")
    assert dict(zip(table["video_id"], table["labels"], strict=True)) == {"a": "x", "b": "y", "c": ""}
    assert done.table.to_dict("records") == table[done.table.columns].to_dict("records")
    videos[0].write_text("junk")
    assert extract_videos(videos[:2], tmp_path / "out", ["x", "z"], READER).table["labels"].tolist() == ["z", ""]


def test_a_stop_leaves_no_half_clip(videos, tmp_path, monkeypatch):
    def stop(*arguments, **options):
        arguments[0].write(b"RIFF")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(video_extraction.soundfile, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            extract_videos(videos, tmp_path / "out", reader=READER, workers=1)
    assert not list((tmp_path / "out/sound").iterdir())
    assert extract_videos(videos, tmp_path / "out", reader=READER).num_found == 0


def test_broken_files_are_reported_and_the_others_done(videos, make_video, tmp_path):
    (tmp_path / "videos/junk.mp4").write_text("junk" * 100)
    bad = [
        make_video(tmp_path / "videos/mute.avi", sound=False),
        make_video(tmp_path / "videos/blind.avi", picture=None),
        make_video(tmp_path / "videos/nothing.avi", num_pictures=0),
        tmp_path / "videos/junk.mp4",
        tmp_path / "videos/gone.mp4",
    ]
    told = []
    report = lambda path, problem: told.append((path, problem))  # noqa: E731
    done = extract_videos([*bad, *videos], tmp_path / "out", reader=READER, report=report)
    assert done.table["video_id"].tolist() == ["a", "b", "c"]
    messages = ["No sound", "No picture", "zero length", "Not a readable video", "No such video"]
    assert [message in done.failures[str(path)] for path, message in zip(bad, messages, strict=True)] == [True] * 5
    assert dict(told) == {**done.failures, **{str(path): None for path in videos}}
    with pytest.raises(ValueError, match=r"None of 2 videos could be read. The first: No sound"):
        extract_videos(bad[:2], tmp_path / "other", reader=READER)


def test_what_cannot_be_meant_is_refused(videos, tmp_path):
    for arguments, message in (
        (([],), "at least one"),
        ((["x/a.mp4", "y/a.mkv"],), "must differ in their names.*x/a.mp4.*y/a.mkv"),
        ((videos, ["x"]), "one text for each of 3"),
    ):
        with pytest.raises(ValueError, match=message):
            extract_videos(arguments[0], tmp_path / "out", *arguments[1:])
    with pytest.raises(ValueError, match="`workers` must be positive"):
        extract_videos(videos, tmp_path / "out", workers=0)
