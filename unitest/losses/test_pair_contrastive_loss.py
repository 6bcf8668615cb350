import keras
import numpy as np
import pytest

from comparators.losses import ContrastiveLoss, PairContrastiveLoss


def test_all_pairs_made_ready_are_the_loss_on_labels(batch, value, precision):
    labels, embeddings = batch
    first, second = (side[~np.eye(len(labels), dtype=bool)] for side in np.indices((len(labels),) * 2))
    rows = np.stack([embeddings[first], embeddings[second]], axis=1)
    same = (labels[first] == labels[second]).astype("float32")
    ready = PairContrastiveLoss(2.0, dtype=precision[0])
    on_labels = ContrastiveLoss(2.0, dtype=precision[0])
    assert value(ready, same, rows) == pytest.approx(value(on_labels, labels, embeddings), rel=precision[1])


def test_a_degree_of_sameness_lies_between(value):
    rows = np.array([[[0.0], [0.5]]])
    none, half, full = (value(PairContrastiveLoss(2.0), np.array([same]), rows) for same in (0.0, 0.5, 1.0))
    assert half == pytest.approx((none + full) / 2)


def test_gradient_is_finite_for_equal_items(gradients):
    loss = PairContrastiveLoss()
    (slope,) = gradients(lambda rows: loss(np.array([0.0, 1.0]), rows), np.ones((2, 2, 3), "float32"))
    assert np.isfinite(slope).all()


def test_half_precision_is_computed_in_float32(random):
    rows = keras.ops.cast(keras.ops.convert_to_tensor(300 * random.normal(size=(4, 2, 8)).astype("float32")), "float16")
    loss = PairContrastiveLoss()(np.array([0, 1, 0, 1]), rows)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert np.isfinite(keras.ops.convert_to_numpy(loss))


def test_configuration_goes_round():
    loss = PairContrastiveLoss(0.3, "manhattan", name="pairs", reduction="sum")
    assert type(loss).from_config(loss.get_config()).get_config() == loss.get_config()


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5)])
def test_other_shapes_are_named(shape):
    with pytest.raises(ValueError, match=rf"needs embeddings \(batch, 2, dim\).*Received.*\({shape[0]}, {shape[1]}"):
        PairContrastiveLoss()(np.zeros(4), np.zeros(shape))
    with pytest.raises(ValueError, match=r"margin=0"):
        PairContrastiveLoss(margin=0)
