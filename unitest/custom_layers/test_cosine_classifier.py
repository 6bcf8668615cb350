import math

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.cosine_classifier import CosineClassifier


def loops(embeddings, labels, centers, margin, scale, margin_on="angle"):
    """The papers' formulas, item by item; `centers` is `(num_labels, num_centers, dim)`."""
    losses, correct = [], []
    for embedding, label in zip(embeddings, labels, strict=True):
        cosines = [
            max(embedding @ center / np.linalg.norm(embedding) / np.linalg.norm(center) for center in group)
            for group in centers
        ]
        angle = math.acos(min(1.0, max(-1.0, cosines[label])))
        own = math.cos(angle + margin) if angle + margin < math.pi else cosines[label] - margin * math.sin(margin)
        own = cosines[label] - margin if margin_on == "cosine" else own
        logits = [scale * (own if code == label else cosine) for code, cosine in enumerate(cosines)]
        losses.append(math.log(sum(math.exp(logit) for logit in logits)) - logits[label])
        correct.append(np.argmax(cosines) == label)
    return np.mean(losses), np.mean(correct)


GOLDEN = {"arcface_s30_m05": ("angle", 0.5), "aam_s30_m02": ("angle", 0.2), "cosface_s30_m035": ("cosine", 0.35)}


@pytest.mark.parametrize("name", GOLDEN)
def test_logits_terms_value_and_gradients_are_the_golden_ones(golden_losses, gradients, name):
    exact = keras.backend.backend() != "jax"  # which has no float64 unless it is asked for
    dtype, tolerance = ("float64", 1e-6) if exact else ("float32", 1e-4)
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    margin_on, margin = GOLDEN[name]
    objective = CosineClassifier(4, margin=margin, scale=30.0, margin_on=margin_on, dtype=dtype)
    objective.build((10, 6))

    def loss(embeddings, centers):
        with keras.StatelessScope([(objective.centers, centers)]):
            return objective(embeddings, labels)

    embeddings, centers = (golden_losses[key].astype(dtype) for key in ("embeddings", "class_weights"))
    objective.centers.assign(centers)
    logits = ops.convert_to_numpy(objective.logits(embeddings, labels))
    np.testing.assert_allclose(logits, golden_losses[f"{name}.logits"], rtol=tolerance, atol=tolerance)
    terms = np.log(np.sum(np.exp(logits), axis=1)) - logits[np.arange(10), labels]
    np.testing.assert_allclose(terms, golden_losses[f"{name}.terms"], rtol=tolerance, atol=tolerance)
    value = ops.convert_to_numpy(objective(embeddings, labels))
    np.testing.assert_allclose(value, golden_losses[f"{name}.value"][0], rtol=tolerance)
    slopes = gradients(loss, embeddings, centers)
    for slope, key in zip(slopes, ("grad", "grad_weights"), strict=True):
        np.testing.assert_allclose(slope, golden_losses[f"{name}.{key}"], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("margin", "scale", "num_centers", "margin_on"),
    [(0.0, 10.0, 1, "angle"), (0.3, 30.0, 1, "angle"), (0.5, 16.0, 3, "angle"), (0.35, 16.0, 2, "cosine")],
)
def test_value_is_that_of_plain_loops(random, margin, scale, num_centers, margin_on):
    objective = CosineClassifier(5, margin=margin, scale=scale, num_centers=num_centers, margin_on=margin_on)
    embeddings = random.normal(size=(20, 4)).astype("float32")
    labels = random.integers(5, size=20)
    objective.build((20, 4))
    centers = ops.convert_to_numpy(objective.centers).reshape(5, num_centers, 4)
    embeddings[0] = -centers[labels[0], 0]  # half a turn away: over the edge of the formula
    expected, accuracy = loops(embeddings, labels, centers, margin, scale, margin_on)
    assert float(ops.convert_to_numpy(objective(embeddings, labels))) == pytest.approx(expected, rel=1e-4)
    assert float(objective.measures(embeddings, labels)["accuracy"]) == pytest.approx(accuracy)


@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0])
def test_gradients_are_finite_on_and_against_the_center(gradients, sign):
    objective = CosineClassifier(3, margin=0.2, scale=30.0)
    objective.build((1, 4))
    embeddings = sign * ops.convert_to_numpy(objective.centers)[:1]
    (slope,) = gradients(lambda inputs: objective(inputs, np.array([0])), embeddings.astype("float32"))
    assert np.isfinite(slope).all()


def test_own_logit_falls_with_the_angle():
    objective = CosineClassifier(2, margin=0.4)
    cosines = np.cos(np.linspace(0.0, math.pi, 200)).astype("float32")
    values = ops.convert_to_numpy(objective._with_margin(ops.convert_to_tensor(cosines)))
    assert (np.diff(values) < 1e-3).all()
    assert (values <= cosines + 1e-6).all()


def test_more_margin_is_never_a_smaller_loss(random):
    embeddings, labels = random.normal(size=(16, 4)).astype("float32"), random.integers(3, size=16)
    losses = []
    for margin in (0.0, 0.1, 0.3, 0.5):
        objective = CosineClassifier(3, margin=margin, scale=8.0)
        objective.build((16, 4))
        objective.centers.assign(np.eye(3, 4))
        losses.append(float(ops.convert_to_numpy(objective(embeddings, labels))))
    assert losses == sorted(losses)


def test_weights_of_the_items_count(random):
    objective = CosineClassifier(3)
    embeddings = random.normal(size=(2, 4)).astype("float32")
    first = float(ops.convert_to_numpy(objective(embeddings[:1], np.array([1]))))
    both = objective(embeddings, np.array([1, 2]), sample_weight=np.array([1.0, 0.0]))
    assert float(ops.convert_to_numpy(both)) == pytest.approx(first, rel=1e-6)


def test_half_precision_embeddings_give_a_float32_loss(random):
    loss = CosineClassifier(3)(random.normal(size=(4, 8)).astype("float16"), np.array([0, 1, 2, 0]))
    assert ops.convert_to_numpy(loss).dtype == "float32"


def test_named_constructors_have_the_values_of_the_papers():
    arcface, cosface = CosineClassifier.arcface(10, num_centers=3), CosineClassifier.cosface(10, name="centers")
    assert (arcface.margin, arcface.scale, arcface.margin_on, arcface.num_centers) == (0.5, 64.0, "angle", 3)
    assert (cosface.margin, cosface.scale, cosface.margin_on, cosface.name) == (0.35, 64.0, "cosine", "centers")


def test_a_batch_of_one_label_has_a_finite_loss(random):
    embeddings = random.normal(size=(4, 8)).astype("float16")
    assert np.isfinite(ops.convert_to_numpy(CosineClassifier.cosface(3)(embeddings, np.array([1, 1, 1, 1]))))


def test_configuration_goes_round():
    config = CosineClassifier(7, margin=0.1, scale=20.0, num_centers=2, margin_on="cosine").get_config()
    assert CosineClassifier.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_labels": 0}, "num_labels=0"),
        ({"num_labels": 3, "margin": -0.1}, "margin=-0.1"),
        ({"num_labels": 3, "margin": 2.0}, "between 0 and pi / 2, in radians. Received: margin=2.0"),
        ({"num_labels": 3, "margin": 1.0, "margin_on": "cosine"}, "on the cosine must lie between 0 and 1"),
        ({"num_labels": 3, "margin_on": "logit"}, "margin_on='logit'"),
        ({"num_labels": 3, "scale": -1.0}, "scale=-1.0"),
        ({"num_labels": 3, "num_centers": 0}, "num_centers=0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        CosineClassifier(**arguments)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_code_gives_nan(label):
    objective = CosineClassifier(num_labels=3)
    assert np.isfinite(float(objective(ops.ones((2, 4)), ops.array([0, 2]))))
    assert np.isnan(float(objective(ops.ones((2, 4)), ops.array([0, label]))))
