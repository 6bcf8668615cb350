from pathlib import Path

import pytest

from comparators.generators.media_folder import list_media_folder, media_of


@pytest.fixture
def touch(tmp_path):
    def touch(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return touch


def names(table, folder) -> list[str]:
    return [Path(path).relative_to(folder).as_posix() for path in table["path"]]


def test_links_to_folders_are_followed(tmp_path, touch):
    touch("store/1.wav")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "ann").symlink_to(tmp_path / "store", target_is_directory=True)
    table = list_media_folder(tmp_path / "all")
    assert table["label"].tolist() == ["ann"]


def test_order_does_not_depend_on_the_file_system(touch):
    folder = touch("b/2.wav", "a/10.wav", "a/9.wav")
    assert names(list_media_folder(folder), folder) == ["a/10.wav", "a/9.wav", "b/2.wav"]


def test_images_as_recordings(touch):
    folder = touch("cat/1.JPG", "cat/deep/2.png", "dog/1.webp", "dog/.hidden.png", "dog/list.txt")
    table = list_media_folder(folder)
    assert names(table, folder) == ["cat/1.JPG", "cat/deep/2.png", "dog/1.webp"]
    assert table["label"].tolist() == ["cat", "cat", "dog"]


def test_both_kinds_together(touch):
    folder = touch("ann/1.wav", "ann/2.wav", "cover.png")
    with pytest.raises(ValueError, match=r"2 audio file\(s\) and 1 image\(s\)\. Say which .*media=\"audio\"` or"):
        list_media_folder(folder)
    assert list_media_folder(folder, media="audio")["label"].tolist() == ["ann", "ann"]
    assert names(list_media_folder(folder, media="image"), folder) == ["cover.png"]


def test_nothing_of_the_kind(touch):
    folder = touch("notes.txt")
    with pytest.raises(ValueError, match=r"No audio file \(wav, .*\) and no image \(png, .*\) in folder '.*' or below"):
        list_media_folder(folder)
    with pytest.raises(ValueError, match=r"No audio file \(wav, flac, ogg, mp3\) in folder"):
        list_media_folder(folder, media="audio")
    with pytest.raises(ValueError, match=r"No image \(png, .*\) in folder '.*' or below\. Name another folder"):
        list_media_folder(touch("1.wav"), media="image")


def test_unknown_media(tmp_path):
    with pytest.raises(ValueError, match=r"`media` must be one of \['audio', 'image'\] or None\. Received: media='im"):
        list_media_folder(tmp_path, media="images")


def test_media_of():
    assert [media_of(name) for name in ("a.Tif", "b/c.MP3", "png", ".png", "x.csv")] == ["image", "audio", *[None] * 3]
