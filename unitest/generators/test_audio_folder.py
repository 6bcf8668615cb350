from pathlib import Path

import pytest

from comparators.generators.audio_folder import list_audio_folder


def test_links_to_folders_are_followed(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "1.wav").touch()
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "ann").symlink_to(tmp_path / "store", target_is_directory=True)
    table = list_audio_folder(tmp_path / "all")
    assert table["label"].tolist() == ["ann"]


def test_order_does_not_depend_on_the_file_system(tmp_path):
    for name in ("b/2.wav", "a/10.wav", "a/9.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [Path(path).relative_to(tmp_path).as_posix() for path in list_audio_folder(tmp_path)["path"]]
    assert names == ["a/10.wav", "a/9.wav", "b/2.wav"]


def test_no_audio(tmp_path):
    with pytest.raises(ValueError, match=r"No audio file \(wav, flac, ogg, mp3\) in folder"):
        list_audio_folder(tmp_path)
