import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import Projected, SimSiam
from comparators.generators import ArrayItems, TwoViews
from comparators.models import Encoder


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def predicted(objective, items):
    first, normalization, _, last = objective.predictor
    hidden = items @ ops.convert_to_numpy(first.kernel)
    hidden = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + normalization.epsilon)
    return np.maximum(hidden, 0) @ ops.convert_to_numpy(last.kernel) + ops.convert_to_numpy(last.bias)


@pytest.mark.parametrize("num_views", [2, 3])
def test_value_is_that_of_plain_loops(random, num_views):
    objective = SimSiam(hidden_units=3)
    objective.build((None, num_views, 4))
    objective.predictor[-1].bias.assign(random.normal(size=4))  # no prediction is all zeros
    views = random.normal(size=(5, num_views, 4)).astype("float32")
    weights = random.uniform(size=5).astype("float32")
    value = float(objective(views, np.arange(5), sample_weight=weights, training=True))
    predictions = predicted(objective, views.reshape(-1, 4)).reshape(views.shape)
    rows = [
        -np.mean([unit(row_p[i]) @ unit(row[j]) for i in range(num_views) for j in range(num_views) if i != j])
        for row_p, row in zip(predictions, views, strict=True)
    ]
    assert value == pytest.approx(np.average(rows, weights=weights), rel=1e-4)


def test_no_gradient_flows_into_the_targets(random, gradients):
    objective = SimSiam()
    objective.build((None, 2, 4))
    views = random.normal(size=(3, 2, 4)).astype("float32")
    for layer in (objective.predictor[0], objective.predictor[-1]):  # predictions are constant: only targets vary
        layer.kernel.assign(np.zeros(layer.kernel.shape))
    objective.predictor[-1].bias.assign(np.ones(4))
    (slope,) = gradients(lambda inputs: objective(inputs, np.arange(3)), views)
    np.testing.assert_array_equal(slope, 0)


def test_it_learns_without_collapsing(tmp_path):
    random = np.random.default_rng(0)
    items = (np.repeat(random.normal(size=(8, 10)), 8, axis=0) + 0.2 * random.normal(size=(64, 10))).astype("float32")
    network = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.GaussianNoise(0.5, seed=1),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(16),
        ]
    )
    model = Encoder(network, objective=Projected(SimSiam(), units=(16, 16)))
    model.compile(optimizer=keras.optimizers.Adam(0.003))
    history = model.fit(TwoViews(ArrayItems(items), batch_size=32), epochs=25, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] - 0.2
    assert history["spread"][-1] > 0.5
    directions = unit(model.embed(items))
    assert np.sqrt(directions.var(axis=0).sum()) > 0.5
    cosine, labels = directions @ directions.T, np.repeat(np.arange(8), 8)
    same = labels[:, None] == labels
    assert cosine[same].mean() > cosine[~same].mean() + 0.4
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for old, new in zip(model.objective.get_weights(), again.objective.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_spread_tells_a_collapse():
    spread = [float(SimSiam().measures(views, None)["spread"]) for views in (np.ones((8, 2, 4)), np.eye(8)[:, None])]
    assert spread[0] == pytest.approx(0.0, abs=1e-3)
    assert spread[1] > 0.9


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_zeros_in_half_precision_are_finite(dtype):
    assert float(SimSiam()(ops.zeros((4, 2, 6), dtype), np.arange(4), training=True)) == 0.0


def test_configuration_goes_round():
    config = SimSiam(hidden_units=5).get_config()
    assert SimSiam.from_config(config).get_config() == config


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="hidden_units=0"):
        SimSiam(hidden_units=0)
    with pytest.raises(ValueError, match=r"two views or more.*\(4, 6\)"):
        SimSiam()(np.ones((4, 6), "float32"), np.arange(4))
