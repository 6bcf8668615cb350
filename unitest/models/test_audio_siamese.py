import pickle
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

import comparators
import comparators.pretrained_models
from comparators import KNNRecognizer
from comparators.custom_layers import InBatchPairs, SimilarityHead
from comparators.generators import AudioGroups, AudioItems, AudioReader, Pairs
from comparators.metrics import equal_error_rate, pair_scores
from comparators.models import AudioSiamese
from comparators.models.frame_windows import FrameWindows

from .tiny_models import tiny_waveform_encoder

RNG = np.random.default_rng(0)
MAKERS = {
    "default": lambda: AudioSiamese.default(embedding_dim=6, channels=8, num_mels=16),
    "convolutional_lstm": lambda: AudioSiamese.convolutional_lstm("l1", embedding_dim=6, units=8, num_mels=16),
    "raw_waveform": lambda: AudioSiamese.raw_waveform("euclidean", embedding_dim=6),
}


def noise(seconds: float) -> np.ndarray:
    return (0.1 * RNG.normal(size=round(16000 * seconds))).astype("float32")


def tiny_audio_siamese(form: str = "cosine", **parts) -> AudioSiamese:
    return AudioSiamese(tiny_waveform_encoder(), objective=InBatchPairs(SimilarityHead(form)), **parts)


@pytest.fixture
def table():
    voices = comparators.bundled_voices()
    return voices[voices.label.isin(sorted(voices.label.unique())[:4])].reset_index(drop=True)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_each_kind_trains_on_groups_and_does_not_see_padding(make, table):
    model = make()
    model.compile(optimizer="adam")
    batches = AudioGroups(table, 4, 2, window_seconds=0.5, reader=model.reader, passes_per_epoch=4)
    history = model.fit(batches, epochs=1, verbose=0).history
    assert {"loss", "accuracy", "auc", "eer"} == set(history)
    assert np.isfinite(history["loss"]).all()
    clips = [noise(seconds) for seconds in (0.01, 0.3, 1.2, 0.7)]
    together = model.embed(clips, batch_size=64)
    alone = np.concatenate([model.embed([clip], batch_size=1) for clip in clips])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_same_parts_train_on_pairs(table):
    model = AudioSiamese.default("l1", embedding_dim=6, channels=8, num_mels=16).with_objective(None)
    before = np.asarray(model.scorer.kernel)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=["accuracy"])
    pairs = Pairs(AudioItems(table, 0.5, model.reader), table.label, 8)
    history = model.fit(pairs, epochs=2, verbose=0).history
    assert {"loss", "accuracy"} == set(history)
    assert np.abs(np.asarray(model.scorer.kernel) - before).max() > 1e-4
    assert model.windows is not None


def test_a_pair_scores_as_its_embeddings_do():
    model = tiny_audio_siamese("l1")
    a, b = np.stack([noise(0.5), noise(0.5)]), np.stack([noise(0.5), noise(0.5)])
    probabilities = keras.ops.convert_to_numpy(model((a, b)))
    np.testing.assert_allclose(probabilities, model.similarity(a, b), atol=1e-5)
    np.testing.assert_allclose(probabilities, np.diag(model.similarity_matrix(a, b)), atol=1e-5)


def test_files_threshold_and_decision(table, tmp_path):
    model = tiny_audio_siamese(reader=AudioReader.trimming())
    bulk = model.embed_files(table, progress=False)
    embeddings = model.embed(table)
    np.testing.assert_allclose(bulk.table.vectors, embeddings, atol=1e-5)
    threshold = model.fit_threshold(embeddings, table.label, origin="four voices")
    answer = model.verify(table.path[0], table.path[1])
    assert answer.decision == (answer.score >= threshold.value)
    assert 0 <= answer.probability <= 1
    np.testing.assert_allclose(answer.score, model.similarity(table.path[:1], table.path[1:2])[0], atol=1e-6)


def test_the_head_recognises_and_clusters_without_keras(table):
    model = tiny_audio_siamese("l2")
    embeddings = model.embed(table)
    recognizer = KNNRecognizer(k=1, similarity=model.scorer, threshold=0.0).fit(embeddings, table.label)
    best = recognizer.best_similarity(embeddings)
    np.testing.assert_allclose(best, model.score(embeddings).max(axis=1), atol=1e-6)
    assert (best > 0.5).all()
    again = pickle.loads(pickle.dumps(model.scorer))
    np.testing.assert_array_equal(again(embeddings, embeddings), model.score(embeddings))


def test_saved_and_loaded_in_a_fresh_process_it_says_the_same(tmp_path):
    model = tiny_audio_siamese("learnt", windows=FrameWindows(length=50, hop=25))
    model.compile(optimizer="adam")
    clips = [noise(2.0), noise(0.4), noise(0.6)]
    model.fit_threshold(model.embed([*clips, *clips]), list("abcabc"))
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "clips.npz", *clips)
    code = (
        "import comparators, numpy as np\n"
        f"model = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        f"clips = np.load(r'{tmp_path / 'clips.npz'}')\n"
        f"np.save(r'{tmp_path / 'scores.npy'}', model.similarity_matrix([clips[name] for name in clips.files]))\n"
        "assert model.objective.head is model.head\n"
        f"assert model.threshold.value == {model.threshold.value!r}\n"
        f"assert model.fingerprint == '{model.fingerprint}', model.fingerprint\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "scores.npy"), model.similarity_matrix(clips), atol=1e-6)


def test_verify_abstains_on_too_little_speech(tmp_path):
    model = tiny_audio_siamese()
    soundfile.write(tmp_path / "zeros.wav", np.zeros(16000), 16000)
    for recording in (tmp_path / "zeros.wav", noise(0.05)):
        result = model.verify(recording, noise(1.0))
        assert result.decision is None
        assert "speech" in result.reason


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros((2, 3)), r"waveform 1 must be a 1-D array .* shape \(2, 3\)"),
        (np.array([np.nan, 0.1]), "waveform 1 must be .* finite samples.* 1 of them not finite"),
        (np.zeros(16000), "waveform 1 is silent"),
        (np.array([100, -100], "int16"), "Received: int16. Divide 16-bit samples by 32768"),
        (np.array([100.0, -100.0]), "Received: a peak of 100. Scale it"),
    ],
)
def test_bad_waveforms_are_refused(waveform, message):
    with pytest.raises(ValueError, match=message):
        tiny_audio_siamese().similarity_matrix([noise(0.2), waveform])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.wav"):
        tiny_audio_siamese().verify(tmp_path / "nothing.wav", noise(1.0))


def test_other_parts_are_refused():
    with pytest.raises(TypeError, match="WaveformEncoder"):
        AudioSiamese(keras.Sequential())
    with pytest.raises(ValueError, match="`head` must be the objective's own"):
        AudioSiamese(tiny_waveform_encoder(), SimilarityHead(), InBatchPairs(SimilarityHead()))
    with pytest.raises(ValueError, match="`form` must be one of"):
        AudioSiamese.default("cosinus")


def test_the_shipped_network_tells_the_bundled_voices_apart():
    model = comparators.load("audio-siamese")
    voices = comparators.bundled_voices()
    scores, same = pair_scores(model.embed(voices), voices.label, similarity=model.scorer)
    assert equal_error_rate(scores, same) < 0.03
    assert model.verify(voices.path[0], voices.path[1]).decision
    assert not model.verify(voices.path[0], voices.path.iloc[-1]).decision
    assert not model.compiled
    assert next(Path(comparators.pretrained_models.__path__[0]).glob("audio_siamese/*.keras")).stat().st_size < 3e6


def test_the_shipped_network_knows_real_speakers_it_never_heard(data_folder):
    model = comparators.load("audio-siamese")
    table = comparators.read_manifest(data_folder / "an4_speakers" / "manifest.csv", split="val")
    scores, same = pair_scores(model.embed(table), table.label, similarity=model.scorer)
    assert equal_error_rate(scores, same) < 0.1
    threshold = model.threshold
    assert abs(np.mean(scores[~same] >= threshold.value) - np.mean(scores[same] < threshold.value)) < 0.1
