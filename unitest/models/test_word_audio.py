"""Sounds with words, sounds with pictures: the tutorial's networks, number by number."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import MatchTriplet
from comparators.generators import WordVectors
from comparators.models import ImageAudio, WordAudio, load_state
from comparators.models.convert import linear_weights, prefixed
from comparators.models.encoders import ResidualTrunk

GOLDEN = Path(__file__).parents[1] / "golden"


def load_golden(case: str):
    spec = importlib.util.spec_from_file_location("rule", GOLDEN / "rule.py")
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    info, arrays = rule.load_case(case, str(GOLDEN))
    state = rule.make_state(dict(info["state"]), info["seed"], info["excluded"], info["gain"])
    inputs = rule.make_inputs(info["inputs"], info["seed"])

    def error(name: str, value) -> float:
        return rule.compare(info, arrays, name, ops.convert_to_numpy(value))[1]

    return state, inputs, error


def words(dim: int = 300) -> WordVectors:
    return WordVectors(["rain"], np.ones((1, dim)))


def test_words_and_sounds_are_the_tutorials():
    state, inputs, error = load_golden("word_audio_siamese")
    model = WordAudio.default(words(), form="sigmoid")
    load_state(model, {f"module.{name}": value for name, value in state.items()})
    audio = model.encoder_of("audio").encoder.trunk(inputs["mel"][:, 0])
    positive, negative = (model.encoder_of("word")(inputs[f"{kind}_word"]) for kind in ("positive", "negative"))
    assert error("audio", audio) < 3e-5
    assert error("positive", positive) < 3e-5
    assert error("negative", negative) < 3e-5
    for name, margin in (("triplet_loss_margin_04", 0.4), ("triplet_loss_margin_10", 1.0)):
        loss = ops.mean(MatchTriplet(margin=margin).row_losses(audio, positive, negative))
        assert error(name, ops.reshape(loss, (1,))) < 3e-5


def test_sounds_and_pictures_are_the_tutorials():
    state, inputs, error = load_golden("image_audio_siamese_heads")
    trunk = ResidualTrunk.resnet(101, output="average", trainable=False)
    model = ImageAudio.default(trunk, form="double_sigmoid")
    audio, image = (model.encoder_of(role).encoder.trunk for role in ("audio", "image"))

    class Heads:
        def torch_weights(self):
            return [
                *prefixed("audio_model.", audio.trunk.torch_weights()),
                *linear_weights("audio_projection", audio.projection.dense),
                *linear_weights("visual_projection", image.projection.dense),
            ]

    load_state(Heads(), state)
    heard = audio(inputs["mel"][:, 0])
    positive, negative = (image.projection(inputs[f"{kind}_feature"]) for kind in ("positive", "negative"))
    assert error("audio", heard) < 3e-5
    assert error("positive", positive) < 3e-5
    assert error("negative", negative) < 3e-5
    loss = ops.mean(MatchTriplet(margin=0.4).row_losses(heard, positive, negative))
    assert error("triplet_loss_margin_04", ops.reshape(loss, (1,))) < 3e-5
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == 649_346
    assert {name for weight in model.torch_weights() for name in weight.names} >= {
        "visual_model.layer4.2.conv3.weight",
        "visual_projection.bias",
    }


def test_the_words_network_has_the_published_number_of_weights():
    model = WordAudio.default(words())
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 425_602


def test_a_checkpoint_of_another_network_is_refused_by_name():
    model = WordAudio.default(words(50))
    state, _, _ = load_golden("word_audio_siamese")
    before = ops.convert_to_numpy(model.weights[0]).copy()
    with pytest.raises(ValueError, match=r"word_projection\.weight is \(128, 300\), not \(128, 50\)"):
        load_state(model, state)
    del state["audio_projection.bias"]
    state["fc.weight"] = np.ones(3)
    with pytest.raises(ValueError, match=r"Missing: audio_projection\.bias\. Unexpected: fc\.weight\."):
        load_state(model, state)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.weights[0]), before)


def test_a_clip_below_the_smallest_length_is_refused():
    model = WordAudio.default(words(), clip_seconds=0.5)
    with pytest.raises(ValueError, match="at least 63 frames"):
        model.embed([np.ones(4_000, "float32")], "audio")
