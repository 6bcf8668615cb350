import keras
import numpy as np
import pytest

from comparators.custom_layers import AddNoise, LogMel, RandomGain
from comparators.models.encoders import LSTMTrunk, SoundMapTrunk, WaveformEncoder


@pytest.fixture
def encoder():
    keras.utils.set_random_seed(0)
    augmentation = [AddNoise(probability=1.0, seed=1), RandomGain(probability=1.0, seed=2)]
    trunk = LSTMTrunk(units=8, num_layers=1, embedding_dim=4)
    return WaveformEncoder(LogMel(num_mels=16), trunk, augmentation)


@pytest.fixture
def batch():
    waveforms = 0.1 * np.random.default_rng(0).normal(size=(3, 6000)).astype("float32")
    return {"waveforms": waveforms, "lengths": np.array([6000, 4000, 6000], "int32")}


@pytest.mark.parametrize("trunk", ["embedding", "map"])
def test_a_functional_network_knows_its_shape(encoder, trunk):
    inputs = {"waveforms": keras.Input((6000,)), "lengths": keras.Input((), dtype="int32")}
    if trunk == "embedding":
        assert tuple(encoder(inputs).shape) == (None, 4)
        return
    moments = WaveformEncoder(LogMel(num_mels=16), SoundMapTrunk(embedding_dim=4, channels=8, num_features=16))
    outputs = moments(inputs)
    assert (outputs["map"].shape[-1], len(outputs["map"].shape), len(outputs["lengths"].shape)) == (4, 3, 1)


def test_augmentation_changes_training_only(encoder, batch):
    use, again, training = (
        np.asarray(keras.ops.convert_to_numpy(encoder(batch, training=t))) for t in (False, False, True)
    )
    np.testing.assert_array_equal(use, again)
    assert np.isfinite(training).all()
    assert np.abs(use - training).max() > 1e-4


def test_parts_are_saved_and_loaded(encoder, batch, tmp_path):
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    assert [type(layer) for layer in again.augmentation] == [AddNoise, RandomGain]
    outputs = [keras.ops.convert_to_numpy(model(batch)) for model in (encoder, again)]
    np.testing.assert_allclose(*outputs, atol=1e-6)


def test_without_lengths_every_sample_counts(encoder, batch):
    lengths = np.full(3, 6000, "int32")
    outputs = [encoder(batch["waveforms"]), encoder({"waveforms": batch["waveforms"], "lengths": lengths})]
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, outputs), atol=1e-6)


def test_a_front_end_must_map_lengths():
    with pytest.raises(TypeError, match=r"`front_end` must have `output_lengths\(lengths\)`"):
        WaveformEncoder(keras.layers.Dense(3), LSTMTrunk(units=8, num_layers=1, embedding_dim=4))
