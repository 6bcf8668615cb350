"""`comparators embed`."""

import shutil

import numpy as np
import pandas as pd
import pytest

from comparators.models import EmbeddingStore
from comparators.recognition.embedding_table import EmbeddingTable


@pytest.mark.parametrize("suffix", ["npz", "csv", "parquet"])
def test_writes_a_row_for_each_recording_with_its_label(run, model_path, recordings, tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    output = tmp_path / f"embeddings.{suffix}"
    result = run("embed", recordings, "-o", output, "--model", model_path)
    assert result.status == 0
    assert "9 rows of 6 values" in result.out
    table = EmbeddingTable.load(output)
    assert table.vectors.shape == (9, 6)
    assert sorted(set(table.labels)) == ["voice-01", "voice-11", "voice-17"]


def test_files_of_one_name_in_two_folders_keep_their_rows(run, model_path, recordings, tmp_path):
    run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path)
    table = EmbeddingTable.load(tmp_path / "e.npz")
    assert table.ids[0] == "voice-01/1.wav"
    assert table.ids[3] == "voice-11/1.wav"
    assert len(set(table.ids)) == 9
    assert not np.allclose(table.vectors[0], table.vectors[3])


def test_json_is_one_document(run, model_path, recordings, tmp_path):
    result = run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path, "--json")
    document = result.document
    assert document["rows"] == 9
    assert document["embedding_dim"] == 6
    assert document["failures"] == {}
    assert document["fingerprint"] == EmbeddingTable.load(tmp_path / "e.npz").fingerprint


@pytest.mark.parametrize("method", ["mean", "medoid"])
def test_one_row_a_label(run, model_path, recordings, tmp_path, method):
    run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path, "--by-label", method)
    table = EmbeddingTable.load(tmp_path / "e.npz")
    assert table.labels.tolist() == ["voice-01", "voice-11", "voice-17"]


def test_column_and_split_are_taken(run, model_path, voices_table, tmp_path):
    rows = voices_table.iloc[:4].assign(speaker=["ann", "ann", "bob", "bob"], split=["a", "b", "a", "b"])
    rows[["path", "speaker", "split"]].to_csv(tmp_path / "m.csv", index=False)
    run("embed", tmp_path / "m.csv", "-o", tmp_path / "e.npz", "--model", model_path, "--split", "b")
    assert EmbeddingTable.load(tmp_path / "e.npz").labels.tolist() == ["ann", "bob"]
    arguments = ("-o", tmp_path / "f.npz", "--model", model_path, "--label-column", "split")
    run("embed", tmp_path / "m.csv", *arguments)
    assert EmbeddingTable.load(tmp_path / "f.npz").labels.tolist() == ["a", "b", "a", "b"]


def test_several_sources_are_several_corpora(run, model_path, recordings, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    shutil.copytree(recordings / "voice-01", one / "voice-01")
    shutil.copytree(recordings / "voice-01", other / "voice-01")
    run("embed", one, other, "-o", tmp_path / "e.npz", "--model", model_path)
    labels = EmbeddingTable.load(tmp_path / "e.npz").labels
    assert sorted(set(labels)) == ["one/voice-01", "other/voice-01"]


def test_a_stopped_run_goes_on_where_it_was(run, model_path, recordings, tmp_path, monkeypatch):
    output, parts = tmp_path / "e.npz", tmp_path / "e.npz.parts"
    save, embedded = EmbeddingTable.save, []

    def stop(self, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(EmbeddingTable, "save", stop)
    stopped = run("embed", recordings, "-o", output, "--model", model_path)
    assert stopped.status == 130
    assert not output.exists()
    assert any(parts.glob("*.npz"))

    from comparators.models import AudioEncoder

    monkeypatch.setattr(EmbeddingTable, "save", save)
    embed = AudioEncoder.embed
    monkeypatch.setattr(
        AudioEncoder, "embed", lambda self, inputs, **k: embedded.append(len(inputs)) or embed(self, inputs, **k)
    )
    assert run("embed", recordings, "-o", output, "--model", model_path).status == 0
    assert sum(embedded) == 0
    assert len(EmbeddingTable.load(output)) == 9
    assert not parts.exists()


def test_parts_of_another_model_are_refused(run, model_path, recordings, tmp_path):
    EmbeddingStore(tmp_path / "e.npz.parts", "another").add(["key"], np.ones((1, 6), "float32"), np.ones(1))
    result = run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path)
    assert result.status == 2
    assert "another model" in result.err
    assert "e.npz.parts" in result.err


def test_an_output_that_cannot_be_written_is_told_before_the_work(run, recordings, tmp_path):
    for output, message in (("e.txt", ".npz"), ("no/such/e.npz", "does not exist")):
        result = run("embed", recordings, "-o", tmp_path / output, "--model", "not even looked at")
        assert result.status == 2
        assert message in result.err


def test_by_label_needs_labels(run, model_path, recordings, tmp_path):
    flat = recordings / "voice-01"
    result = run("embed", flat, "-o", tmp_path / "e.npz", "--by-label", "mean", "--model", model_path)
    assert result.status == 2
    assert "--by-label needs labels" in result.err
    assert "--label-column" in result.err


def test_csv_can_be_read_by_others(run, model_path, recordings, tmp_path):
    run("embed", recordings, "-o", tmp_path / "e.csv", "--model", model_path)
    table = pd.read_csv(tmp_path / "e.csv")
    assert {"id", "label", "path", "speech_seconds"} <= set(table.columns)
