"""What users bring that is not as it should be: each gets the right answer, or a message that names it."""

import os
import shutil

import pandas as pd
import pytest

from comparators.recognition.embedding_table import EmbeddingTable

MESSAGES = {
    "empty": "Empty audio file",
    "truncated": "Truncated or damaged audio file",
    "text": "Not a readable audio file",
    "nan": "NaN or infinite samples",
    "zeros": "No speech",
    "50_ms": "No speech",
    "missing": "No such ",
}
FINE = ("brief", "telephone", "six_channels")


@pytest.mark.parametrize("name", [name for name in MESSAGES if name not in ("zeros", "50_ms")])
def test_verify_names_the_file(run, model_path, odd_files, recordings, name):
    for files in ((odd_files[name], recordings / "voice-01/1.wav"), (recordings / "voice-01/1.wav", odd_files[name])):
        result = run("verify", *files, "--model", model_path)
        assert result.status == 2
        assert result.out == ""
        assert result.err.startswith(f"comparators: {MESSAGES[name]}")
        assert str(odd_files[name]) in result.err


@pytest.mark.parametrize("name", ["zeros", "50_ms", "brief"])
def test_verify_gives_no_answer_without_speech(run, model_path, odd_files, recordings, name):
    arguments = ("verify", odd_files[name], recordings / "voice-01/1.wav", "--model", model_path)
    result = run(*arguments)
    assert result.status == 1
    assert result.out.startswith("no answer: ")
    assert "speech" in result.out
    document = run(*arguments, "--json").document
    assert document["decision"] is None
    assert "speech" in document["reason"]


@pytest.mark.parametrize("name", ["telephone", "six_channels"])
def test_verify_takes_any_rate_and_any_number_of_channels(run, model_path, odd_files, voices, name):
    same = voices / "voice_01_sentence_1.flac"
    document = run("verify", odd_files[name], same, "--model", model_path, "--json").document
    assert document["score"] > 0.95
    assert document["decision"] is not None


def test_a_folder_where_a_file_is_expected_is_named(run, model_path, recordings):
    result = run("verify", recordings, recordings / "voice-01/1.wav", "--model", model_path)
    assert result.status == 2
    assert str(recordings) in result.err
    assert "older" in result.err


def test_embed_reports_every_bad_file_and_keeps_every_other(run, model_path, odd_files, tmp_path):
    pd.DataFrame({"path": list(odd_files.values())}).to_csv(tmp_path / "m.csv", index=False)
    result = run("embed", tmp_path / "m.csv", "-o", tmp_path / "e.npz", "--model", model_path)
    assert result.status == 1
    for name, message in MESSAGES.items():
        assert any(message in line and f"/{name}.wav" in line for line in result.err.splitlines()), name
    assert f"skipped {len(MESSAGES)} of {len(odd_files)} recordings" in result.err
    assert EmbeddingTable.load(tmp_path / "e.npz").ids.tolist() == [f"{name}.wav" for name in FINE]


@pytest.mark.parametrize("command", ["embed", "cluster"])
def test_nothing_but_bad_files_is_bad_input(run, model_path, odd_files, tmp_path, command):
    pd.DataFrame({"path": [odd_files["empty"], odd_files["text"]]}).to_csv(tmp_path / "m.csv", index=False)
    output = tmp_path / ("out.csv")
    result = run(command, tmp_path / "m.csv", "-o", output, "--model", model_path)
    assert result.status == 2
    assert "skipped 2 of 2 recordings" in result.err
    assert not output.exists()


def test_sources_that_are_none_are_named(run, model_path, odd_files, recordings, tmp_path):
    (tmp_path / "nothing").mkdir()
    arguments = ("-o", tmp_path / "e.npz", "--model", model_path)
    for source, message in (
        (tmp_path / "missing", "No such manifest or folder"),
        (tmp_path / "nothing", "No audio file"),
        (recordings / "voice-01/1.wav", "A CSV file or a folder is expected"),
        (odd_files["empty"], "A CSV file or a folder is expected"),
    ):
        result = run("embed", source, *arguments)
        assert result.status == 2
        assert message in result.err
        assert str(source) in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not hold for the superuser: simulated in the next test")
def test_an_unreadable_folder_is_named(run, model_path, recordings, tmp_path):
    folder = tmp_path / "locked"
    shutil.copytree(recordings, folder)
    (folder / "voice-01").chmod(0)
    try:
        result = run("embed", folder, "-o", tmp_path / "e.npz", "--model", model_path)
    finally:
        (folder / "voice-01").chmod(0o755)
    assert result.status == 2
    assert str(folder / "voice-01") in result.err
    assert "chmod" in result.err


def test_an_unreadable_folder_is_named_simulated(run, model_path, recordings, tmp_path, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("voice-11"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path)
    assert result.status == 2
    assert str(recordings / "voice-11") in result.err
    assert "chmod" in result.err


def test_a_manifest_without_the_column_is_named(run, model_path, recordings, tmp_path):
    manifest = tmp_path / "m.csv"
    manifest.write_text("file,label\na.wav,ann\n")
    result = run("embed", manifest, "-o", tmp_path / "e.npz", "--model", model_path)
    assert result.status == 2
    assert "No column `path`" in result.err
    assert str(manifest) in result.err
    manifest.write_text(f"path,label\n{recordings}/voice-01/1.wav,ann\n")
    result = run("embed", manifest, "-o", tmp_path / "e.npz", "--model", model_path, "--label-column", "singer")
    assert result.status == 2
    assert "No column `singer`" in result.err
    assert "path, label" in result.err
    result = run("embed", manifest, "-o", tmp_path / "e.npz", "--model", model_path, "--split", "test")
    assert result.status == 2
    assert "No column `split`" in result.err


def test_an_empty_label_is_named_with_its_row(run, model_path, recordings, tmp_path):
    manifest = tmp_path / "m.csv"
    manifest.write_text(f"path,label\n{recordings}/voice-01/1.wav,ann\n{recordings}/voice-01/2.wav,\n")
    for command in ("embed", "cluster"):
        result = run(command, manifest, "-o", tmp_path / "out.csv", "--model", model_path)
        assert result.status == 2
        assert "Empty `label` in row 3" in result.err
        assert str(manifest) in result.err


def test_two_files_of_one_name_in_two_folders_are_two_recordings(run, model_path, recordings, tmp_path):
    gallery = tmp_path / "g.gallery"
    files = [recordings / folder / "1.wav" for folder in ("voice-01", "voice-11")]
    assert run("enroll", gallery, "both", *files, "--model", model_path).status == 0
    items = run("gallery", "list", gallery, "--json").document["items"]
    assert [item["id"] for item in items] == list(map(str, files))
    answers = run("recognize", gallery, *files, "--model", model_path, "--json").document["recordings"]
    assert [answer["file"] for answer in answers] == list(map(str, files))


def test_a_file_named_twice_counts_once(run, model_path, recordings, tmp_path):
    file = recordings / "voice-01/1.wav"
    result = run("enroll", tmp_path / "g.gallery", "ann", file, file, "--model", model_path)
    assert result.status == 0
    assert "1 recording of 'ann' enrolled" in result.out
