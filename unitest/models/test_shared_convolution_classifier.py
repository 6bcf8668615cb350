"""The two-layer network: parity, parameters, waveforms, saving, bad input."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import ESCMel
from comparators.models import SharedConvolutionClassifier
from comparators.models.convert import load_state
from comparators.models.encoders import SharedConvolutionTrunk, WaveformEncoder


def test_published_network(golden):
    case, model = golden("ikiskin_cnn"), SharedConvolutionClassifier()
    load_state(model, case.state)
    fbank = case.inputs["fbank"][:, 0]
    assert model.count_params() == 516_716
    assert case.difference("conv_a", ops.convert_to_numpy(model.trunk.first_planes(fbank))) < 3e-5
    assert case.difference("logits", ops.convert_to_numpy(model(fbank))) < 3e-5


def test_waveforms_and_saving(tmp_path):
    encoder = WaveformEncoder(ESCMel(target_length=60, num_mels=40), SharedConvolutionTrunk(60, 40))
    model = SharedConvolutionClassifier(encoder, num_classes=2, labels=["dog", "rain"])
    waveforms = 0.1 * np.random.default_rng(0).normal(size=(3, 4_000)).astype("float32")
    waveforms[2] = 0
    logits = ops.convert_to_numpy(model(waveforms))
    assert np.isfinite(logits).all()
    model.save(tmp_path / "cnn.keras")
    loaded = keras.saving.load_model(tmp_path / "cnn.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(waveforms)), logits, atol=1e-6)
    assert loaded.predicted_labels(waveforms).tolist() == [["dog", "rain"][code] for code in logits.argmax(axis=1)]


def test_sizes_that_make_no_sense():
    with pytest.raises(ValueError, match=r"must be at least 36.*Received: num_frames=35, num_features=128"):
        SharedConvolutionTrunk(num_frames=35)
    with pytest.raises(ValueError, match=r"Received: shape=\(1, 50, 40\). Pad or cut them"):
        SharedConvolutionTrunk(60, 40)(np.zeros((1, 50, 40), "float32"))
