"""Manifests of clips in JSON and CSV."""

import json

import pandas as pd
import pytest

from comparators.generators import read_clip_manifest, write_clip_manifest

CLIPS = [
    {"video_id": "x", "wav": "sound/x.wav", "video_path": "frames", "labels": "/m/a,/m/b"},
    {"video_id": "y", "wav": "/other/y.wav", "video_path": "frames", "labels": ""},
]


def test_the_official_json_is_read(tmp_path):
    path = tmp_path / "clips.json"
    path.write_text(json.dumps({"data": CLIPS}))
    table = read_clip_manifest(path)
    assert table["path"].tolist() == [str(tmp_path / "sound/x.wav"), "/other/y.wav"]
    assert table["video_path"].tolist() == [str(tmp_path / "frames")] * 2
    assert table["labels"].tolist() == ["/m/a,/m/b", ""]


def test_a_byte_order_mark_is_no_part_of_it(tmp_path):
    path = tmp_path / "clips.json"
    path.write_text(json.dumps({"data": CLIPS}), encoding="utf-8-sig")
    assert read_clip_manifest(path)["video_id"].tolist() == ["x", "y"]


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_what_is_written_is_read_and_can_be_moved(tmp_path, suffix):
    (tmp_path / "one").mkdir()
    source = tmp_path / "one" / "clips.json"
    source.write_text(json.dumps({"data": [{**clip, "split": "train"} for clip in CLIPS]}))
    table = read_clip_manifest(source)
    write_clip_manifest(table, tmp_path / "one" / f"again{suffix}")
    (tmp_path / "one").rename(tmp_path / "two")
    again = read_clip_manifest(tmp_path / "two" / f"again{suffix}")
    moved = table.assign(
        path=table["path"].str.replace("/one/", "/two/"), video_path=table["video_path"].str.replace("/one/", "/two/")
    )
    pd.testing.assert_frame_equal(again[table.columns], moved, check_dtype=False)


def test_a_manifest_of_sounds_alone_is_read(tmp_path):
    path = tmp_path / "sounds.json"
    path.write_text(json.dumps({"data": [{"wav": "/a/dog.wav", "labels": "/m/a"}]}))
    assert read_clip_manifest(path).to_dict("records") == [
        {"path": "/a/dog.wav", "video_id": "dog", "labels": "/m/a"},
    ]
    path = tmp_path / "sounds.csv"
    path.write_text("path,label\n/a/dog.wav,dog\n")
    assert read_clip_manifest(path)["labels"].tolist() == ["dog"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"data": [\n{"wav": "a.wav"},\n{"wav": "b.wav"},\n\n]}', 3),
        ('{"data": [\n{"wav": "a.wav",\n "labels": "x",\n}\n]}', 3),
        ('{"data": [{"wav": "a, ]b.wav"}],}', 1),
    ],
)
def test_a_trailing_comma_is_told_with_its_line(tmp_path, text, line):
    path = tmp_path / "clips.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"Trailing comma in line {line} of '.*clips\.json'"):
        read_clip_manifest(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"data": [\n{"wav": "a.wav"}\n{"wav": "b.wav"}]}', "Correct line 3"),
        ("", r"Empty manifest: '.*clips\.json'"),
        (" \n", r"Empty manifest: '.*clips\.json'"),
        ("[]", "must be"),
        ('{"data": []}', "at least one clip"),
        ('{"data": [{"wav": "a.wav"}, {"labels": "x"}]}', "No `wav` in row 1"),
        ('{"data": [{"wav": "a.wav", "labels": ["x"]}]}', r"`labels` must be text. Received: \['x'\] in row 0"),
        ('{"data": [{"wav": "a.wav", "video_path": "f"}, {"wav": "b.wav"}]}', "`video_path` must be in all"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, text, message):
    path = tmp_path / "clips.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_clip_manifest(path)


def test_a_missing_file_and_a_wrong_suffix_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.json"):
        read_clip_manifest(tmp_path / "gone.json")
    with pytest.raises(ValueError, match=r"\.json or \.csv"):
        write_clip_manifest(pd.DataFrame({"path": ["/a/x.wav"]}), tmp_path / "clips.txt")


def test_one_label_of_a_table_stays_one(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("path,label\nx.wav,rain\ny.wav,dog\n")
    assert read_clip_manifest(path)["labels"].tolist() == ["rain", "dog"]
    path.write_text('path,label\nx.wav,rain\ny.wav,"door, wood knock"\n')
    with pytest.raises(ValueError, match=r"Received: 'door, wood knock' in row 3 of .*clips\.csv"):
        read_clip_manifest(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    table = pd.DataFrame({"path": ["x.wav"]})
    with pytest.raises(FileNotFoundError, match=r"The folder '.*gone' does not exist. Received: '.*gone/c\.json'"):
        write_clip_manifest(table, tmp_path / "gone/c.json")
