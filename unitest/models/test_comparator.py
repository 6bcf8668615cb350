import keras
import numpy as np
import pytest

from comparators.custom_layers import GE2E
from comparators.losses import SupConLoss
from comparators.models import Comparator
from comparators.models.comparator import _without_names

from .tiny_models import tiny_encoder


@pytest.fixture
def groups():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 4)
    return rng.normal(size=(20, 8)).astype("float32") + 2 * labels[:, None] % 3, labels


def test_the_base_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Comparator({"item": keras.Sequential()})


def test_a_loss_is_no_objective():
    for loss in (SupConLoss(), GE2E, "ge2e"):
        with pytest.raises(TypeError, match=r"a loss goes into `compile\(loss=...\)`.*Received: objective="):
            tiny_encoder(loss)


def test_fit_trains_encoder_and_objective_and_tracks_the_measures(groups):
    model = tiny_encoder(GE2E())
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    before = [np.array(v) for v in model.objective.trainable_variables]
    history = model.fit(*groups, batch_size=20, shuffle=False, epochs=5, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert set(model.objective.measure_names) <= set(history)
    assert any(not np.allclose(b, v) for b, v in zip(before, model.objective.trainable_variables, strict=True))


def test_without_an_objective_the_compiled_loss_gets_labels_and_embeddings(groups):
    seen = []

    def loss(labels, embeddings):
        seen.append((labels.shape, embeddings.shape))
        return keras.ops.mean(embeddings**2)

    model = tiny_encoder()
    model.compile(optimizer="sgd", loss=loss)
    model.fit(*groups, batch_size=20, verbose=0)
    assert seen
    assert seen[0][1][-1] == 4


def test_regularisation_of_the_layers_is_part_of_the_loss(groups):
    model = tiny_encoder(GE2E(), kernel_regularizer=keras.regularizers.L2(10.0))
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    plain = float(model.objective(model.encoder(groups[0]), groups[1]))
    assert model.evaluate(*groups, batch_size=20, verbose=0, return_dict=True)["loss"] > plain + 0.1


def test_similarity_and_matrix_agree_and_higher_is_more_alike(groups):
    model = tiny_encoder()
    items = groups[0]
    matrix = model.similarity_matrix(items[:4], items[4:10])
    assert matrix.shape == (4, 6)
    np.testing.assert_allclose(model.similarity(items[:4], items[4:8]), np.diag(matrix), atol=1e-6)
    np.testing.assert_allclose(np.diag(model.similarity_matrix(items)), 1, atol=1e-5)
    with pytest.raises(ValueError, match="same length"):
        model.similarity(items[:2], items[:3])


def test_threshold_and_calibration_decide_and_travel_with_the_file(groups, tmp_path):
    model = tiny_encoder(GE2E())
    items, labels = groups
    undecided = model.verify(items[0], items[1])
    assert undecided.decision is None
    threshold = model.fit_threshold(model.embed(items), labels, origin="test items")
    assert 0 <= model.verify(items[0], items[1]).probability <= 1
    assert model.verify(items[0], items[0]).decision is True
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.threshold == threshold
    assert again.verify(items[0], items[5]) == model.verify(items[0], items[5])


def test_the_fingerprint_follows_the_weights_and_not_the_names(groups, tmp_path):
    model = tiny_encoder()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.fingerprint == model.fingerprint
    again.encoder.layers[0].kernel.assign(2 * again.encoder.layers[0].kernel)
    assert again.fingerprint != model.fingerprint
    assert _without_names({"name": "a", "layers": [{"name": "b", "units": 2}]}) == {"layers": [{"units": 2}]}


def test_an_unknown_role_is_named():
    with pytest.raises(ValueError, match="role='image'"):
        tiny_encoder().encoder_of("image")


def test_clone_model_gives_a_trainable_copy(groups):
    copy = tiny_encoder(GE2E())
    copy = copy.__class__.from_config(copy.get_config())
    copy.compile(optimizer="sgd")
    copy.fit(*groups, batch_size=20, verbose=0)
