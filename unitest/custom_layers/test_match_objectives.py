"""Objectives of two roles against official code, plain loops and bad batches."""

import importlib.util
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import (
    MarginRanking,
    MatchmapSimilarity,
    MatchTriplet,
    SemiHardMarginRanking,
    SigLIP,
    SymmetricInfoNCE,
    VectorSimilarity,
    WeightedObjectives,
    matchmap,
)
from comparators.custom_layers.match_objective import draw_impostors

GOLDEN = Path(__file__).parents[1] / "golden"
DOUBLE = {"dtype": "float64"}
# Keras takes means in single precision on JAX, and makes single precision of NumPy's double on PyTorch.
CLOSE = {"rtol": 1e-9} if keras.backend.backend() == "tensorflow" else {"rtol": 2e-6, "atol": 1e-6}
OBJECTIVES = [MatchTriplet, MarginRanking, SemiHardMarginRanking, SymmetricInfoNCE, SigLIP]


@pytest.fixture(autouse=True)
def _double_precision_where_it_has_a_switch():
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield


def load_golden(case: str) -> tuple[dict, dict]:
    spec = importlib.util.spec_from_file_location("rule", GOLDEN / "rule.py")
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    info, arrays = rule.load_case(case, str(GOLDEN))
    return info["constructor"], dict(arrays) | rule.make_inputs(info["inputs"], info["seed"])


@pytest.fixture(scope="module")
def maps() -> dict:
    constructor, golden = load_golden("davenet_matchmap")
    golden["images"] = golden["image_map"].transpose(0, 2, 3, 1)
    golden["sounds"] = golden["audio_map"].transpose(0, 2, 1)
    return golden | {name: np.array(value) for name, value in constructor.items()}


def sounds_of(maps, lengths=None):
    lengths = maps["nframes"] if lengths is None else lengths
    return {"map": ops.convert_to_tensor(maps["sounds"]), "lengths": ops.convert_to_tensor(np.array(lengths, "int32"))}


def test_a_matchmap_is_the_official_one(maps):
    for image, sound in ((0, 0), (1, 4)):
        mine = matchmap(ops.convert_to_tensor(maps["images"][image]), ops.convert_to_tensor(maps["sounds"][sound]))
        np.testing.assert_allclose(ops.convert_to_numpy(mine), maps[f"matchmap_{image}{sound}"], **CLOSE)


@pytest.mark.parametrize("reduction", ["sisa", "misa", "sima"])
def test_similarities_are_the_official_ones(maps, reduction):
    similarity = MatchmapSimilarity(reduction, **DOUBLE)
    images = ops.convert_to_tensor(maps["images"])
    scores = ops.convert_to_numpy(similarity.pairwise(images, sounds_of(maps)))
    np.testing.assert_allclose(scores, maps[f"similarity_{reduction.upper()}"], **CLOSE)
    paired = ops.convert_to_numpy(similarity.paired(images, sounds_of(maps)))
    np.testing.assert_allclose(paired, np.diag(scores), **CLOSE)
    empty = ops.convert_to_numpy(similarity.pairwise(images, sounds_of(maps, [9, 0, 4, 1, 9])))
    np.testing.assert_allclose(empty, maps[f"similarity_zero_{reduction.upper()}"], **CLOSE)


@pytest.mark.parametrize("reduction", ["sisa", "misa", "sima"])
def test_margin_ranking_is_the_official_one_with_its_gradients(maps, reduction, gradients):
    objective = MarginRanking(MatchmapSimilarity(reduction, **DOUBLE), margin=1.0, **DOUBLE)
    lengths = ops.convert_to_tensor(np.array(maps["nframes"], "int32"))
    impostors = [ops.convert_to_tensor(maps[name].astype("int32")) for name in ("image_impostors", "audio_impostors")]

    def loss(images, sounds):
        return ops.mean(objective.row_losses((images, {"map": sounds, "lengths": lengths}), *impostors))

    value = loss(ops.convert_to_tensor(maps["images"]), ops.convert_to_tensor(maps["sounds"]))
    # The official loss is summed up in single precision.
    np.testing.assert_allclose(float(value), maps[f"loss_{reduction.upper()}"].item(), rtol=1e-6)
    of_images, of_sounds = gradients(loss, maps["images"], maps["sounds"])
    expected = maps[f"grad_image_{reduction.upper()}"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(of_images, expected, atol=1e-7)
    np.testing.assert_allclose(of_sounds, maps[f"grad_audio_{reduction.upper()}"].transpose(0, 2, 1), atol=1e-7)


@pytest.mark.parametrize("reduction", ["sisa", "misa", "sima"])
def test_blocks_change_nothing(random, monkeypatch, reduction):
    images, sounds = random.normal(size=(7, 2, 3, 4)).astype("float32"), random.normal(size=(5, 6, 4)).astype("float32")
    sounds = {"map": ops.convert_to_tensor(sounds), "lengths": ops.convert_to_tensor(np.array([6, 1, 0, 3, 5]))}
    similarity = MatchmapSimilarity(reduction)
    whole = ops.convert_to_numpy(similarity.pairwise(ops.convert_to_tensor(images), sounds))
    monkeypatch.setattr("comparators.custom_layers.matchmap_similarity._BLOCK_VALUES", 2 * 6 * 5 * 6)
    blocks = ops.convert_to_numpy(similarity.pairwise(ops.convert_to_tensor(images), sounds))
    np.testing.assert_allclose(blocks, whole, rtol=1e-5, atol=1e-6)


def test_padding_of_a_sound_never_counts(random):
    images, sound = random.normal(size=(2, 2, 2, 3)).astype("float32"), random.normal(size=(1, 4, 3)).astype("float32")
    padded = np.concatenate([sound, np.full((1, 3, 3), np.nan, "float32")], axis=1)
    for reduction in ("sisa", "misa", "sima"):
        similarity = MatchmapSimilarity(reduction)
        images_ = ops.convert_to_tensor(images)
        alone = similarity.pairwise(images_, {"map": ops.convert_to_tensor(sound), "lengths": ops.array([4])})
        in_batch = similarity.pairwise(images_, {"map": ops.convert_to_tensor(padded), "lengths": ops.array([4])})
        np.testing.assert_allclose(ops.convert_to_numpy(in_batch), ops.convert_to_numpy(alone), rtol=1e-6)


def test_semi_hard_losses_are_the_official_ones():
    _, golden = load_golden("semihard_hinge")
    objective = SemiHardMarginRanking(margin=1.0, **DOUBLE)
    scores, labels = ops.convert_to_tensor(golden["similarity"]), ops.arange(8)
    rows = ops.convert_to_numpy(objective.row_losses(scores, labels))
    columns = ops.convert_to_numpy(objective.row_losses(ops.transpose(scores), labels))
    np.testing.assert_allclose(rows, golden["row_losses"], atol=1e-12)
    np.testing.assert_allclose(columns, golden["column_losses"], atol=1e-12)
    np.testing.assert_allclose(rows.mean() + columns.mean(), golden["both_ways"].item(), rtol=1e-12)


def test_a_row_without_a_semi_hard_impostor_gets_a_random_one():
    scores = ops.array([[0.0, 2.0, 3.0], [-1.0, 0.0, -1.0], [-1.0, -1.0, 0.0]])
    without = SemiHardMarginRanking(fallback="none").row_losses(scores, ops.arange(3))
    random = SemiHardMarginRanking(fallback="random", seed=0).row_losses(scores, ops.arange(3))
    assert float(without[0]) == 0
    assert float(random[0]) in (3.0, 4.0)
    np.testing.assert_allclose(ops.convert_to_numpy(random)[1:], ops.convert_to_numpy(without)[1:])


def test_impostors_are_of_other_labels_and_all_are_drawn():
    labels, seed = np.array([0, 0, 1, 2]), keras.random.SeedGenerator(0)
    drawn = set()
    for _ in range(60):
        rows, found = (ops.convert_to_numpy(part) for part in draw_impostors(ops.convert_to_tensor(labels), seed))
        assert found.all()
        assert (labels[rows] != labels).all()
        drawn |= set(enumerate(rows.tolist()))
    assert drawn == {(i, j) for i in range(4) for j in range(4) if labels[i] != labels[j]}


def loop_info_nce(scores, labels):
    losses = []
    for matrix in (scores, scores.T):
        for row in range(len(labels)):
            others = [j for j in range(len(labels)) if j == row or labels[j] != labels[row]]
            losses.append(np.log(np.exp(matrix[row, others]).sum()) - matrix[row, row])
    return np.mean(losses)


def loop_sig_lip(logits, labels):
    return np.mean(
        [
            sum(np.log1p(np.exp(-logits[i, j] if labels[i] == labels[j] else logits[i, j])) for j in range(len(labels)))
            for i in range(len(labels))
        ]
    )


def test_info_nce_and_sig_lip_are_those_of_a_loop(random):
    a, b, labels = random.normal(size=(6, 4)), random.normal(size=(6, 4)), np.array([0, 1, 2, 1, 0, 3])
    cosines = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    pair = tuple(ops.convert_to_tensor(part.astype("float32")) for part in (a, b))
    mine = SymmetricInfoNCE(temperature=0.1)(pair, ops.convert_to_tensor(labels))
    np.testing.assert_allclose(float(mine), loop_info_nce(10 * cosines, labels), rtol=1e-5)
    mine = SigLIP(scale=5.0, bias=-3.0)(pair, ops.convert_to_tensor(labels))
    np.testing.assert_allclose(float(mine), loop_sig_lip(5 * cosines - 3, labels), rtol=1e-5)


def test_the_scale_is_clamped():
    objective = SymmetricInfoNCE(temperature=0.07, max_scale=20.0)
    np.testing.assert_allclose(float(objective.scale), 1 / 0.07, rtol=1e-5)
    objective.log_scale.assign(10.0)
    np.testing.assert_allclose(float(objective.scale), 20.0, rtol=1e-5)
    assert not SymmetricInfoNCE(learnt=False).trainable_weights


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_rows_of_one_label_are_no_impostors(objective, random):
    a = random.normal(size=(4, 3)).astype("float32")
    pair = (ops.convert_to_tensor(a), ops.convert_to_tensor(a[::-1].copy()))
    labels = ops.zeros((4,), "int32")
    loss = objective()(pair, labels)
    assert np.isfinite(float(loss))
    if objective is not SigLIP:
        assert float(loss) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_batch_of_one_is_refused(objective):
    with pytest.raises(ValueError, match="needs impostors"):
        objective()((ops.ones((1, 3)), ops.ones((1, 3))), ops.array([0]))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("similarity", [VectorSimilarity("dot"), MatchmapSimilarity("sima")])
def test_a_saved_objective_is_the_same(objective, similarity):
    first = objective(similarity)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(first))
    assert again.get_config() == first.get_config()
    assert type(again.similarity) is type(similarity)


def test_objectives_add_up_on_one_similarity(random):
    similarity = VectorSimilarity("dot")
    parts = [MarginRanking(similarity, name="sampled", seed=0), SemiHardMarginRanking(similarity, name="hard")]
    both = WeightedObjectives(parts, [1.0, 1.0])
    pair = tuple(ops.convert_to_tensor(random.normal(size=(5, 4)).astype("float32")) for _ in range(2))
    assert np.isfinite(float(both(pair, ops.arange(5))))
    assert set(both.measures(pair, ops.arange(5))) == {"hard_recall_at_1"}


def test_recall_of_a_batch(random):
    pair = (ops.eye(3), ops.convert_to_tensor(np.eye(3, dtype="float32")[[0, 2, 1]]))
    measures = SymmetricInfoNCE().measures(pair, ops.arange(3))
    assert float(measures["recall_at_1"]) == pytest.approx(1 / 3)
    tied = (ops.ones((3, 2)), ops.ones((3, 2)))
    assert float(SymmetricInfoNCE().measures(tied, ops.arange(3))["recall_at_1"]) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VectorSimilarity("l3"), "`form` must be 'cosine' or 'dot'. Received: form='l3'."),
        (lambda: MatchmapSimilarity("max"), "`reduction` must be one of sisa, misa, sima."),
        (lambda: MatchTriplet(margin=0), "`margin` must be positive. Received: margin=0."),
        (lambda: MarginRanking(margin=-1), "`margin` must be positive. Received: margin=-1."),
        (lambda: SemiHardMarginRanking(margin=float("nan")), "`margin` must be positive. Received: margin=nan."),
        (lambda: SemiHardMarginRanking(fallback="zero"), "`fallback` must be 'none' or 'random'."),
        (lambda: SymmetricInfoNCE(temperature=0.001), "`temperature` must be positive and at least `1 / max_scale`."),
        (lambda: SigLIP(scale=0), "`scale` must be positive. Received: scale=0."),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_another_similarity_is_refused():
    with pytest.raises(TypeError, match="must be a layer such as `VectorSimilarity"):
        MatchTriplet(similarity="cosine")
