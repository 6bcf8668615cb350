import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import CosineClassifier, Projected
from comparators.generators import ArrayItems, TwoViews
from comparators.losses import BarlowTwins, NTXent, VICReg
from comparators.models import Encoder


@pytest.fixture
def items():
    """Forty items around eight points: a view adds noise, and views of one item are to be told from all others."""
    random = np.random.default_rng(0)
    return (np.repeat(random.normal(size=(8, 10)), 5, axis=0) + 0.4 * random.normal(size=(40, 10))).astype("float32")


def two_view_model(objective, embedding_dim=6):
    network = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.GaussianNoise(0.2, seed=1),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(embedding_dim),
        ]
    )
    model = Encoder(network, objective=objective)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    return model


def test_the_loss_sees_the_projection_of_all_views(random):
    objective = Projected(NTXent(), units=(5, 3))
    views = random.normal(size=(4, 2, 6)).astype("float32")
    value = float(objective(views, np.arange(4), training=True))
    first, normalization, _, last = objective.projection
    hidden = views.reshape(8, 6) @ ops.convert_to_numpy(first.kernel)
    hidden = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + normalization.epsilon)
    projected = np.maximum(hidden, 0) @ ops.convert_to_numpy(last.kernel) + ops.convert_to_numpy(last.bias)
    expected = NTXent()(np.arange(4), projected.reshape(4, 2, 3).astype("float32"))
    assert value == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("loss", [NTXent(), BarlowTwins(), VICReg()], ids=lambda loss: type(loss).__name__)
def test_two_views_without_labels_are_learnt(items, loss):
    model = two_view_model(Projected(loss, units=(32, 16)))
    history = model.fit(TwoViews(ArrayItems(items), batch_size=20), epochs=15, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


def test_it_is_trained_and_saved_and_no_part_of_the_embedding(items, tmp_path):
    model = two_view_model(Projected(NTXent(), units=(8, 4)))
    before = model.objective.get_weights()
    model.fit(TwoViews(ArrayItems(items), batch_size=20), verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.objective.get_weights(), strict=True))
    assert model.embed(items).shape == (40, 6)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.embed(items), model.embed(items), atol=1e-6)
    for old, new in zip(model.objective.get_weights(), again.objective.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.fingerprint == again.fingerprint


def test_measures_are_those_of_the_objective(random):
    objective = Projected(CosineClassifier(3), units=(4,))
    embeddings, labels = random.normal(size=(6, 5)).astype("float32"), np.array([0, 1, 2, 0, 1, 2])
    objective(embeddings, labels)
    assert set(objective.measures(embeddings, labels)) == set(objective.measure_names) == {"accuracy"}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_embeddings_give_a_float32_loss(dtype):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        objective = Projected(VICReg(), units=(4, 4))
    finally:
        keras.config.set_dtype_policy(before)
    value = objective(ops.zeros((4, 2, 6), dtype), np.arange(4), training=True)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    assert np.isfinite(float(value))


def test_configuration_goes_round():
    config = Projected(NTXent(temperature=0.2), units=(4, 2)).get_config()
    assert Projected.from_config(config).get_config() == config


def test_bad_arguments_are_named():
    for units in ((), (4, 0)):
        with pytest.raises(ValueError, match="`units` must hold"):
            Projected(NTXent(), units=units)
    with pytest.raises(TypeError, match=r"keras\.losses\.Loss"):
        Projected("nt_xent", units=(4,))
