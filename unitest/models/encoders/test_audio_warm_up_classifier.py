"""The warm-up classifier: parity, the transfer of its audio network, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import AudioWarmUpClassifier, DaveNetAudioTrunk

SIZES = {"embedding_dim": 6, "num_features": 5, "channels": (4, 4, 4, 4)}


def tiny(**arguments) -> AudioWarmUpClassifier:
    return AudioWarmUpClassifier(DaveNetAudioTrunk(**SIZES, **arguments), num_classes=3, num_frames=40)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(4, 40, 5)).astype("float32")


def test_published_network(golden):
    case, classifier = golden("davenet_warmup_classifier"), AudioWarmUpClassifier(DaveNetAudioTrunk())
    load_state(classifier, case.state)
    spectrograms = case.inputs["spectrogram"].transpose(0, 2, 1)
    logits = ops.convert_to_numpy(classifier(spectrograms))
    assert case.difference("logits", logits) < 3e-5
    assert classifier.head.count_params() == 13_435_085
    assert sum(int(np.prod(variable.shape)) for variable in classifier.trainable_variables) == 29_400_655
    np.testing.assert_allclose(ops.convert_to_numpy(classifier(spectrograms[:1])), logits[:1], atol=1e-5)


def test_transfer(features):
    classifier = tiny()
    classifier.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    classifier.fit(features, np.array([0, 1, 2, 0]), epochs=2, verbose=0)
    trunk = DaveNetAudioTrunk(**SIZES)
    classifier.transfer(trunk)
    expected = ops.convert_to_numpy(classifier.trunk(features)["map"])
    np.testing.assert_array_equal(ops.convert_to_numpy(trunk(features)["map"]), expected)
    with pytest.raises(ValueError, match="shape"):
        classifier.transfer(DaveNetAudioTrunk(**SIZES | {"embedding_dim": 7}))


def test_masked_classifier_does_not_hear_the_padding(features):
    classifier, lengths = tiny(masked=True), np.array([40, 17, 16, 1], "int32")
    clean = ops.convert_to_numpy(classifier({"features": features, "lengths": lengths}))
    for item, length in zip(features, lengths, strict=True):
        item[length:] = 1e3
    dirty = ops.convert_to_numpy(classifier({"features": features, "lengths": lengths}))
    np.testing.assert_allclose(dirty, clean, atol=1e-5)


def test_saved(features, tmp_path):
    classifier = tiny()
    classifier.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    assert loaded.get_config() == classifier.get_config()
    expected = ops.convert_to_numpy(classifier(features))
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(features)), expected, atol=1e-6)


def test_bad_arguments(features):
    with pytest.raises(ValueError, match=r"must have 40 frames, `num_frames`; set the front end's `target_length`"):
        tiny()(features[:, :39])
    with pytest.raises(ValueError, match=r"`num_classes` must be positive. Received: num_classes=0"):
        AudioWarmUpClassifier(DaveNetAudioTrunk(**SIZES), num_classes=0)
