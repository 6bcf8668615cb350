"""Files are there whole or not at all, and what would go wrong is told before the work."""

import pandas as pd
import pytest

from comparators.command_line.output_files import check_output, save_csv, save_model


def test_a_model_that_cannot_be_saved_leaves_the_old_file_and_nothing_else(tmp_path):
    class Failing:
        def save(self, path):
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space"):
        save_model(Failing(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_replaces_the_old_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    save_csv(pd.DataFrame({"path": ["é.wav"], "cluster": [0]}), path)
    assert pd.read_csv(path).to_dict("records") == [{"path": "é.wav", "cluster": 0}]


def test_outputs_that_cannot_be_written_are_told(tmp_path, monkeypatch):
    check_output(tmp_path / "a.npz")
    check_output(tmp_path / "a.KERAS", (".keras",))
    with pytest.raises(ValueError, match=r"must end in \.npz or \.csv\. Received: '.*a\.txt'"):
        check_output(tmp_path / "a.txt", (".npz", ".csv"))
    with pytest.raises(FileNotFoundError, match="Create it first"):
        check_output(tmp_path / "no" / "a.npz")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="No permission to write into folder"):
        check_output(tmp_path / "a.npz")
