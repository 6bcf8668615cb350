import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import GE2E, CrossBatchMemory
from comparators.losses import BarlowTwins, ContrastiveLoss, EmbeddingLoss, MultiSimilarityLoss, TripletLoss
from comparators.models import Encoder

DIM = 3


class Pull(EmbeddingLoss):
    """A loss that plain loops follow easily: distances of positives, hinges on negatives, the mean over pairs."""

    def terms(self, matrix, positive, negative):
        positive, negative = ops.cast(positive, matrix.dtype), ops.cast(negative, matrix.dtype)
        values = positive * matrix + negative * ops.relu(0.5 - matrix)
        return ops.sum(values, axis=-1), ops.sum(positive + negative, axis=-1)


def expected(batch, labels, memory, memory_labels):
    terms = []
    for i, anchor in enumerate(batch):
        for j, reference in enumerate(np.concatenate([batch, memory])):
            if i != j:
                distance = 1 - anchor @ reference / np.linalg.norm(anchor) / np.linalg.norm(reference)
                same = labels[i] == np.concatenate([labels, memory_labels])[j]
                terms.append(distance if same else max(0.0, 0.5 - distance))
    return np.mean(terms)


@pytest.mark.parametrize(("memory_size", "start_step"), [(10, 0), (7, 0), (3, 0), (100, 2)])
def test_values_over_several_steps_are_those_of_plain_loops(random, memory_size, start_step):
    objective = CrossBatchMemory(Pull(), memory_size=memory_size, start_step=start_step)
    memory, memory_labels = np.zeros((0, DIM)), np.zeros(0, int)
    for step in range(5):
        batch, labels = random.normal(size=(4, DIM)).astype("float32"), random.integers(3, size=4)
        used = len(memory) if step >= start_step else 0
        value = float(ops.convert_to_numpy(objective(batch, labels, training=True)))
        assert value == pytest.approx(expected(batch, labels, memory[:used], memory_labels[:used]), rel=1e-4)
        memory = np.concatenate([batch, memory])[:memory_size]
        memory_labels = np.concatenate([labels, memory_labels])[:memory_size]
    stored = ops.convert_to_numpy(objective.memory_labels)
    np.testing.assert_array_equal(stored[stored >= 0], memory_labels)


@pytest.mark.parametrize("loss", [MultiSimilarityLoss(), TripletLoss(), ContrastiveLoss()])
def test_an_empty_memory_and_evaluation_give_the_loss_of_the_batch(random, loss):
    batch, labels = random.normal(size=(6, DIM)).astype("float32"), np.array([0, 0, 1, 1, 2, 2])
    objective = CrossBatchMemory(loss, memory_size=20)
    plain = float(ops.convert_to_numpy(loss(labels, batch)))
    assert float(objective(batch, labels)) == pytest.approx(plain, rel=1e-5)
    assert int(objective.num_steps) == 0
    assert float(objective(batch, labels, training=True)) == pytest.approx(plain, rel=1e-5)
    assert int(objective.num_steps) == 1
    assert float(objective(batch, labels)) == pytest.approx(plain, rel=1e-5)


def test_weights_and_views_are_those_of_the_rows(random):
    views, labels, weights = (
        random.normal(size=(3, 2, DIM)).astype("float32"),
        np.array([0, 1, 0]),
        np.array([1.0, 0.0, 2.0]),
    )
    one, other = (CrossBatchMemory(Pull(), memory_size=8) for _ in range(2))
    for _ in range(2):
        value = one(views, labels, sample_weight=weights, training=True)
        flat = other(views.reshape(6, DIM), np.repeat(labels, 2), sample_weight=np.repeat(weights, 2), training=True)
        assert float(value) == pytest.approx(float(ops.convert_to_numpy(flat)), rel=1e-6)
    plain = CrossBatchMemory(Pull(), memory_size=8)(views, labels, sample_weight=weights)
    assert float(plain) == pytest.approx(float(Pull()(labels, views, sample_weight=weights)), rel=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_one_label_lone_items_and_half_precision_are_finite(gradients, random, dtype):
    objective = CrossBatchMemory(MultiSimilarityLoss(), memory_size=5)
    for labels in ([1, 1, 1], [0, 1, 2]):
        value = objective(ops.cast(random.normal(size=(3, DIM)), dtype), np.array(labels), training=True)
        assert np.isfinite(float(ops.convert_to_numpy(value)))


@pytest.fixture
def groups():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(8), 4)
    return (random.normal(size=(8, 6))[labels] + 0.3 * random.normal(size=(32, 6))).astype("float32"), labels


def make_model():
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(DIM)])
    model = Encoder(network, objective=CrossBatchMemory(ContrastiveLoss(), memory_size=20))
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    return model


def test_fit_fills_it_and_a_loaded_model_goes_on_where_it_was(groups, tmp_path):
    model = make_model()
    history = model.fit(*groups, batch_size=8, shuffle=False, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert int(model.objective.num_steps) == 12
    stored = ops.convert_to_numpy(model.objective.memory_labels)
    np.testing.assert_array_equal(stored[:8], groups[1][-8:])
    model.evaluate(*groups, batch_size=8, verbose=0)
    assert int(model.objective.num_steps) == 12
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        ops.convert_to_numpy(again.objective.memory), ops.convert_to_numpy(model.objective.memory)
    )
    losses = [m.fit(*groups, batch_size=8, shuffle=False, verbose=0).history["loss"][0] for m in (model, again)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match="compares anchors with other items"):
        CrossBatchMemory(BarlowTwins())
    with pytest.raises(TypeError, match="GE2E"):
        CrossBatchMemory(GE2E())
    with pytest.raises(ValueError, match="memory_size=0"):
        CrossBatchMemory(ContrastiveLoss(), memory_size=0)
    with pytest.raises(ValueError, match="start_step=-1"):
        CrossBatchMemory(ContrastiveLoss(), start_step=-1)


def test_configuration_goes_round():
    config = CrossBatchMemory(ContrastiveLoss(margin=0.3), memory_size=9, start_step=4).get_config()
    assert CrossBatchMemory.from_config(config).get_config() == config
