import math

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.cosine_classifier import CosineClassifier


def loops(embeddings, labels, centers, margin, scale):
    """Deng et al.'s formula, item by item; `centers` is `(num_labels, num_centers, dim)`."""
    losses, correct = [], []
    for embedding, label in zip(embeddings, labels, strict=True):
        cosines = [
            max(embedding @ center / np.linalg.norm(embedding) / np.linalg.norm(center) for center in group)
            for group in centers
        ]
        angle = math.acos(min(1.0, max(-1.0, cosines[label])))
        own = math.cos(angle + margin) if angle + margin < math.pi else cosines[label] - margin * math.sin(margin)
        logits = [scale * (own if code == label else cosine) for code, cosine in enumerate(cosines)]
        losses.append(math.log(sum(math.exp(logit) for logit in logits)) - logits[label])
        correct.append(np.argmax(cosines) == label)
    return np.mean(losses), np.mean(correct)


@pytest.mark.parametrize(("margin", "scale", "num_centers"), [(0.0, 10.0, 1), (0.3, 30.0, 1), (0.5, 16.0, 3)])
def test_value_is_that_of_plain_loops(random, margin, scale, num_centers):
    objective = CosineClassifier(5, margin=margin, scale=scale, num_centers=num_centers)
    embeddings = random.normal(size=(20, 4)).astype("float32")
    labels = random.integers(5, size=20)
    objective.build((20, 4))
    centers = ops.convert_to_numpy(objective.centers).reshape(5, num_centers, 4)
    embeddings[0] = -centers[labels[0], 0]  # half a turn away: over the edge of the formula
    expected, accuracy = loops(embeddings, labels, centers, margin, scale)
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


def test_configuration_goes_round():
    config = CosineClassifier(7, margin=0.1, scale=20.0, num_centers=2).get_config()
    assert CosineClassifier.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_labels": 0}, "num_labels=0"),
        ({"num_labels": 3, "margin": -0.1}, "margin=-0.1"),
        ({"num_labels": 3, "margin": 2.0}, "between 0 and pi / 2, in radians. Received: margin=2.0"),
        ({"num_labels": 3, "scale": -1.0}, "scale=-1.0"),
        ({"num_labels": 3, "num_centers": 0}, "num_centers=0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        CosineClassifier(**arguments)
