import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.ge2e import GE2E


def loops(embeddings, labels, form, scale=10.0, bias=-5.0):
    """The formulas of the paper, item by item."""
    losses, correct = [], []
    codes = sorted(set(labels.tolist()))
    for item, label in enumerate(labels):
        similarity = {}
        for code in codes:
            members = [other for other in range(len(labels)) if labels[other] == code and other != item]
            centroid = np.mean([embeddings[member] for member in members], axis=0)
            norms = np.linalg.norm(embeddings[item]) * np.linalg.norm(centroid)
            similarity[code] = scale * embeddings[item] @ centroid / norms + bias
        others = [value for code, value in similarity.items() if code != label]
        if form == "softmax":
            losses.append(np.log(sum(np.exp(value) for value in similarity.values())) - similarity[label])
        else:
            losses.append(1 - sigmoid(similarity[label]) + max(map(sigmoid, others)))
        correct.append(similarity[label] > max(others))
    return np.array(losses), np.mean(correct)


def sigmoid(value):
    return 1 / (1 + np.exp(-value))


@pytest.mark.parametrize("form", ["softmax", "contrast"])
def test_value_is_the_golden_one(golden_ge2e, form):
    labels = np.repeat([5, 2, 9, 0], 5)
    order = np.random.default_rng(0).permutation(20)
    exact = keras.backend.backend() == "tensorflow"  # the others fall back to float32 somewhere
    objective = GE2E(form=form, dtype="float64" if exact else "float32")
    embeddings = golden_ge2e["embeddings"].reshape(20, 8).astype("float64" if exact else "float32")
    loss = ops.convert_to_numpy(objective(embeddings[order], labels[order]))
    np.testing.assert_allclose(loss, golden_ge2e[f"mean_{form}"][0], rtol=1e-9 if exact else 1e-5)


@pytest.mark.parametrize("form", ["softmax", "contrast"])
def test_gradients_are_the_golden_ones(golden_ge2e, gradients, form):
    labels = np.repeat([3, 1, 2, 0], 5)
    objective = GE2E(form=form)
    objective.build((20, 8))

    def loss(embeddings, scale, bias):
        with keras.StatelessScope([(objective.scale, scale), (objective.bias, bias)]):
            return objective(embeddings, labels)

    embeddings = golden_ge2e["embeddings"].reshape(20, 8).astype("float32")
    slopes = gradients(loss, embeddings, np.float32(10.0), np.float32(-5.0))
    np.testing.assert_allclose(slopes[0], golden_ge2e[f"grad_embeddings_{form}"].reshape(20, 8), atol=2e-6)
    np.testing.assert_allclose(slopes[1:], golden_ge2e[f"grad_w_b_{form}"], atol=2e-6)


@pytest.mark.parametrize("form", ["softmax", "contrast"])
def test_value_is_that_of_plain_loops(random, form):
    embeddings = (random.normal(size=(12, 6)) + 0.5).astype("float32")  # not of unit length
    labels = random.permutation(np.repeat([7, 0, 100, 4], 3))
    losses, accuracy = loops(embeddings, labels, form, scale=4.0, bias=-1.0)
    objective = GE2E(form=form, scale=4.0, bias=-1.0)
    assert float(ops.convert_to_numpy(objective(embeddings, labels))) == pytest.approx(losses.mean(), rel=1e-5)
    measures = objective.measures(embeddings, labels)
    assert float(measures["accuracy"]) == pytest.approx(accuracy)
    weights = random.uniform(size=12).astype("float32")
    weighted = float(ops.convert_to_numpy(objective(embeddings, labels, sample_weight=weights)))
    assert weighted == pytest.approx(np.average(losses, weights=weights), rel=1e-5)


def test_scale_and_bias_are_trained_and_saved_and_scale_stays_positive(random):
    objective = GE2E(scale=1e-3)
    embeddings, labels = random.normal(size=(8, 4)).astype("float32"), np.repeat(np.arange(4), 2)
    objective(embeddings, labels)
    assert [variable.name for variable in objective.trainable_variables] == ["scale", "bias"]
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build(objective.trainable_variables)
    optimizer.apply([ops.convert_to_tensor(5.0), ops.convert_to_tensor(5.0)])
    assert float(ops.convert_to_numpy(objective.scale)) > 0
    assert float(ops.convert_to_numpy(objective.bias)) == pytest.approx(-10.0)


def test_configuration_goes_round():
    config = GE2E(form="contrast", scale=3.0, bias=-1.0, name="loss").get_config()
    assert GE2E.from_config(config).get_config() == config
    assert {"form", "scale", "bias", "name", "dtype"} <= set(config)


def test_half_precision_embeddings_give_a_float32_loss(random):
    embeddings = random.normal(size=(8, 4)).astype("float16")
    loss = ops.convert_to_numpy(GE2E()(embeddings, np.repeat(np.arange(4), 2)))
    assert loss.dtype == "float32"
    assert np.isfinite(loss)


def test_zero_embeddings_have_finite_gradients(gradients):
    objective = GE2E()
    (slope,) = gradients(lambda embeddings: objective(embeddings, np.array([0, 0, 1, 1])), np.zeros((4, 3), "float32"))
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("form", ["softmax", "contrast"])
def test_labels_may_have_any_number_of_items(random, form):
    labels = np.array([4, 1, 1, 9, 4, 4, 1, 1, 9])
    embeddings = random.normal(size=(9, 5)).astype("float32")
    losses, accuracy = loops(embeddings, labels, form)
    objective = GE2E(form=form)
    assert float(ops.convert_to_numpy(objective(embeddings, labels))) == pytest.approx(losses.mean(), rel=1e-5)
    assert float(objective.measures(embeddings, labels)["accuracy"]) == pytest.approx(accuracy)


def test_an_item_alone_with_its_label_has_no_loss_of_its_own(random):
    labels, embeddings = np.array([0, 0, 1, 1, 2]), random.normal(size=(5, 4)).astype("float32")
    objective = GE2E()
    loss = float(ops.convert_to_numpy(objective(embeddings, labels)))
    others = objective(embeddings, labels, sample_weight=np.array([1.0, 1.0, 1.0, 1.0, 100.0]))
    assert float(ops.convert_to_numpy(others)) == pytest.approx(loss, rel=1e-6)
    assert float(objective.measures(embeddings, labels)["accuracy"]) * 4 == pytest.approx(
        round(float(objective.measures(embeddings, labels)["accuracy"]) * 4)
    )


@pytest.mark.parametrize(("arguments", "message"), [({"form": "hinge"}, "form='hinge'"), ({"scale": 0.0}, "scale=0.0")])
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        GE2E(**arguments)
