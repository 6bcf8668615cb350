"""What holds for every loss on labels and on views."""

import keras
import numpy as np
import pytest
from keras import ops

import comparators.losses
from comparators.losses import (
    BarlowTwins,
    CircleLoss,
    ContrastiveLoss,
    CoSENTLoss,
    CosineRegressionLoss,
    EmbeddingLoss,
    InfoNCE,
    LiftedStructureLoss,
    MultiSimilarityLoss,
    NTXent,
    OneShotLoss,
    PairContrastiveLoss,
    PNLoss,
    PreciseLoss,
    ReadyTripletLoss,
    SoftNearestNeighborLoss,
    SupConLoss,
    TripletLoss,
    VICReg,
)
from comparators.losses.triplet_loss import MINING

ON_LABELS = {
    "contrastive": ContrastiveLoss,
    "sup_con": SupConLoss,
    "multi_similarity": MultiSimilarityLoss,
    "multi_similarity_all": lambda **kwargs: MultiSimilarityLoss(mining_tolerance=None, **kwargs),
    "circle": CircleLoss,
    "soft_nearest_neighbor": SoftNearestNeighborLoss,
    "lifted_structure": LiftedStructureLoss,
    "pn_semi_hard": PNLoss,
    "pn_batch_hard": lambda **kwargs: PNLoss(mining="batch_hard", **kwargs),
    "softplus": lambda **kwargs: TripletLoss(form="softplus", **kwargs),
} | {mining: lambda mining=mining, **kwargs: TripletLoss(mining=mining, **kwargs) for mining in MINING}
ON_VIEWS = {
    "info_nce": InfoNCE,
    "info_nce_symmetric": lambda **kwargs: InfoNCE(symmetric=True, **kwargs),
    "nt_xent": NTXent,
    "barlow_twins": BarlowTwins,
    "vic_reg": VICReg,
    "pair_contrastive": PairContrastiveLoss,
    "co_sent": CoSENTLoss,
    "cosine_regression": CosineRegressionLoss,
}
ALL = ON_LABELS | ON_VIEWS
on_labels = pytest.mark.parametrize("make", ON_LABELS.values(), ids=ON_LABELS)
on_all = pytest.mark.parametrize("name", ALL)
WITHOUT_POSITIVES_FOR_ONE_LABEL = {"contrastive", "sup_con", "multi_similarity_all"}
CHOOSES_OTHER_TRIPLETS = {"semi_hard", "semi_hard_strict", "softplus", "pn_semi_hard"}  # in time harder ones count
NOT_OF_POSITIVES_ONLY = {"contrastive", "multi_similarity_all"}


def data(name, random, num_rows=8, dim=6, dtype="float32"):
    """Labels and embeddings of the shape that a loss takes."""
    shape = (num_rows, dim) if name in ON_LABELS else (num_rows, 2, dim)
    labels = np.arange(num_rows) // 2 if name in ON_LABELS else np.arange(num_rows)
    return labels % 2 if name in ("pair_contrastive", "cosine_regression") else labels, random.normal(
        size=shape
    ).astype(dtype)


def test_every_loss_of_the_room_is_here():
    # The last two have rows or batches of their own, and files of their own.
    tested = {type(make()) for make in ALL.values()} | {EmbeddingLoss, PreciseLoss, ReadyTripletLoss, OneShotLoss}
    assert tested == {getattr(comparators.losses, name) for name in comparators.losses.__all__}


@on_all
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_gives_a_finite_float32_loss_and_gradient(random, gradients, name, dtype):
    loss = ALL[name]()
    labels, embeddings = data(name, random)
    embeddings = 10 * embeddings

    def of_half(inputs):
        return loss(labels, ops.cast(inputs, dtype))

    value = of_half(ops.convert_to_tensor(embeddings))
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    (slope,) = gradients(of_half, embeddings)
    assert np.isfinite(ops.convert_to_numpy(value))
    assert np.isfinite(slope).all()


@on_all
@pytest.mark.parametrize("place", [0.0, 1.0])
def test_equal_items_have_a_finite_loss_and_gradient(random, gradients, name, place):
    loss = ALL[name]()
    labels, embeddings = data(name, random)
    embeddings = np.full_like(embeddings, place)
    (slope,) = gradients(lambda inputs: loss(labels, inputs), embeddings)
    assert np.isfinite(float(ops.convert_to_numpy(loss(labels, embeddings))))
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("distance", ["euclidean", "squared_euclidean", "cosine", "manhattan", "dot"])
@on_labels
def test_large_embeddings_do_not_overflow(random, gradients, make, distance):
    loss = make(distance=distance)
    labels, embeddings = data("sup_con", random)
    (slope,) = gradients(lambda inputs: loss(labels, inputs), 1e4 * embeddings)
    assert np.isfinite(float(ops.convert_to_numpy(loss(labels, 1e4 * embeddings))))
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", ON_LABELS)
@pytest.mark.parametrize(
    ("labels", "exceptions"),
    [(np.zeros(6), WITHOUT_POSITIVES_FOR_ONE_LABEL), (np.arange(6), NOT_OF_POSITIVES_ONLY), (np.zeros(1), set())],
    ids=["one_label", "lone_items", "one_item"],
)
def test_batches_without_terms_have_no_loss_and_no_gradient(random, gradients, name, labels, exceptions):
    loss = ON_LABELS[name]()
    embeddings = 0.1 * random.normal(size=(len(labels), 4)).astype("float32")
    value = float(ops.convert_to_numpy(loss(labels, embeddings)))
    (slope,) = gradients(lambda inputs: loss(labels, inputs), embeddings)
    assert np.isfinite(slope).all()
    assert value > 0 if name in exceptions else value == 0
    assert name in exceptions or (slope == 0).all()


@on_all
def test_order_of_the_rows_does_not_count(random, value, precision, name):
    loss = ALL[name](dtype=precision[0])
    labels, embeddings = data(name, random, dtype=precision[0])
    order = random.permutation(len(labels))
    expected = value(loss, labels, embeddings)
    assert value(loss, labels[order], embeddings[order]) == pytest.approx(expected, rel=1e-4)


@on_labels
def test_names_of_the_labels_do_not_count(batch, value, make):
    labels, embeddings = batch
    expected = value(make(), labels, embeddings)
    for same in (labels.astype("float32"), labels[:, None], 1000 - labels, labels.astype("int64")):
        assert value(make(), same, embeddings) == pytest.approx(expected, rel=1e-5)


@on_labels
def test_views_of_a_row_share_its_label(random, value, make):
    labels, views = np.array([0, 1, 1, 2]), random.normal(size=(4, 3, 5)).astype("float32")
    expected = value(make(), np.repeat(labels, 3), views.reshape(12, 5))
    assert value(make(), labels, views) == pytest.approx(expected, rel=1e-5)


@on_labels
def test_against_the_batch_itself_is_the_loss(batch, value, make, precision):
    labels, embeddings = batch
    loss = make(dtype=precision[0])
    itself = ops.convert_to_tensor(np.eye(len(labels), dtype=bool))
    other = float(ops.convert_to_numpy(loss.against(embeddings, labels, embeddings, labels, itself)))
    assert other == pytest.approx(value(loss, labels, embeddings), rel=precision[1])


@on_labels
def test_skipped_references_do_not_count(batch, make):
    labels, embeddings = batch
    extended = np.concatenate([embeddings, np.full_like(embeddings[:3], 7.0)])
    extended_labels = np.concatenate([labels, labels[:3]])
    skip = np.eye(len(labels), len(extended), dtype=bool)
    skip[:, len(labels) :] = True
    plain = make().against(embeddings, labels, embeddings, labels, skip[:, : len(labels)])
    more = make().against(embeddings, labels, extended, extended_labels, skip)
    assert float(ops.convert_to_numpy(more)) == pytest.approx(float(ops.convert_to_numpy(plain)), rel=1e-4)


@on_labels
def test_against_other_references_without_a_shared_item(batch, make):
    labels, embeddings = batch
    value = make().against(embeddings[:4], labels[:4], embeddings[4:], labels[4:].astype("int64"))
    assert np.isfinite(float(ops.convert_to_numpy(value)))


@on_labels
def test_weights_of_anchors_multiply_their_terms(batch, make):
    labels, embeddings = batch
    whole, first, others = (
        float(
            ops.convert_to_numpy(make().against(embeddings[:3], labels[:3], embeddings[3:], labels[3:], None, weights))
        )
        for weights in (None, np.array([[1.0], [0.0], [0.0]]), np.array([0.0, 1.0, 1.0]))
    )
    assert whole == pytest.approx(first + others, rel=1e-5, abs=1e-6)


@on_all
def test_weights_of_the_rows_multiply_their_values(random, value, name):
    labels, embeddings = data(name, random)
    weights = random.uniform(size=len(labels)).astype("float32")
    values = ops.convert_to_numpy(ALL[name](reduction=None)(labels, embeddings))
    assert values.shape == (len(labels),)
    assert value(ALL[name](), labels, embeddings) == pytest.approx(values.mean(), rel=1e-5)
    for given in (weights, weights[:, None]):
        weighted = value(ALL[name](), labels, embeddings, sample_weight=given)
        assert weighted == pytest.approx((weights * values).mean(), rel=1e-5)


@on_all
def test_configuration_goes_round(random, value, name):
    loss = ALL[name](name="mine", reduction="sum", dtype="float64")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert {"name", "reduction", "dtype"} <= set(loss.get_config())


@keras.saving.register_keras_serializable("comparators_tests")
def first_dimension(a, b):
    return ops.abs(a[:, :1] - ops.transpose(b[:, :1]))


@on_labels
def test_a_function_is_a_distance_and_is_saved(batch, value, make):
    loss = make(distance=first_dimension)
    again = type(loss).from_config(loss.get_config())
    assert again.distance is first_dimension
    assert value(again, *batch) == pytest.approx(value(make(distance="manhattan"), batch[0], batch[1][:, :1]), rel=1e-4)


@on_all
def test_a_model_trains_with_it(random, name):
    keras.utils.set_random_seed(0)
    labels, items = data(name, random, num_rows=16)
    model = keras.Sequential([keras.Input(items.shape[1:]), keras.layers.Dense(4)])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=ALL[name]())
    losses = model.fit(items, labels, batch_size=16, epochs=12, shuffle=False, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0] or losses[0] == 0 or name in CHOOSES_OTHER_TRIPLETS


def test_mixed_precision_trains(random):
    labels, items = data("sup_con", random, num_rows=16)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, dtype=keras.DTypePolicy("mixed_bfloat16"))])
    model.compile(optimizer="sgd", loss=TripletLoss(distance="euclidean"))
    assert np.isfinite(model.fit(items, labels, verbose=0).history["loss"]).all()


def test_a_model_is_loaded_with_its_loss_in_a_fresh_process(random, tmp_path, fresh_python):
    labels, items = data("sup_con", random)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    model.compile(optimizer="sgd", loss=TripletLoss(0.7, "batch_hard", "euclidean"))
    model.fit(items, labels, verbose=0)
    model.save(tmp_path / "model.keras")
    printed = fresh_python(
        f"import comparators\nmodel = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        "print(type(model.loss).__name__, model.loss.margin, model.loss.mining, model.loss.distance)"
    )
    assert printed.split()[-4:] == ["TripletLoss", "0.7", "batch_hard", "euclidean"]


def test_bad_shapes_are_named():
    with pytest.raises(ValueError, match=r"one code for each row, \(batch,\). Received: .*\(4, 3\).*argmax"):
        SupConLoss()(np.zeros((4, 3)), np.zeros((4, 5)))
    with pytest.raises(ValueError, match=r"Embeddings must be .* Received: .*\(4, 2, 2, 3\)"):
        SupConLoss()(np.zeros(4), np.zeros((4, 2, 2, 3)))


def test_the_base_names_what_a_subclass_implements():
    with pytest.raises(NotImplementedError, match="EmbeddingLoss must implement `terms"):
        EmbeddingLoss()(np.zeros(2), np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
def test_half_precision_inside_is_refused(dtype):
    with pytest.raises(ValueError, match=r"computes in float32 .* Received: dtype=b?float16. Leave `dtype` out"):
        SupConLoss(dtype=dtype)
