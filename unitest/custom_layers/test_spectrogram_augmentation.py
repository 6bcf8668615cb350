import numpy as np
import pytest

from comparators.custom_layers.spectrogram_augmentation import SpectrogramAugmentation


def test_a_subclass_must_say_what_it_changes():
    inputs = np.ones((1, 3, 2), "float32")
    layer = SpectrogramAugmentation()
    assert layer(inputs).shape == (1, 3, 2)
    with pytest.raises(NotImplementedError, match=r"SpectrogramAugmentation must implement `augment"):
        layer(inputs, training=True)
