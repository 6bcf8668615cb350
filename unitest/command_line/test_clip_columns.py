"""Manifests of clips as tables of matches."""

from pathlib import Path

import pandas as pd
import pytest

from comparators.command_line.clip_columns import with_roles
from comparators.command_line.match_sources import read_matches

from .clips import write_clips, write_manifest

ROLES = {"audio": "audio", "image": "image"}


def test_the_middle_frame_is_the_image(tmp_path):
    write_clips(tmp_path, 3)
    table = read_matches([tmp_path / "manifest.json"], ROLES).table
    assert table["audio"].tolist() == [str(tmp_path / f"sound/00{number}.wav") for number in range(3)]
    assert table["image"].tolist() == [str(tmp_path / f"frames/frame_1/00{number}.jpg") for number in range(3)]
    assert table["labels"].tolist() == ["/m/dog", "/m/rain", "/m/dog"]
    assert "label" not in table
    assert read_matches([tmp_path / "manifest.json"], ROLES, "labels").table["label"][0] == "/m/dog"


def test_the_same_clips_in_csv(tmp_path):
    rows = pd.DataFrame(write_clips(tmp_path, 3)).rename(columns={"wav": "path"})
    rows.assign(split=["a", "b", "b"]).to_csv(tmp_path / "clips.csv", index=False)
    table = read_matches([tmp_path / "clips.csv"], ROLES, split="b").table
    assert table["image"].tolist() == [str(tmp_path / f"frames/frame_1/00{number}.jpg") for number in (1, 2)]
    assert table["video_id"].tolist() == ["001", "002"]


def test_sounds_alone_need_no_frames(tmp_path):
    sounds = write_manifest(tmp_path / "s.json", [{"wav": "a.wav", "start": 1.5}, {"wav": "b.wav"}])
    table = read_matches([sounds], {"audio": "audio"}).table
    assert table["audio"].tolist() == [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    assert table["start"][0] == 1.5
    assert table["start"].isna()[1]


def test_other_tables_stay():
    table = pd.DataFrame({"path": ["a.wav"], "label": ["dog"]})
    assert with_roles(table, ROLES, Path("/")) is table


def test_videos_are_to_be_extracted_first(tmp_path):
    (tmp_path / "v.csv").write_text("path,labels\na.MP4,dog\n")
    for source in (tmp_path / "v.csv", tmp_path):
        with pytest.raises(ValueError, match=r"(a\.MP4|folder)(.|\n)*`comparators extract-video`"):
            read_matches([source], ROLES)


def test_clips_without_frames_are_named(tmp_path):
    clips = write_manifest(tmp_path / "s.json", [{"wav": "a.wav", "video_id": "a", "video_path": "nowhere"}])
    with pytest.raises(ValueError, match=r"No frames of 1 clips, such as '.*nowhere/frame_0/a\.jpg'"):
        read_matches([clips], ROLES)
