"""The layouts of ESC-50 and ESC-10."""

from pathlib import Path

import pandas as pd
import pytest

from comparators.generators import read_esc

CLIPS = [("1-100032-A-0.wav", 1, "dog", True), ("2-100038-B-14.wav", 2, "rain", False)]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def official(folder: Path) -> Path:
    touch(folder, *(f"audio/{name}" for name, *_ in CLIPS))
    (folder / "meta").mkdir()
    table = pd.DataFrame(CLIPS, columns=["filename", "fold", "category", "esc10"])
    table.assign(target=0, src_file=[100032, 100038], take=["A", "B"]).to_csv(folder / "meta/esc50.csv", index=False)
    return folder


def test_official_folder(tmp_path):
    table = read_esc(official(tmp_path))
    assert table[["label", "fold", "recording"]].values.tolist() == [["dog", "1", "100032"], ["rain", "2", "100038"]]
    assert all(Path(path).is_file() for path in table["path"])
    assert read_esc(tmp_path, esc10=True)["label"].tolist() == ["dog"]


def test_names_alone(tmp_path):
    touch(tmp_path, "1-100032-A-0.wav", "5-9-C-41.flac")
    table = read_esc(tmp_path)
    assert table[["label", "fold", "recording"]].values.tolist() == [["0", "1", "100032"], ["41", "5", "9"]]


def test_folders_of_classes(tmp_path):
    touch(tmp_path, "001 - Dog bark/1-30226-A.ogg", "002 - Rain/3-17367-B.ogg")
    assert read_esc(tmp_path)[["label", "fold"]].values.tolist() == [["Dog bark", "1"], ["Rain", "3"]]


def test_real_manifest(data_folder):
    table = read_esc(data_folder / "esc10")
    assert len(table) == 320
    assert table["label"].nunique() == 10
    assert sorted(set(table["fold"])) == list("1234")
    assert (table.groupby("recording")["fold"].nunique() == 1).all(), "a recording lies in one fold"


def test_any_table(tmp_path):
    touch(tmp_path, "a.wav", "b.wav")
    pd.DataFrame({"path": ["a.wav", "b.wav"], "label": ["x", "y"], "fold": [1, 2]}).to_csv(tmp_path / "t.csv")
    table = read_esc(tmp_path / "t.csv")
    assert table["fold"].tolist() == ["1", "2"]
    assert "recording" not in table


def test_an_empty_table_of_the_data_set_is_named(tmp_path):
    touch(tmp_path, "meta/esc50.csv")
    with pytest.raises(ValueError, match=r"Not a CSV file: '.*meta/esc50\.csv'.*Copy it"):
        read_esc(tmp_path)


def test_bad_input(tmp_path):
    touch(tmp_path, "a/dog.wav", "a/1-2-A-3.wav")
    with pytest.raises(ValueError, match=r"named FOLD-CLIPID-TAKE-CLASS.*Received: '.*dog.wav'"):
        read_esc(tmp_path / "a")
    with pytest.raises(ValueError, match=r"`esc10` needs ESC-50's `meta/esc50.csv`"):
        read_esc(tmp_path / "a", esc10=True)
    with pytest.raises(FileNotFoundError, match=r"No such manifest or folder"):
        read_esc(tmp_path / "missing")
    pd.DataFrame({"path": ["a/dog.wav"], "label": ["x"]}).to_csv(tmp_path / "t.csv")
    with pytest.raises(ValueError, match=r"needs a column `fold`"):
        read_esc(tmp_path / "t.csv")
