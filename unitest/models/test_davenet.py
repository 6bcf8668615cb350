"""The networks of spoken captions as their papers have them, and their trainings."""

import keras
import numpy as np
import pytest

from comparators.custom_layers import MarginRanking, MatchmapSimilarity, SemiHardMarginRanking
from comparators.models import DaveNet, training_preset
from comparators.models.training_preset import TRAINING_PRESETS


def count(model: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.slow
def test_davenet_is_the_papers():
    model = DaveNet.davenet(target_length=128)
    image, audio = (model.encoder_of(role).encoder.trunk for role in ("image", "audio"))
    assert (count(image), count(audio)) == (19_434_304, 15_965_570)
    assert isinstance(model.objective, MarginRanking)
    assert model.match_similarity.reduction == "misa"
    caption = np.random.default_rng(0).normal(size=20_000).astype("float32") / 10
    assert model.matchmap(np.zeros((300, 250, 3), "uint8"), caption).shape == (14, 14, 7)


@pytest.mark.slow
def test_resdavenet_adds_two_rankings_up():
    model = DaveNet.resdavenet(target_length=128)
    assert count(model.encoder_of("audio").encoder.trunk) + 2 == 44_670_978
    kinds = [type(part) for part in model.objective.objectives]
    assert kinds == [MarginRanking, SemiHardMarginRanking]
    assert isinstance(model.match_similarity, MatchmapSimilarity)
    assert model.match_similarity.reduction == "sisa"


@pytest.mark.slow
def test_the_network_of_nips_2016_compares_embeddings():
    model = DaveNet.nips2016(target_length=1024)
    assert count(model.encoder_of("audio").encoder.trunk) == 13_940_800
    assert count(model.encoder_of("image").encoder) == 4_195_328  # VGG16 is fixed
    assert model.match_similarity.form == "dot"


@pytest.mark.parametrize("name", TRAINING_PRESETS)
def test_a_preset_makes_an_optimizer_whose_rate_falls(name):
    preset = training_preset(name)
    optimizer = preset.make_optimizer(steps_per_epoch=10)
    rate = optimizer._learning_rate
    first = float(rate(10 * preset.decay_epochs - 1))
    assert first == pytest.approx(preset.learning_rate)
    assert float(rate(10 * preset.decay_epochs)) == pytest.approx(preset.learning_rate * preset.decay)


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="`name` must be one of nips2016, "):
        training_preset("nips")
