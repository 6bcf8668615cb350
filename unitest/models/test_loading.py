import numpy as np
import pytest

import comparators
from comparators.models import pretrained_names

from .tiny_models import tiny_audio_encoder


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(FileNotFoundError, match=r"'speaker-encodr'.*Shipped"):
        comparators.load("speaker-encodr")


def test_a_file_that_is_no_model_is_named(tmp_path):
    (tmp_path / "model.keras").write_text("text")
    with pytest.raises(ValueError, match=r"Not a model, or a damaged one: .*model\.keras"):
        comparators.load(tmp_path / "model.keras")


def test_a_saved_model_is_loaded_by_path(tmp_path):
    model = tiny_audio_encoder()
    model.save(tmp_path / "model.keras")
    assert comparators.load(tmp_path / "model.keras").fingerprint == model.fingerprint


@pytest.mark.parametrize("name", pretrained_names())
def test_shipped_models_load_and_embed(name):
    texts = ["a dog runs", "the sea"]
    items = {"audio": comparators.bundled_voices()[:2], "image": np.zeros((2, 60, 40), "uint8"), "text": texts}
    model = comparators.load(name)
    assert model.embed(items[model.media]).shape == (2, model.embedding_dim)
    assert model.threshold is not None
    assert not model.compiled
