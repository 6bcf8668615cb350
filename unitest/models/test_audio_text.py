"""Sounds and texts: training, zero shot, saving."""

import keras
import numpy as np
import pytest

import comparators
from comparators.custom_layers import LogMel, SymmetricInfoNCE
from comparators.generators import ArrayItems, Matches, TextItems, TextTokenizer
from comparators.models import AudioEncoder, AudioText, TextEncoder
from comparators.models.clip_parts import small_text_encoder
from comparators.models.encoders import LSTMTrunk, WaveformEncoder

pytest.importorskip("tokenizers", reason="needs the package `tokenizers`")

TONES = {"low": 200.0, "high": 2000.0, "middle": 700.0, "shrill": 5000.0}
TEXTS = [f"a {name} tone" for name in TONES]
TIMES = np.arange(16_000) / 16_000
SOUNDS = np.array([0.5 * np.sin(2 * np.pi * tone * TIMES) for tone in TONES.values()], "float32")


def tokenizer() -> TextTokenizer:
    return TextTokenizer.of_words([*TONES, "a", "tone"], max_tokens=8)


def tiny(**arguments) -> AudioText:
    return AudioText.default(
        tokenizer(), embedding_dim=8, clip_seconds=1.0, channels=(8, 8, 8, 8), width=16, **arguments
    )


def test_learns_tones_and_saves(tmp_path):
    keras.utils.set_random_seed(0)
    model = tiny()
    model.compile(optimizer=keras.optimizers.Adam(0.003))
    items = {"audio": ArrayItems(SOUNDS), "text": TextItems(TEXTS, model.encoder_of("text").tokenizer)}
    history = model.fit(Matches(items, batch_size=4), epochs=60, verbose=0).history
    assert max(history["recall_at_1"]) == 1.0
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    loaded = comparators.load(tmp_path / "model.keras")
    scores = model.similarity_matrix(list(SOUNDS), TEXTS)
    np.testing.assert_allclose(loaded.similarity_matrix(list(SOUNDS), TEXTS), scores, atol=1e-5)
    classifier = loaded.zero_shot_classifier(list(TONES), ["a {} tone"])
    assert classifier.predict_proba(list(SOUNDS)).shape == (4, 4)
    assert loaded.zero_shot_classifier(["low", "high"]).templates == ["this is a sound of {}."]


def test_sounds_of_any_length():
    sounds = WaveformEncoder(LogMel(num_mels=16), LSTMTrunk(units=8, num_layers=1, embedding_dim=6))
    encoders = {"audio": AudioEncoder(sounds), "text": small_text_encoder(tokenizer(), 6, width=8)}
    model = AudioText(encoders, SymmetricInfoNCE())
    assert isinstance(model.encoder_of("text"), TextEncoder)
    noise = 0.1 * np.random.default_rng(0).normal(size=40_000).astype("float32")
    assert model.similarity_matrix([noise, noise[:9_000]], TEXTS).shape == (2, 4)
