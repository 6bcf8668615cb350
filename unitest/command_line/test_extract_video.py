"""`comparators extract-video`."""

import json

import pandas as pd
import pytest


@pytest.fixture
def videos(make_video, tmp_path):
    folder = tmp_path / "videos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.avi", "deep/b.mkv"):
        make_video(folder / name, num_pictures=5)
    (folder / "notes.txt").write_text("no video")
    return folder


SMALL = ("--frames", 2, "--size", 16, "-q")


def test_a_folder_is_extracted_and_found_again(run, videos, tmp_path):
    result = run("extract-video", videos, "-o", tmp_path / "out", *SMALL)
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("manifest.json: 2 clips\n")
    clips = json.loads((tmp_path / "out/manifest.json").read_text())["data"]
    assert clips[1] == {"wav": "sound/b.wav", "video_id": "b", "video_path": "frames", "labels": ""}
    assert "2 of them before" in run("extract-video", videos, "-o", tmp_path / "out", *SMALL).out


def test_other_videos_and_other_settings(run, videos, tmp_path):
    out = tmp_path / "out"
    assert run("extract-video", videos / "a.avi", "-o", out, *SMALL).out.endswith(": 1 clip\n")
    result = run("extract-video", videos / "deep", "-o", out, *SMALL)
    assert result.out.endswith("manifest.json: 2 clips, 1 of them before\n")
    assert [clip["video_id"] for clip in json.loads((out / "manifest.json").read_text())["data"]] == ["a", "b"]
    result = run("extract-video", videos, "-o", out, "--frames", 4, "--size", 16, "-q")
    assert result.status == 2
    assert "num_frames=2, size=16. Received: sample_rate=16000, num_frames=4, size=16. Repeat" in result.err


def test_a_table_brings_its_labels(run, videos, tmp_path):
    table = pd.DataFrame({"path": ["videos/a.avi", "videos/deep/b.mkv"], "labels": ["/m/x,/m/y", ""]})
    table.to_csv(tmp_path / "clips.csv", index=False)
    result = run("extract-video", tmp_path / "clips.csv", "-o", tmp_path / "out", *SMALL, "--json")
    assert result.status == 0
    assert (result.document["clips"], result.document["failures"]) == (2, {})
    clips = json.loads((tmp_path / "out/manifest.json").read_text())["data"]
    assert [clip["labels"] for clip in clips] == ["/m/x,/m/y", ""]


def test_a_label_is_not_split_at_its_comma(run, tmp_path):
    (tmp_path / "clips.csv").write_text('path,label\na.avi,"door, wood knock"\n')
    result = run("extract-video", tmp_path / "clips.csv", "-o", tmp_path / "out", *SMALL)
    assert result.status == 2
    assert "Received: 'door, wood knock' in row 2 of" in result.err


def test_broken_files_are_told_and_left_out(run, videos, make_video, tmp_path):
    make_video(videos / "mute.avi", sound=False)
    result = run("extract-video", videos, "-o", tmp_path / "out", *SMALL)
    assert result.status == 1
    assert "skipped: No sound in video" in result.err
    assert "2 clips" in result.out


def test_what_is_no_video_is_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("text " * 50)
    for source, message in ((tmp_path / "empty", "No video"), (tmp_path / "text.mp4", "None of 1 videos")):
        result = run("extract-video", source, "-o", tmp_path / "out")
        assert result.status == 2
        assert message in result.err
