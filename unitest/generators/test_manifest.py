import os
from pathlib import Path

import pandas as pd
import pytest

from comparators.generators import read_manifest


@pytest.fixture
def manifest(tmp_path):
    def write(text: str, name: str = "manifest.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def touch(tmp_path):
    def touch(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return touch


def test_paths_are_relative_to_the_file(manifest, tmp_path, monkeypatch):
    path = manifest("path,label\nx/1.wav,ann\n../2.wav,bob\n/abs/3.wav,ann\n", "lists/all.csv")
    monkeypatch.chdir("/")
    table = read_manifest(path)
    assert table["path"].tolist() == [f"{tmp_path}/lists/x/1.wav", f"{tmp_path}/2.wav", "/abs/3.wav"]
    assert table["label"].tolist() == ["ann", "bob", "ann"]
    pd.testing.assert_frame_equal(read_manifest(str(path)), table)


def test_label_columns(manifest):
    path = manifest("path,speaker,word,label\n1.wav,007,NA,x\n2.wav,8,None,y\n")
    assert read_manifest(path)["label"].tolist() == ["x", "y"]
    assert read_manifest(path, label_column="speaker")["label"].tolist() == ["007", "8"]
    assert read_manifest(path, label_column="word")["label"].tolist() == ["NA", "None"]
    assert read_manifest(manifest("path,speaker\n1.wav,007\n"))["label"].tolist() == ["007"]
    assert "label" not in read_manifest(manifest("path,text\n1.wav,hello\n")).columns


def test_other_columns_are_kept(manifest):
    table = read_manifest(manifest("path,start,end,channel,text\n1.wav,0.5,2,1,hello\n1.wav,2,,,there\n"))
    assert table["start"].tolist() == [0.5, 2.0]
    assert table["end"].isna().tolist() == [False, True]
    assert table["text"].tolist() == ["hello", "there"]


def test_split_selects_rows(manifest):
    path = manifest("path,label,split\n1.wav,a,train\n2.wav,b,val\n3.wav,,test\n")
    assert read_manifest(path, split="val")["label"].tolist() == ["b"]
    with pytest.raises(ValueError, match=r"No row of split 'dev' in .*manifest\.csv'\. Its splits: test, train, val"):
        read_manifest(path, split="dev")
    with pytest.raises(ValueError, match=r"Empty `label` in row 4 of .*manifest\.csv'"):
        read_manifest(path)
    with pytest.raises(ValueError, match=r"No column `split`"):
        read_manifest(manifest("path\n1.wav\n"), split="val")


def test_compressed(tmp_path):
    table = pd.DataFrame({"path": ["/1.wav"], "label": ["ann"]})
    for suffix in ("gz", "xz"):
        table.to_csv(tmp_path / f"list.csv.{suffix}", index=False)
        assert read_manifest(tmp_path / f"list.csv.{suffix}")["label"].tolist() == ["ann"]


def test_data_frame_is_left_as_it_was():
    frame = pd.DataFrame({"path": ["1.wav", "2.wav"], "speaker": [3, 4]}, index=[7, 9])
    before = frame.copy()
    table = read_manifest(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert table["label"].tolist() == ["3", "4"]
    assert table["path"].tolist() == [os.path.abspath("1.wav"), os.path.abspath("2.wav")]


def test_folder_of_folders(touch):
    folder = touch("bob/2.FLAC", "ann/deep/1.wav", "ann/3.mp3", "ann/.hidden.wav", "bob/notes.txt", "bob/1.ogg")
    table = read_manifest(folder)
    assert table["label"].tolist() == ["ann", "ann", "bob", "bob"]
    assert [Path(path).name for path in table["path"]] == ["3.mp3", "1.wav", "1.ogg", "2.FLAC"]
    assert all(map(os.path.isabs, table["path"]))


def test_same_name_in_two_folders(touch):
    table = read_manifest(touch("ann/1.wav", "bob/1.wav"))
    assert table["path"].nunique() == 2


def test_folder_with_loose_files_has_no_labels(touch):
    assert "label" not in read_manifest(touch("1.wav", "2.wav")).columns
    assert len(read_manifest(touch("ann/3.wav"))) == 3
    assert "label" not in read_manifest(touch("ann/3.wav")).columns


def test_folder_of_images(touch):
    folder = touch("cat/1.png", "dog/2.jpg")
    assert read_manifest(folder)["label"].tolist() == ["cat", "dog"]
    touch("dog/bark.wav")
    with pytest.raises(ValueError, match=r"Recordings and images together in folder '.*': 1 audio file\(s\) and 2"):
        read_manifest(folder)
    assert read_manifest(folder, media="audio")["label"].tolist() == ["dog"]
    assert read_manifest({"pets": folder}, media="image")["label"].tolist() == ["pets/cat", "pets/dog"]


def test_manifest_of_images(manifest, tmp_path):
    table = read_manifest(manifest("path,label\ncat/1.png,cat\n2.jpg,dog\n"), media="image")
    assert table["path"].tolist() == [f"{tmp_path}/cat/1.png", f"{tmp_path}/2.jpg"]


def test_folder_without_audio(touch):
    with pytest.raises(ValueError, match=r"No audio file .* in folder '.*' or below"):
        read_manifest(touch("notes.txt"))


def test_unreadable_folder(touch, monkeypatch):
    folder = touch("ann/1.wav", "bob/1.wav")
    if os.geteuid() == 0:  # the superuser may read all
        scandir = os.scandir

        def refuse(path):
            if str(path).endswith("bob"):
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
    else:
        (folder / "bob").chmod(0)
    with pytest.raises(ValueError, match=r"Folder '.*bob' cannot be read \(Permission denied\)\. Change"):
        read_manifest(folder)


def test_several_corpora(manifest, touch):
    north = manifest("path,speaker\n1.wav,ann\n2.wav,bob\n", "north/manifest.csv")
    south = manifest("path,speaker,text\n1.wav,ann,hello\n", "south.csv")
    table = read_manifest([north, south, touch("folders/ann/1.wav") / "folders"])
    assert table["corpus"].tolist() == ["north", "north", "south", "folders"]
    assert table["label"].tolist() == ["north/ann", "north/bob", "south/ann", "folders/ann"]
    named = read_manifest({"one": north, "two": south})
    assert named["label"].tolist() == ["one/ann", "one/bob", "two/ann"]


def test_corpora_of_one_name_stay_apart(manifest):
    sources = [manifest("path,label\n1.wav,ann\n", f"{folder}/list.csv") for folder in ("x", "y")]
    assert read_manifest(sources)["label"].nunique() == 2


def test_corpora_with_and_without_labels(manifest):
    sources = {"a": manifest("path,label\n1.wav,ann\n", "a.csv"), "b": manifest("path\n1.wav\n", "b.csv")}
    with pytest.raises(ValueError, match=r"No labels in corpus b, but in others"):
        read_manifest(sources)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\n1.wav,ann\n", r"No column `path` in .*\. Its columns: file, label\. Rename"),
        ("path,label\n1.wav,ann\n2.wav,\n3.wav, \n", r"Empty `label` in rows 3, 4 of .*manifest\.csv'"),
        ("path,label\n1.wav,ann\n,bob\n", r"Empty `path` in row 3 of"),
        ("path,label\n1.wav,ann\n2.wav,bob\n./1.wav,ann\n", r"Listed twice in .*: row 4, such as '.*1\.wav'"),
        ("path,label\n", r"No rows in .*manifest\.csv'"),
        ("", r"Not a CSV file: '.*manifest\.csv'"),
        ("path,start\n1.wav,soon\n", r"`start` must be a number\. Received: 'soon' in row 2 of"),
    ],
)
def test_wrong_tables(manifest, text, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(manifest(text))


def test_missing_label_column(manifest):
    with pytest.raises(ValueError, match=r"No column `who` in .*\. Its columns: path, label\. Name one of them"):
        read_manifest(manifest("path,label\n1.wav,ann\n"), label_column="who")


def test_wrong_sources(tmp_path, touch):
    with pytest.raises(FileNotFoundError, match=r"No such manifest or folder: '.*gone.csv'"):
        read_manifest(tmp_path / "gone.csv")
    with pytest.raises(ValueError, match=r"A CSV file or a folder is expected. Received audio file"):
        read_manifest(touch("1.wav") / "1.wav")
    with pytest.raises(ValueError, match=r"Received image '.*1\.png'\. Name its folder or list it"):
        read_manifest(touch("1.png") / "1.png")
    with pytest.raises(TypeError, match=r"`source` must be a CSV or JSON file.* Received: int"):
        read_manifest(3)
    with pytest.raises(ValueError, match=r"`source` must name at least one"):
        read_manifest([])
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"Not a CSV file"):
        read_manifest(tmp_path / "noise.csv")


CLIPS = '{"data": [{"wav": "sound/x.wav", "video_id": "007", "video_path": "frames", "labels": "/m/a"},\n'


def test_the_clips_of_a_json_file_are_read(manifest, tmp_path):
    path = manifest(CLIPS + '{"wav": "/y.wav", "video_id": "1", "video_path": "frames", "labels": "/m/b"}]}', "c.json")
    table = read_manifest(path)
    assert table["path"].tolist() == [str(tmp_path / "sound/x.wav"), "/y.wav"]
    assert table["video_path"].tolist() == [str(tmp_path / "frames")] * 2
    assert "label" not in table  # a clip may have several
    assert read_manifest(path, label_column="labels")["label"].tolist() == ["/m/a", "/m/b"]
    both = read_manifest([path, manifest("path\na.wav\n")])
    assert both["corpus"].tolist() == ["c", "c", tmp_path.name]


def test_clips_of_json_that_cannot_be_are_named(manifest):
    for text, message in (
        (CLIPS + "]}", r"Trailing comma in line 1 of '.*c\.json'"),
        (
            CLIPS + '{"wav": "sound/x.wav", "video_id": "1", "video_path": "f", "labels": "x"}]}',
            "Listed twice in .*: row 1, such as",
        ),
        (CLIPS + '{"wav": "y.wav", "video_id": "1", "video_path": "f"}]}', "Empty `label` in row 1 of"),
    ):
        with pytest.raises(ValueError, match=message):
            read_manifest(manifest(text, "c.json"), label_column="labels")


def test_names_of_clips_are_texts(manifest):
    table = read_manifest(manifest("path,video_id,labels\na.wav,007,1\n"))
    assert (table["video_id"][0], table["labels"][0]) == ("007", "1")
