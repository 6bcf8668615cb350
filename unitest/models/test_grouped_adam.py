"""Adam by PyTorch's rule, with a rate for each group of weights."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models import GroupedAdam


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def steps_by_hand(weight, gradients, rate, beta_1, beta_2, epsilon, l2):
    """Kingma and Ba's Algorithm 1, with the decay in the gradient."""
    first = second = np.zeros_like(weight)
    for number, gradient in enumerate(gradients, start=1):
        gradient = gradient + l2 * weight
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient**2
        weight = weight - rate * (first / (1 - beta_1**number)) / (np.sqrt(second / (1 - beta_2**number)) + epsilon)
    return weight


@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_steps_are_those_of_the_algorithm(random, epsilon):
    start, gradients = random.normal(size=(2, 3)), random.normal(size=(6, 2, 3))
    weights = [keras.Variable(start, dtype="float32", name=name) for name in ("trunk", "head")]
    optimizer = GroupedAdam(0.01, {"head": 10}, 0.9, 0.99, epsilon, l2=0.1)
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(gradient, "float32")] * 2, weights)
    for weight, factor in zip(weights, (1, 10), strict=True):
        expected = steps_by_hand(start, gradients, 0.01 * factor, 0.9, 0.99, epsilon, 0.1)
        np.testing.assert_allclose(ops.convert_to_numpy(weight), expected, rtol=2e-5, atol=1e-6)


def test_steps_are_pytorchs(random):
    torch = pytest.importorskip("torch", reason="needs PyTorch to compare with")
    start, gradients = random.normal(size=(2, 3)), random.normal(size=(4, 2, 3))
    theirs = torch.nn.Parameter(torch.tensor(start))
    adam = torch.optim.Adam([theirs], 1e-2, betas=(0.95, 0.999), weight_decay=5e-3)
    for gradient in gradients:
        theirs.grad = torch.tensor(gradient)
        adam.step()
    expected = steps_by_hand(start, gradients, 1e-2, 0.95, 0.999, 1e-8, 5e-3)
    np.testing.assert_allclose(theirs.detach().numpy(), expected, rtol=1e-9)


def test_accumulated_gradients_are_averaged(random):
    start, gradients = random.normal(size=(3,)), random.normal(size=(6, 3))
    weight = keras.Variable(start, dtype="float32", name="weight")
    optimizer = GroupedAdam(0.01, gradient_accumulation_steps=3)
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(gradient, "float32")], [weight])
    means = gradients.reshape(2, 3, 3).mean(axis=1)
    expected = steps_by_hand(start, means, 0.01, 0.95, 0.999, 1e-8, 0.0)
    np.testing.assert_allclose(ops.convert_to_numpy(weight), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_it_trains_a_model_and_is_saved(tmp_path, random, policy):
    x = random.normal(size=(64, 4)).astype("float32")
    keras.utils.set_random_seed(0)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, name="head")])
        model.compile(GroupedAdam(1e-3, {"head/": 10}, l2=1e-6, gradient_accumulation_steps=2), "mse")
        losses = model.fit(x, x[:, :1], epochs=16, batch_size=8, verbose=0).history["loss"]
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy(before)
    assert losses[-1] < losses[0] / 2
    optimizer = getattr(again.optimizer, "inner_optimizer", again.optimizer)
    assert (optimizer.factors, optimizer.l2) == ({"head/": 10.0}, 1e-6)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-3, atol=1e-3)


def test_a_factor_must_be_of_a_weight():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="trunk")])
    with pytest.raises(ValueError, match=r"'haed'.*trunk/kernel"):
        GroupedAdam(factors={"haed": 2}).build(model.trainable_variables)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"l2": -1}, "`l2` must not be"),
        ({"factors": {"a": -1}}, "factors"),
        ({"factors": {"(": 1}}, r"must be a regular expression. Received: '\(' \(.*position 0"),
    ],
)
def test_what_is_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GroupedAdam(**arguments)
