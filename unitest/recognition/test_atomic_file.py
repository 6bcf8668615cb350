import os
import time

import pytest

from comparators.recognition.atomic_file import locked_folder, replaced_file, replaced_path


def test_replaces_and_keeps_on_error(tmp_path):
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        with replaced_file(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    with pytest.raises(TypeError), replaced_file(path) as file:
        file.writelines([b"half", None])
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_writers_that_want_a_name_find_its_suffixes(tmp_path):
    path = tmp_path / "a.Weights.H5"
    with replaced_path(path) as partial:
        assert partial.name.endswith(".weights.h5")
        partial.write_bytes(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.Weights.H5"]


def test_what_a_killed_writer_left_is_removed_after_an_hour(tmp_path):
    for name, hours in ((".file.1.partial", 2), (".file.2.partial", 0), (".other.1.partial", 2)):
        (tmp_path / name).write_bytes(b"half")
        then = time.time() - hours * 3600
        os.utime(tmp_path / name, (then, then))
    with replaced_file(tmp_path / "file") as file:
        file.write(b"new")
    assert sorted(os.listdir(tmp_path)) == [".file.2.partial", ".other.1.partial", "file"]


def test_messages(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"The folder .*nowhere does not exist"),
        replaced_file(tmp_path / "nowhere" / "a"),
    ):
        pass


def test_a_lock_is_given_back(tmp_path):
    for _ in range(2):
        with pytest.raises(RuntimeError), locked_folder(tmp_path):
            raise RuntimeError
    assert os.listdir(tmp_path) == []
