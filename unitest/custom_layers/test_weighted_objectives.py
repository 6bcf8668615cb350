import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.cosine_classifier import CosineClassifier
from comparators.custom_layers.ge2e import GE2E
from comparators.custom_layers.weighted_objectives import WeightedObjectives

LABELS = np.array([0, 2, 1, 0, 1, 2])


def parts():
    return [GE2E(name="groups"), CosineClassifier(3, name="classes")]


def test_it_is_the_weighted_sum(random):
    embeddings = random.normal(size=(6, 4)).astype("float32")
    objectives = parts()
    both = float(ops.convert_to_numpy(WeightedObjectives(objectives, [1.0, 0.25])(embeddings, LABELS)))
    each = [float(ops.convert_to_numpy(objective(embeddings, LABELS))) for objective in objectives]
    assert both == pytest.approx(each[0] + 0.25 * each[1], rel=1e-6)


def test_measures_carry_the_names_of_their_objectives(random):
    both = WeightedObjectives(parts(), [1.0, 1.0])
    embeddings = random.normal(size=(6, 4)).astype("float32")
    both(embeddings, LABELS)
    assert set(both.measures(embeddings, LABELS)) == {"groups_accuracy", "classes_accuracy"}


def test_all_that_the_parts_learn_is_trained_and_goes_round(random):
    both = WeightedObjectives(parts(), [1.0, 0.5])
    embeddings = random.normal(size=(6, 4)).astype("float32")
    both(embeddings, LABELS)
    assert len(both.trainable_variables) == 3
    config = both.get_config()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(both))
    assert again.get_config() == config
    again.build((6, 4))
    again.set_weights(both.get_weights())
    np.testing.assert_allclose(
        ops.convert_to_numpy(again(embeddings, LABELS)), ops.convert_to_numpy(both(embeddings, LABELS)), rtol=1e-6
    )


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"weights=\[1.0\]"):
        WeightedObjectives(parts(), [1.0])
    with pytest.raises(ValueError, match="no weight negative"):
        WeightedObjectives(parts(), [1.0, -1.0])
    with pytest.raises(ValueError, match=r"different names.*\['a', 'a'\]"):
        WeightedObjectives([GE2E(name="a"), GE2E(name="a")], [1.0, 1.0])
    with pytest.raises(TypeError, match="Received: Dense"):
        WeightedObjectives([keras.layers.Dense(1)], [1.0])
