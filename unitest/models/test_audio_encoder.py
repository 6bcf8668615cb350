import subprocess
import sys

import keras
import numpy as np
import pytest
import soundfile

import comparators
from comparators.acoustics.speech_detector import SpeechDetector
from comparators.models import AudioEncoder
from comparators.models.frame_windows import FrameWindows

from .tiny_models import tiny_audio_encoder

RNG = np.random.default_rng(0)


def noise(seconds: float) -> np.ndarray:
    return (0.1 * RNG.normal(size=round(16000 * seconds))).astype("float32")


def test_rows_do_not_depend_on_the_batch():
    model = tiny_audio_encoder()
    clips = [noise(s) for s in RNG.uniform(0.1, 2.5, 20)]
    together = model.embed(clips, batch_size=64)
    alone = np.concatenate([model.embed([clip], batch_size=1) for clip in clips])
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_embed_is_what_the_network_says():
    model = tiny_audio_encoder()
    batch = np.stack([noise(1.0), noise(1.0)])
    np.testing.assert_allclose(model.embed(batch), keras.ops.convert_to_numpy(model(batch)), atol=1e-5)


def test_long_recordings_are_the_mean_of_their_windows():
    windows = FrameWindows(length=50, hop=25)
    model = tiny_audio_encoder(windows)
    clip = noise(3.0)
    features = keras.ops.convert_to_numpy(model.encoder.front_end(clip[None]))[0]
    rows = [
        keras.ops.convert_to_numpy(model.encoder.trunk(features[None, start : start + 50]))[0]
        for start in windows.starts(len(clip) / 160)
    ]
    mean = np.mean(rows, axis=0)
    np.testing.assert_allclose(model.embed([clip])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_very_long_recordings_are_read_in_pieces_with_the_same_frames(monkeypatch):
    model = tiny_audio_encoder(FrameWindows(length=50, hop=50))
    clip = noise(5.3)
    whole = model.embed([clip])
    monkeypatch.setattr("comparators.models.waveform_embedder._PIECE_SAMPLES", 16000)
    np.testing.assert_allclose(model.embed([clip]), whole, atol=1e-5)


def test_saved_and_loaded_in_a_fresh_process_it_gives_the_same_embeddings(tmp_path):
    model = tiny_audio_encoder(FrameWindows(length=50, hop=25), trim=SpeechDetector())
    model.compile(optimizer="adam")
    clip = noise(2.0)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "clip.npy", clip)
    code = (
        "import comparators, numpy as np\n"
        f"model = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        f"np.save(r'{tmp_path / 'row.npy'}', model.embed([np.load(r'{tmp_path / 'clip.npy'}')]))\n"
        f"assert model.fingerprint == '{model.fingerprint}', model.fingerprint\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "row.npy"), model.embed([clip]), atol=1e-6)
    plain = (
        "import keras, comparators.models\n"
        "comparators.models.register_classes()\n"
        f"keras.saving.load_model(r'{tmp_path / 'model.keras'}')\n"
    )
    subprocess.run([sys.executable, "-c", plain], check=True)


def test_a_loaded_model_goes_on_training(tmp_path):
    model = tiny_audio_encoder()
    model.compile(optimizer="adam")
    batch = {"waveforms": np.stack([noise(0.5) for _ in range(8)]), "lengths": np.full(8, 8000, "int32")}
    labels = np.repeat(np.arange(4), 2)
    model.fit(batch, labels, batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    again = comparators.load(tmp_path / "model.keras")
    assert isinstance(again, AudioEncoder)
    first = model.fit(batch, labels, batch_size=8, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(
        again.fit(batch, labels, batch_size=8, shuffle=False, verbose=0).history["loss"], first, rtol=1e-4
    )


def test_verify_abstains_on_too_little_speech(tmp_path):
    model = tiny_audio_encoder(trim=SpeechDetector())
    soundfile.write(tmp_path / "short.wav", noise(0.05), 16000)
    soundfile.write(tmp_path / "zeros.wav", np.zeros(16000), 16000)
    clip = np.concatenate([np.zeros(4000, "float32"), noise(1.0), np.zeros(4000, "float32")])
    for name in ("short.wav", "zeros.wav"):
        result = model.verify(tmp_path / name, clip)
        assert result.decision is None
        assert "speech" in result.reason
    assert model.verify(clip, clip).score == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros((2, 3)), r"waveform 1 must be a 1-D array .* shape \(2, 3\)"),
        (np.array([np.nan, 0.1]), "waveform 1 must be .* finite samples.* 1 of them not finite"),
        (np.zeros(0), "not empty"),
        (np.zeros(16000), "waveform 1 is silent: all of its 16,000 samples are zero"),
        (np.array([100, -100], "int16"), "Received: int16. Divide 16-bit samples by 32768"),
        (np.array([100.0, -100.0]), "Received: a peak of 100. Scale it"),
    ],
)
def test_bad_waveforms_are_refused(waveform, message):
    with pytest.raises(ValueError, match=message):
        tiny_audio_encoder().embed([noise(0.2), waveform])


def test_a_missing_file_and_a_silent_one_are_named(tmp_path):
    model = tiny_audio_encoder(trim=SpeechDetector())
    soundfile.write(tmp_path / "zeros.wav", np.zeros(16000), 16000)
    with pytest.raises(FileNotFoundError, match=r"nothing\.wav"):
        model.embed([tmp_path / "nothing.wav"])
    with pytest.raises(ValueError, match=r"No speech in .*zeros\.wav.*steady"):
        model.embed([tmp_path / "zeros.wav"])
    with pytest.raises(ValueError, match=r"No sound in .*zeros\.wav.*it is silent, or its channels"):
        tiny_audio_encoder().embed([tmp_path / "zeros.wav"])


def test_another_kind_of_encoder_is_refused():
    with pytest.raises(TypeError, match="WaveformEncoder"):
        AudioEncoder(keras.Sequential())


def test_no_inputs_give_no_rows():
    assert tiny_audio_encoder().embed([]).shape == (0, 6)
