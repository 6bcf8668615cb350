import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import GE2E, LossObjective, WeightedObjectives
from comparators.custom_layers.loss_objective import as_objective
from comparators.losses import ContrastiveLoss, NTXent

LABELS = np.array([0, 2, 1, 0, 1, 2])


def test_it_is_the_loss(random):
    embeddings, weights = random.normal(size=(6, 4)).astype("float32"), random.uniform(size=6).astype("float32")
    loss = ContrastiveLoss()
    assert float(LossObjective(loss)(embeddings, LABELS)) == pytest.approx(float(loss(LABELS, embeddings)), rel=1e-6)
    weighted = LossObjective(loss)(embeddings, LABELS, sample_weight=weights)
    assert float(weighted) == pytest.approx(float(loss(LABELS, embeddings, sample_weight=weights)), rel=1e-6)


def test_it_goes_into_weighted_objectives_and_round(random):
    embeddings = random.normal(size=(6, 4)).astype("float32")
    both = WeightedObjectives([GE2E(), LossObjective(ContrastiveLoss(margin=0.7))], [1.0, 2.0])
    value = float(both(embeddings, LABELS))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(both))
    again.build((6, 4))
    again.set_weights(both.get_weights())
    assert float(ops.convert_to_numpy(again(embeddings, LABELS))) == pytest.approx(value, rel=1e-6)
    assert again.objectives[1].loss.margin == 0.7


def test_an_objective_stays_what_it_is():
    objective = GE2E()
    assert as_objective(objective) is objective


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match=r"A class must be called: `NTXent\(\)`"):
        as_objective(NTXent)
    with pytest.raises(ValueError, match="reduction='none'"):
        LossObjective(ContrastiveLoss(reduction="none"))
