"""The bundled recordings are what their manifest and their script say."""

import csv
import importlib.util
import shutil
import subprocess
from collections import Counter

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def rows(voices):
    with open(voices / "manifest.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def script(voices):
    spec = importlib.util.spec_from_file_location("make_voices", voices.parent / "make_voices.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_24_voices_say_6_sentences_each(voices, rows):
    assert Counter(Counter(row["label"] for row in rows).values()) == {6: 24}
    assert sorted(row["path"] for row in rows) == sorted(path.name for path in voices.glob("*.flac"))


def test_recordings_fit_the_wheel_and_are_as_described(voices, rows):
    assert sum(path.stat().st_size for path in voices.iterdir()) <= 8e6
    for row in rows:
        samples, rate = soundfile.read(voices / row["path"], dtype="float32")
        assert samples.ndim == 1
        assert rate == 16_000
        assert soundfile.info(voices / row["path"]).subtype == "PCM_16"
        assert 2.5 <= len(samples) / rate <= 4
        assert len(samples) / rate == pytest.approx(float(row["seconds"]), abs=0.006)
        assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-27, abs=0.1)


def test_manifest_agrees_with_the_script(rows, script):
    assert len(script.VOICES) == len(set(script.VOICES)) == 24
    for row in rows:
        voice = script.VOICES[int(row["label"].removeprefix("voice-")) - 1]
        assert (row["language"], row["variant"]) == (voice.accent, voice.variant)
        assert (int(row["pitch"]), int(row["speed"])) == (voice.pitch, voice.speed)
        assert row["text"] == script.SENTENCES[voice.language][int(row["sentence"]) - 1]


def test_readme_says_that_the_voices_are_synthetic(voices):
    assert "synthetic" in (voices / "README.md").read_text(encoding="utf-8")


def test_missing_synthesiser_is_named(script, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="Install the package `espeak-ng`"):
        script.make_voices(tmp_path / "voices")
    assert not (tmp_path / "voices").exists()


@pytest.mark.opt_in
def test_script_makes_the_same_samples_again(script, voices):
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs the program espeak-ng 1.51")
    version = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    if "text-to-speech: 1.51 " not in version:
        pytest.skip(f"the recordings were made with espeak-ng 1.51; here is: {version.strip()}")
    voice = script.VOICES[0]
    made = script.trim_and_level(script.synthesise(voice, script.SENTENCES[voice.language][0]))
    kept, _ = soundfile.read(voices / "voice_01_sentence_1.flac", dtype="float32")
    np.testing.assert_allclose(made, kept, atol=2**-15)
