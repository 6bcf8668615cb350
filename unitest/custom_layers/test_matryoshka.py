import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import GE2E, CosineClassifier, Matryoshka, WeightedObjectives
from comparators.losses import MultiSimilarityLoss, NTXent

LABELS = np.array([0, 2, 1, 0, 1, 2])


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("make", [GE2E, MultiSimilarityLoss])
def test_it_is_the_weighted_sum_over_prefixes_of_length_one(random, make):
    embeddings = random.normal(size=(6, 8)).astype("float32")
    value = float(Matryoshka(make(), dims=(2, 5, 8), weights=(1.0, 0.5, 0.25))(embeddings, LABELS))

    def alone(dim):
        part = make()
        prefix = unit(embeddings[:, :dim])
        return float(part(LABELS, prefix) if isinstance(part, keras.losses.Loss) else part(prefix, LABELS))

    assert value == pytest.approx(alone(2) + 0.5 * alone(5) + 0.25 * alone(8), rel=1e-5)


def test_views_are_cut_too(random):
    views = random.normal(size=(4, 2, 6)).astype("float32")
    value = float(Matryoshka(NTXent(), dims=(3,))(views, np.arange(4)))
    assert value == pytest.approx(float(NTXent()(np.arange(4), unit(views[..., :3]))), rel=1e-5)


def test_what_the_objective_learns_is_learnt_for_each_dimension_and_goes_round(random):
    inner = WeightedObjectives([GE2E(name="groups"), CosineClassifier(3, name="classes")], [1.0, 0.5])
    objective = Matryoshka(inner, dims=(2, 8))
    embeddings = random.normal(size=(6, 8)).astype("float32")
    value = float(objective(embeddings, LABELS))
    assert len(objective.trainable_variables) == 6
    assert set(objective.measures(embeddings, LABELS)) == set(objective.measure_names)
    assert "classes_accuracy_2" in objective.measure_names
    config = objective.get_config()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == config
    again.build((6, 8))
    again.set_weights(objective.get_weights())
    assert float(ops.convert_to_numpy(again(embeddings, LABELS))) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_and_zeros_give_a_finite_loss(dtype):
    value = Matryoshka(MultiSimilarityLoss(), dims=(2, 4))(ops.zeros((4, 4), dtype), np.array([0, 0, 1, 1]))
    assert np.isfinite(float(value))


def test_bad_arguments_are_named():
    for dims in ((), (0, 4), (8, 4), (4, 4)):
        with pytest.raises(ValueError, match="`dims` must rise"):
            Matryoshka(GE2E(), dims=dims)
    with pytest.raises(ValueError, match=r"weights=\[1.0\]"):
        Matryoshka(GE2E(), dims=(2, 4), weights=[1.0])
    with pytest.raises(ValueError, match=r"embeddings' 4 values. Received: dims=\(2, 8\)"):
        Matryoshka(GE2E(), dims=(2, 8)).build((None, 4))
    with pytest.raises(TypeError, match=r"keras\.losses\.Loss"):
        Matryoshka(keras.layers.Dense(2), dims=(2, 4))
