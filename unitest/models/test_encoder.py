"""Encoders that see several items a row: pairs, triplets, views."""

import keras
import numpy as np
import pytest
from keras import ops

import comparators
from comparators.losses import InfoNCE, ReadyTripletLoss
from comparators.models import Encoder
from comparators.models.encoder import is_row


def network():
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(6), keras.layers.BatchNormalization()])


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    return tuple(random.normal(size=(10, 8)).astype("float32") for _ in range(3))


def test_a_row_is_encoded_item_by_item(rows):
    model = Encoder(network())
    together = ops.convert_to_numpy(model(rows))
    assert together.shape == (10, 3, 6)
    for view, items in enumerate(rows):
        np.testing.assert_allclose(together[:, view], ops.convert_to_numpy(model(items)), atol=1e-6)


def test_batch_normalisation_sees_all_views_at_once(rows):
    model = Encoder(network())
    views = ops.convert_to_numpy(model(rows, training=True))
    np.testing.assert_allclose(views.mean(axis=(0, 1)), 0, atol=1e-5)
    assert np.abs(views.mean(axis=0)).max() > 1e-2


@pytest.mark.parametrize(("num_views", "loss"), [(2, InfoNCE()), (3, InfoNCE()), (3, ReadyTripletLoss())])
def test_trains_on_rows(rows, num_views, loss):
    model = Encoder(network())
    model.compile(keras.optimizers.Adam(0.05), loss=loss)
    history = model.fit(rows[:num_views], np.arange(10), batch_size=10, epochs=15, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_an_encoder_that_is_not_built_takes_its_shape_from_a_row(rows):
    model = Encoder(keras.Sequential([keras.layers.Dense(6)]))
    assert tuple(model(rows[:2]).shape) == (10, 2, 6)
    assert model.compute_output_shape(((None, 8), (None, 8))) == (None, 2, 6)


def test_what_is_a_row(rows):
    assert is_row(rows)
    assert is_row(({"waveforms": rows[0]}, {"waveforms": rows[1]}))
    assert not is_row(rows[0])
    assert not is_row({"waveforms": rows[0], "lengths": rows[1]})
    assert is_row(((None, 8), (None, 8)))
    assert not is_row((None, 8))
    assert not is_row((4, 8))


def test_a_copy_with_another_objective(rows, tmp_path):
    model = Encoder(network(), similarity="euclidean")
    model.compile("adam", loss=InfoNCE())
    model.fit(rows[:2], np.arange(10), verbose=0)
    model.fit_threshold(model.embed(rows[0]), np.repeat(np.arange(5), 2))
    copy = model.with_objective(None)
    assert not copy.compiled
    assert copy.scorer == "euclidean"
    assert copy.threshold == model.threshold
    np.testing.assert_array_equal(copy.embed(rows[0]), model.embed(rows[0]))
    copy.save(tmp_path / "copy.keras")
    np.testing.assert_allclose(
        comparators.load(tmp_path / "copy.keras").embed(rows[0]), model.embed(rows[0]), atol=1e-6
    )


def test_a_similarity_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"`similarity` must be 'cosine' or 'euclidean'"):
        Encoder(network(), similarity="dot")
