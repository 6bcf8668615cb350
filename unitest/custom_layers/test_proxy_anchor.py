import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.proxy_anchor import ProxyAnchor


def loops(embeddings, labels, proxies, margin, scale, weights=None):
    """The formula of the paper, proxy by proxy; an item's weight is a factor of its terms."""
    weights = np.ones(len(labels)) if weights is None else weights

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    pulled, pushed = [], []
    for code, proxy in enumerate(proxies):
        own, others = 0.0, 0.0
        for embedding, label, weight in zip(embeddings, labels, weights, strict=True):
            if label == code:
                own += weight * np.exp(-scale * (cosine(embedding, proxy) - margin))
            else:
                others += weight * np.exp(scale * (cosine(embedding, proxy) + margin))
        pushed.append(np.log(1 + others))
        if any(label == code and weight > 0 for label, weight in zip(labels, weights, strict=True)):
            pulled.append(np.log(1 + own))
    return np.mean(pulled) + np.mean(pushed)


def built(num_labels=5, dim=4, **arguments):
    objective = ProxyAnchor(num_labels, **arguments)
    objective.build((None, dim))
    return objective


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 2.0, 0.5, 1.0, 0.0, 1.0, 3.0], "float32")])
@pytest.mark.parametrize(("margin", "scale"), [(0.1, 32.0), (0.0, 4.0)])
def test_value_is_that_of_plain_loops(random, margin, scale, weights):
    objective = built(margin=margin, scale=scale)
    embeddings, labels = random.normal(size=(8, 4)).astype("float32"), np.array([0, 3, 3, 1, 0, 2, 3, 0])
    proxies = ops.convert_to_numpy(objective.proxies)
    value = float(ops.convert_to_numpy(objective(embeddings, labels, sample_weight=weights)))
    assert value == pytest.approx(loops(embeddings, labels, proxies, margin, scale, weights), rel=1e-4)
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    nearest = np.argmax(directions @ (proxies / np.linalg.norm(proxies, axis=1, keepdims=True)).T, axis=1)
    assert float(objective.measures(embeddings, labels)["accuracy"]) == pytest.approx(np.mean(nearest == labels))


def test_views_are_items_of_their_row(random):
    objective = built()
    views, labels, weights = (
        random.normal(size=(3, 2, 4)).astype("float32"),
        np.array([4, 0, 4]),
        np.array([1.0, 2.0, 0.0]),
    )
    flat = objective(views.reshape(6, 4), np.repeat(labels, 2), sample_weight=np.repeat(weights, 2))
    assert float(objective(views, labels, sample_weight=weights)) == pytest.approx(float(flat), rel=1e-6)


@pytest.mark.parametrize("labels", [[2, 2, 2], [0, 1, 2]])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_gradients_are_finite_for_one_label_lone_items_and_zeros(random, gradients, labels, offset):
    objective = built()
    embeddings = (offset * random.normal(size=(3, 4))).astype("float32")
    (slope,) = gradients(lambda inputs: objective(inputs, np.array(labels)), embeddings)
    assert np.isfinite(slope).all()


def test_nothing_in_the_batch_counts_gives_zero(random):
    embeddings = random.normal(size=(3, 4)).astype("float32")
    assert float(built()(embeddings, np.array([0, 1, 2]), sample_weight=np.zeros(3))) == 0.0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_embeddings_give_a_float32_loss(random, dtype):
    loss = built()(ops.cast(random.normal(size=(4, 4)), dtype), np.array([0, 1, 2, 0]))
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert np.isfinite(float(loss))


def test_configuration_goes_round():
    config = ProxyAnchor(7, margin=0.2, scale=16.0, name="proxies").get_config()
    assert ProxyAnchor.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_labels": 0}, "num_labels=0"),
        ({"num_labels": 3, "margin": -0.1}, "margin=-0.1"),
        ({"num_labels": 3, "scale": 0.0}, "scale=0.0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ProxyAnchor(**arguments)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_code_gives_nan(label):
    objective = ProxyAnchor(num_labels=3)
    assert np.isfinite(float(objective(ops.ones((2, 4)), ops.array([0, 2]))))
    assert np.isnan(float(objective(ops.ones((2, 4)), ops.array([0, label]))))
