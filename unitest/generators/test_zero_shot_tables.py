"""TinySOL and PPMI, made up and tiny, become tables with the published splits."""

import pandas as pd
import pytest

from comparators.generators import ZeroShotSplit, read_ppmi, read_tinysol
from comparators.generators.ppmi import PPMI_CLASSES, PPMI_SPLITS
from comparators.generators.tinysol import TINYSOL_CLASSES, TINYSOL_SPLITS

HEADER = "Path,Fold,Family,Instrument (abbr.),Instrument (in full),Pitch"


@pytest.fixture
def tinysol(tmp_path):
    """A folder with 14 instruments, one recording in each of 5 folds."""

    def make(lines: list[str] | None = None, header: str = HEADER):
        if lines is None:
            lines = [
                f"Family/{a}/{a}-{i}.wav,{i},Family,{a},{a} in full,A{i}" for a in TINYSOL_CLASSES for i in range(5)
            ]
        for line in lines:
            path = tmp_path / line.split(",")[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            if path != tmp_path:
                path.touch()
        (tmp_path / "TinySOL_metadata.csv").write_text("\n".join([header, *lines]) + "\n")
        return tmp_path

    return make


@pytest.fixture
def touch(tmp_path):
    def touch(*names: str):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return touch


def counts(table: pd.DataFrame) -> dict[str, int]:
    return table["split"].value_counts().to_dict()


def test_published_splits_are_whole_and_differ():
    assert {name: (len(split.seen), len(split.unseen)) for name, split in TINYSOL_SPLITS.items()} == {
        "9/5": (9, 5),
        "7/7": (7, 7),
        "4/4": (4, 4),
    }
    for name in ("9/5", "7/7"):
        assert set(TINYSOL_SPLITS[name].classes) == set(TINYSOL_CLASSES.values())
    assert PPMI_SPLITS["4/4"] == TINYSOL_SPLITS["4/4"]
    assert len(PPMI_CLASSES) == 12


def test_tinysol(tinysol):
    folder = tinysol()
    table = read_tinysol(folder)
    assert counts(table) == {"train": 9 * 4, "test": 9, "unseen": 5 * 5}
    assert counts(read_tinysol(str(folder), "7/7")) == {"train": 7 * 4, "test": 7, "unseen": 7 * 5}
    assert counts(read_tinysol(folder, "4/4")) == {"train": 4 * 4, "test": 4, "unseen": 4 * 5}
    assert set(table.loc[table["split"] == "unseen", "label"]) == {"bassoon", "viola", "trumpet", "tuba", "saxophone"}
    assert (table.loc[table["split"] == "test", "fold"] == 4).all()
    assert (table.loc[table["split"] == "train", "fold"] < 4).all()
    tuba = table[table["label"] == "tuba"].iloc[0]
    assert tuba["path"] == str(folder / "Family/BTb/BTb-0.wav")
    assert (tuba["Instrument (in full)"], tuba["Pitch"]) == ("BTb in full", "A0")
    assert counts(read_tinysol(folder, ZeroShotSplit(("horn",), ("viola",)))) == {"train": 4, "test": 1, "unseen": 5}


def test_metadata_may_lie_elsewhere(tinysol, tmp_path):
    folder = tinysol()
    (folder / "TinySOL_metadata.csv").rename(tmp_path / "notes.csv")
    with pytest.raises(FileNotFoundError, match=r"No such metadata: '.*TinySOL_metadata\.csv'\. Name TinySOL's CSV"):
        read_tinysol(folder)
    assert len(read_tinysol(folder, metadata=tmp_path / "notes.csv")) == 14 * 5


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a.wav,0,x,Hn,x,A", "b.wav,5,x,Hn,x,A"], r"`Fold` must be 0 to 4. Received: '5' in row 3 of '.*\.csv'"),
        (["a.wav,0,x,Banjo,x,A"], r"`Instrument \(abbr.\)` must be one of Acc.* Received: 'Banjo' in row 2"),
        ([",0,x,Hn,x,A"], r"`Path` must be the path of a recording. Received: '' in row 2 of"),
        ([], r"No recording of the split's classes in '.*': horn, violin"),
    ],
)
def test_wrong_tinysol_rows(tinysol, lines, message):
    with pytest.raises(ValueError, match=message):
        read_tinysol(tinysol(lines))


def test_wrong_tinysol(tinysol):
    folder = tinysol(["a.wav,0,x,Hn,x,A", "b.wav,4,x,Hn,x,A"])
    (folder / "b.wav").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 2 recordings of '.*' are missing in '.*', in row 3, such as"):
        read_tinysol(folder)
    with pytest.raises(ValueError, match=r"`split` must be one of '9/5', '7/7', '4/4', .* Received: split='8/6'"):
        read_tinysol(folder, "8/6")
    with pytest.raises(ValueError, match=r"No column `Fold` in '.*'. Its columns: Path, Instrument \(abbr.\)"):
        read_tinysol(tinysol(["a.wav,Hn"], "Path,Instrument (abbr.)"))
    (folder / "TinySOL_metadata.csv").write_text("")
    with pytest.raises(ValueError, match=r"Not a CSV file: '.*TinySOL_metadata\.csv'"):
        read_tinysol(folder)


def test_a_split_names_each_class_once():
    with pytest.raises(ValueError, match=r"Received: 1 and 1 classes, more than once: horn"):
        ZeroShotSplit(("horn",), ("horn",))
    with pytest.raises(ValueError, match=r"Received: 1 and 0 classes, more than once: none"):
        ZeroShotSplit(("horn",), ())


def test_ppmi(touch):
    seen = [
        f"seen/{name}/{part}/{i}.jpg" for name in PPMI_SPLITS["4/4"].seen for part in ("train", "test") for i in "ab"
    ]
    unseen = [
        f"unseen/{name}/{part}/1.JPG" for name in ("cello", "clarinet", "saxophone") for part in ("train", "test")
    ]
    horns = ["unseen/frenchhorn/1.png", "unseen/French_Horn/2.png", "unseen/french horn/test/3.png"]
    folder = touch(*seen, *unseen, *horns, "unseen/erhu/1.jpg", "notes.txt")
    table = read_ppmi(folder)
    assert counts(table) == {"train": 8, "test": 8, "unseen": 9}
    assert table["label"].value_counts()["horn"] == 3
    assert "erhu" not in set(table["label"])
    assert (table.loc[table["split"] == "test", "path"].str.contains("/test/")).all()
    assert counts(read_ppmi(folder, ZeroShotSplit(("erhu",), ("horn",)))) == {"train": 1, "unseen": 3}


def test_wrong_ppmi(touch, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such manifest or folder: '.*gone'"):
        read_ppmi(tmp_path / "gone")
    with pytest.raises(ValueError, match=r"No image .* in folder"):
        read_ppmi(tmp_path)
    folder = touch("bassoon/1.jpg", "flute/1.jpg")
    with pytest.raises(
        ValueError, match=r"No images of trumpet, violin, cello, clarinet, horn, saxophone in '.*'\. Add"
    ):
        read_ppmi(folder)
    with pytest.raises(ValueError, match=r"`folder` must be a folder. Received: the file '.*1\.jpg'"):
        read_ppmi(folder / "bassoon/1.jpg")
    with pytest.raises(ValueError, match=r"1 of 3 images in '.*' lie in no folder of an instrument, such as '.*sax/1"):
        read_ppmi(touch("sax/1.jpg"))
