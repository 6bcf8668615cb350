import importlib.util
import itertools

import keras
import numpy as np
import pytest

from comparators.generators import ArrayGroups

LABELS = np.repeat(["ann", "bob", "eve", "joe", "kim"], 6)
ARRAYS = np.random.default_rng(0).normal(size=(30, 7, 2)).astype("float32")
LENGTHS = np.arange(30) % 7 + 1
needs_tensorflow = pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")


def test_items_are_those_of_their_labels():
    groups = ArrayGroups(ARRAYS, LABELS, 2, 3, lengths=LENGTHS)
    assert len(groups) == 2
    inputs, labels = groups[1]
    for array, length, label in zip(inputs["features"], inputs["lengths"], labels, strict=True):
        item = int(np.flatnonzero((array == ARRAYS).all(axis=(1, 2)))[0])
        assert groups.label_names[label] == LABELS[item]
        assert length == LENGTHS[item]
    assert inputs["lengths"].dtype == labels.dtype == np.int32


def test_without_lengths_the_inputs_are_an_array():
    inputs, _labels = ArrayGroups(ARRAYS, LABELS, 2, 3)[0]
    assert inputs.shape == (6, 7, 2)
    assert inputs.dtype == np.float32
    assert ArrayGroups(ARRAYS, LABELS, 2, 3, lengths=LENGTHS, input_name="waveforms")[0][0].keys() == {
        "waveforms",
        "lengths",
    }


@needs_tensorflow
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("redraw", [True, False])
def test_tf_dataset_gives_the_same_bits(lengths, redraw):
    groups = ArrayGroups(ARRAYS, LABELS, 2, 3, lengths=lengths, start_epoch=3, redraw=redraw)
    dataset = groups.as_tf_dataset()
    for _ in range(2):
        for number, batch in enumerate(itertools.islice(dataset, 6)):
            expected = groups.batch(3 + (number // 2 if redraw else 0), number % 2)
            for actual, wanted in zip(keras.tree.flatten(batch), keras.tree.flatten(expected), strict=True):
                assert actual.numpy().dtype == wanted.dtype
                np.testing.assert_array_equal(actual.numpy(), wanted)


@needs_tensorflow
def test_fit_on_both_gives_the_same_weights():
    weights = []
    for source in ("dataset", "tf_dataset"):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(5)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        groups = ArrayGroups(ARRAYS, LABELS, 2, 3)
        data = groups if source == "dataset" else groups.as_tf_dataset()
        model.fit(data, epochs=3, steps_per_epoch=None if source == "dataset" else len(groups), verbose=0)
        weights.append(model.get_weights()[0])
    np.testing.assert_array_equal(*weights)


def test_wrong_lengths():
    with pytest.raises(ValueError, match=r"`lengths` must have one entry for each of the 30 items. Received: 3"):
        ArrayGroups(ARRAYS, LABELS, 2, 3, lengths=[1, 2, 3])
    with pytest.raises(ValueError, match=r"`labels` must have one entry for each of the 30 items. Received: 2"):
        ArrayGroups(ARRAYS, ["ann", "bob"], 2, 3)
