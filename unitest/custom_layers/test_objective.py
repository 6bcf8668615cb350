import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import GE2E, CosineClassifier
from comparators.custom_layers.objective import Objective


def test_the_base_has_no_loss_and_no_measures():
    with pytest.raises(NotImplementedError, match=r"Objective must implement `call\("):
        Objective()(np.ones((2, 3), "float32"), np.array([0, 1]))
    assert Objective().measures(np.ones((2, 3), "float32"), np.array([0, 1])) == {}


def test_it_computes_in_float32_in_a_model_of_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert Objective().compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match=r"dtype=mixed_float16\. Leave `dtype` out"):
        Objective(dtype="mixed_float16")


def test_mean_is_weighted():
    losses = ops.convert_to_tensor(np.array([1.0, 2.0, 6.0], "float32"))
    assert float(Objective().weighted_mean(losses, None)) == 3.0
    assert float(Objective().weighted_mean(losses, np.array([1.0, 1.0, 0.0]))) == 1.5
    assert float(Objective().weighted_mean(losses, np.zeros((3, 1)))) == 0.0


@pytest.mark.parametrize("objective", [GE2E(), CosineClassifier(3)], ids=["ge2e", "cosine"])
def test_rows_of_several_items_are_refused(objective):
    with pytest.raises(ValueError, match=r"needs embeddings \(batch, dim\).*Received: embeddings of shape \(3, 2, 4\)"):
        objective(np.ones((3, 2, 4), "float32"), np.array([0, 1, 2]))
