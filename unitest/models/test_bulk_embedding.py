import os
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile

from comparators.models import EmbeddingStore

from .tiny_models import tiny_audio_encoder

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path):
    for label in ("anna", "bob"):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for i in range(3):
            samples = 0.1 * RNG.normal(size=4000 + 1000 * i)
            soundfile.write(tmp_path / "sounds" / label / f"{i}.wav", samples, 16000)
    return tmp_path / "sounds"


def test_rows_carry_ids_labels_and_fingerprint(folder):
    model = tiny_audio_encoder()
    table, failures = model.embed_files(folder, progress=False)
    assert not failures
    assert list(table.ids) == [f"{label}/{i}.wav" for label in ("anna", "bob") for i in range(3)]
    assert list(table.labels) == ["anna"] * 3 + ["bob"] * 3
    assert table.fingerprint == model.fingerprint
    np.testing.assert_allclose(table.vectors, model.embed(folder), atol=1e-5)


def test_unreadable_files_are_skipped_and_named_and_rows_stay_aligned(folder):
    (folder / "anna" / "1.wav").write_text("not a sound")
    os.truncate(folder / "bob" / "0.wav", 3000)
    model = tiny_audio_encoder()
    table, failures = model.embed_files(folder, progress=False)
    assert sorted(failures) == ["anna/1.wav", "bob/0.wav"]
    assert list(table.ids) == ["anna/0.wav", "anna/2.wav", "bob/1.wav", "bob/2.wav"]
    np.testing.assert_allclose(table.vectors[3], model.embed([folder / "bob" / "2.wav"])[0], atol=1e-5)


def test_a_missing_file_is_named_with_the_next_step(folder, tmp_path):
    table = pd.DataFrame({"path": [str(folder / "anna" / "0.wav"), str(folder / "gone.wav")]})
    _, failures = tiny_audio_encoder().embed_files(table, store=tmp_path / "store", progress=False)
    assert "No such audio file" in failures["gone.wav"]
    assert "remove the row" in failures["gone.wav"]


def test_a_stopped_run_goes_on_and_changed_files_are_embedded_again(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("comparators.models.bulk_embedding._BLOCK_FILES", 2)
    model = tiny_audio_encoder()
    first, _ = model.embed_files(folder, store=tmp_path / "store", progress=False)
    assert len(EmbeddingStore(tmp_path / "store", model.fingerprint)) == 6

    read = []
    original = type(model).read_and_measure
    monkeypatch.setattr(
        type(model),
        "read_and_measure",
        lambda self, path, *a, **k: read.append(str(path)) or original(self, path, *a, **k),
    )
    (folder / "anna" / "0.wav").rename(folder / "bob" / "9.wav")
    soundfile.write(folder / "bob" / "1.wav", 0.1 * RNG.normal(size=7000), 16000)
    again, _ = model.embed_files(folder, store=tmp_path / "store", progress=False)
    assert [path for path in read if "wav" in path] == [str(folder / "bob" / "1.wav")]
    rows = dict(zip(again.ids, again.vectors, strict=True))
    np.testing.assert_array_equal(rows["bob/9.wav"], first.vectors[0])
    np.testing.assert_array_equal(rows["bob/2.wav"], first.vectors[5])
    assert not np.allclose(rows["bob/1.wav"], first.vectors[4])


def test_a_store_of_another_model_is_refused(folder, tmp_path):
    tiny_audio_encoder().embed_files(folder, store=tmp_path / "store", progress=False)
    with pytest.raises(ValueError, match="another model"):
        tiny_audio_encoder().embed_files(folder, store=tmp_path / "store", progress=False)


def test_a_shard_cut_short_by_a_kill_is_not_seen(folder, tmp_path):
    model = tiny_audio_encoder()
    model.embed_files(folder, store=tmp_path / "store", progress=False)
    shard = next((tmp_path / "store").glob("*.npz"))
    shutil.copy(shard, shard.with_name("cut.part"))
    os.truncate(shard.with_name("cut.part"), 100)
    assert len(EmbeddingStore(tmp_path / "store", model.fingerprint)) == 6


def test_a_damaged_part_of_a_run_is_named(folder, tmp_path):
    (tmp_path / "store").mkdir()
    for content in (b"PK\x03\x04abc", b"text"):
        (tmp_path / "store" / "a.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"Damaged part .*a\.npz.* Delete it"):
            tiny_audio_encoder().embed_files(folder, store=tmp_path / "store", progress=False)


def test_parts_of_one_file_have_rows_of_their_own(folder):
    path = str(folder / "anna" / "2.wav")
    table = pd.DataFrame({"path": [path, path], "start": [0.0, 0.2], "end": [0.2, 0.375]})
    model = tiny_audio_encoder()
    result, _ = model.embed_files(table, progress=False)
    assert len(set(result.ids)) == 2
    waveform = model.read(path)
    np.testing.assert_allclose(result.vectors[1], model.embed([waveform[3200:]])[0], atol=1e-5)


def test_two_files_of_one_name_in_two_folders_are_two_rows(folder):
    table, _ = tiny_audio_encoder().embed_files(folder, progress=False)
    assert len(set(table.ids)) == len(table) == 6
