import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.spec_augment import SpecAugment

LENGTHS = np.array([40, 20, 4, 0], "int32")


def hidden(layer, inputs, lengths=None):
    """Which values the layer replaced, in training."""
    return ops.convert_to_numpy(layer(inputs, lengths=lengths, training=True)) != inputs


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    inputs = random.normal(size=(4, 40, 10)).astype("float32")
    check_layer(SpecAugment(seed=0), inputs, LENGTHS, output_shape=(4, 40, 10), training=True)
    outputs = check_layer(SpecAugment(seed=0), inputs, LENGTHS, output_shape=(4, 40, 10))
    np.testing.assert_array_equal(outputs, inputs)


def test_masks_are_stretches_no_wider_than_they_may_be(random):
    inputs = random.normal(size=(800, 40, 10)).astype("float32")
    lengths = np.repeat([40, 20], 400)
    layer = SpecAugment(1, 8, 0.25, 0, 0, fill="zero", seed=1)
    frames = hidden(layer, inputs, lengths)
    assert (frames.all(axis=2) == frames.any(axis=2)).all()
    widths = frames[:, :, 0].sum(axis=1)
    assert set(widths[:400]) == set(range(9))
    assert set(widths[400:]) == set(range(6)), "a quarter of 20 real frames"
    starts = np.abs(np.diff(frames[:, :, 0].astype(int), axis=1, prepend=0, append=0)).sum(axis=1)
    assert (starts <= 2).all(), "one stretch"
    assert not frames[400:, 20:].any(), "masks lie in the real frames"
    assert frames[:, 0].any(), "the first"
    assert frames[:400, 39].any(), "and the last frame may be hidden"


def test_bands_are_masked_too(random):
    inputs = random.normal(size=(200, 6, 10)).astype("float32")
    bands = hidden(SpecAugment(0, 0, 0.0, 2, 3, fill="zero", seed=1), inputs)
    assert (bands.all(axis=1) == bands.any(axis=1)).all()
    assert set(bands[:, 0].sum(axis=1)) == set(range(7))


def test_masks_are_filled_with_the_items_mean_or_zero(random):
    inputs = random.normal(3.0, size=(4, 40, 10)).astype("float32")
    lengths = np.array([40, 30, 20, 10])
    for fill in ("mean", "zero"):
        layer = SpecAugment(2, 20, 0.5, 2, 5, fill=fill, seed=3)
        outputs = ops.convert_to_numpy(layer(inputs, lengths=lengths, training=True))
        for item, output, length in zip(inputs, outputs, lengths, strict=True):
            filling = item[:length].mean(axis=0) if fill == "mean" else np.zeros(10)
            changed = output != item
            assert changed.any()
            np.testing.assert_allclose(output[changed], np.broadcast_to(filling, (40, 10))[changed], atol=1e-5)


def test_draws_differ_from_call_to_call_and_are_seeded(random):
    inputs = random.normal(size=(8, 40, 10)).astype("float32")
    layers = [SpecAugment(seed=5), SpecAugment(seed=5), SpecAugment(seed=6)]
    first, again, other = (hidden(layer, inputs) for layer in layers)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != hidden(layers[0], inputs)).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_time_masks": -1}, "num_time_masks=-1"),
        ({"max_time_proportion": 1.5}, "max_time_proportion=1.5"),
        ({"fill": "noise"}, "fill='noise'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpecAugment(**arguments)


def test_one_mask_each_is_up_to_as_wide_as_said(random):
    inputs = random.normal(size=(600, 16, 12)).astype("float32")
    layer = SpecAugment.one_mask_each(max_frequency_bins=4, max_time_frames=6, fill=-1.5, seed=2)
    outputs = ops.convert_to_numpy(layer(inputs, training=True))
    changed = outputs != inputs
    assert (outputs[changed] == -1.5).all()
    for masked, other, widest in ((changed.all(axis=2), 1, 6), (changed.all(axis=1), 2, 4)):
        widths = masked.sum(axis=1)
        assert set(widths) == set(range(widest + 1))
        assert (np.bincount(widths) > 600 / (widest + 1) / 2).all(), "all widths about as often"
        edges = np.abs(np.diff(masked.astype(int), axis=1, prepend=0, append=0)).sum(axis=1)
        assert (edges <= 2).all(), f"one stretch along axis {other}"


@pytest.mark.parametrize("fill", ["median", float("nan")])
def test_the_filling_must_be_known(fill):
    with pytest.raises(ValueError, match="`fill` must be 'mean', 'zero' or a finite number"):
        SpecAugment(fill=fill)
