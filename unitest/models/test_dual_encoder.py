"""Dual encoders: training on matches, use, saving, wrong parts."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import comparators
from comparators.custom_layers import (
    GE2E,
    LogMel,
    MarginRanking,
    MatchmapSimilarity,
    MatchTriplet,
    SemiHardMarginRanking,
    SigLIP,
    SymmetricInfoNCE,
    VectorSimilarity,
    WeightedObjectives,
)
from comparators.generators import ArrayItems, Matches, WordVectors
from comparators.models import ClipEncoder, DaveNet, DualEncoder, Encoder, ImageAudio, WordAudio
from comparators.models.encoders import ResidualTrunk


def dense(width: int) -> keras.Model:
    return keras.Sequential([keras.Input((width,)), keras.layers.Dense(4)])


def two_dense(objective=None, **arguments) -> DualEncoder:
    return DualEncoder({"sound": dense(8), "word": dense(3)}, objective, **arguments)


def matches(labels=True, batch_size=6) -> Matches:
    rng = np.random.default_rng(0)
    codes = np.arange(12) % 3
    sounds = np.eye(8)[codes] + 0.1 * rng.normal(size=(12, 8))
    items = {"sound": ArrayItems(sounds.astype("float32")), "word": ArrayItems(np.eye(3, dtype="float32")[codes])}
    return Matches(items, batch_size, labels={"sound": codes} if labels else None)


def tiny_davenet(**arguments) -> DaveNet:
    return DaveNet.small(
        size=(8, 8), clip_seconds=0.5, embedding_dim=8, image_channels=(4, 4), audio_channels=8, seed=0, **arguments
    )


def clip(number: int, samples: int = 6_000) -> np.ndarray:
    return np.random.default_rng(number).normal(size=samples).astype("float32") / 10


PICTURES = np.random.default_rng(1).integers(0, 256, (3, 8, 8), dtype="uint8")


@pytest.mark.parametrize("objective", [MatchTriplet, MarginRanking, SemiHardMarginRanking, SymmetricInfoNCE, SigLIP])
def test_every_objective_trains_and_goes_down(objective):
    keras.utils.set_random_seed(0)
    model = two_dense(objective())
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    history = model.fit(matches(), epochs=12, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert history["loss"][-1] < history["loss"][0]
    scores = model.similarity_matrix(np.eye(8, dtype="float32")[:3], np.eye(3, dtype="float32"))
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_several_objectives_train_on_one_similarity():
    similarity = VectorSimilarity()
    parts = [MarginRanking(similarity, name="sampled"), SemiHardMarginRanking(similarity, name="hard")]
    model = two_dense(WeightedObjectives(parts, [1.0, 1.0]))
    model.compile(optimizer="adam")
    history = model.fit(matches(), epochs=1, verbose=0).history
    assert "hard_recall_at_1" in history
    assert model.match_similarity is similarity


def test_what_is_learnt_is_trained_and_saved(tmp_path):
    model = two_dense(SymmetricInfoNCE(VectorSimilarity("dot")))
    model.compile(optimizer=keras.optimizers.Adam(0.1))
    before = float(model.objective.scale)
    model.fit(matches(), epochs=2, verbose=0)
    assert float(model.objective.scale) != before
    model.fit_threshold(np.array([0.9, 0.8, 0.2, 0.1]), np.array([True, True, False, False]))
    model.save(tmp_path / "model.keras")
    again = comparators.load(tmp_path / "model.keras")
    assert float(again.objective.scale) == float(model.objective.scale)
    assert again.match_similarity is again.objective.similarity
    assert again.role_names == ("sound", "word")
    assert again.fingerprint == model.fingerprint
    assert again.threshold == model.threshold
    sounds, words = np.eye(8, dtype="float32"), np.eye(3, dtype="float32")
    np.testing.assert_allclose(again.similarity_matrix(sounds, words), model.similarity_matrix(sounds, words))
    assert again.verify(sounds[0], words[0]).threshold == model.threshold.value
    again.fit(matches(), epochs=1, verbose=0)


def test_a_copy_with_another_objective_has_the_same_embeddings():
    model = two_dense(SymmetricInfoNCE())
    other = model.with_objective(MatchTriplet(VectorSimilarity("dot")))
    sounds = np.eye(8, dtype="float32")
    np.testing.assert_allclose(other.embed(sounds, "sound"), model.embed(sounds, "sound"))
    assert other.match_similarity.form == "dot"
    without = model.with_objective(None)
    assert without.match_similarity.form == "cosine"


def test_a_loaded_matchmap_network_scores_the_same_in_a_new_process(tmp_path):
    model = tiny_davenet()
    model.save(tmp_path / "model.keras")
    scores = model.similarity_matrix(PICTURES, [clip(0), clip(1, 3_000)])
    np.save(tmp_path / "scores.npy", scores)
    np.savez(tmp_path / "inputs.npz", pictures=PICTURES, long=clip(0), short=clip(1, 3_000))
    code = (
        "import comparators, numpy as np, sys; f = sys.argv[1]; d = np.load(f + '/inputs.npz');"
        "m = comparators.load(f + '/model.keras');"
        "s = m.similarity_matrix(d['pictures'], [d['long'], d['short']]);"
        "np.testing.assert_allclose(s, np.load(f + '/scores.npy'), rtol=1e-5)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_caption_scores_the_same_alone_and_beside_longer_ones():
    model = tiny_davenet()
    together = model.similarity_matrix(PICTURES, [clip(0), clip(1, 2_000)])
    alone = model.similarity_matrix(PICTURES, [clip(1, 2_000)])
    np.testing.assert_allclose(together[:, 1:], alone, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.similarity(PICTURES[:2], [clip(0), clip(1, 2_000)]), np.diag(together), rtol=1e-4)


@pytest.mark.parametrize("reduction", ["misa", "sisa", "sima"])
def test_a_score_is_what_its_matchmap_comes_to(reduction):
    model = tiny_davenet(reduction=reduction)
    heat = model.matchmap(PICTURES[0], clip(2, 5_000))
    places = heat.reshape(-1, heat.shape[-1])
    expected = {"misa": places.max(axis=0).mean(), "sisa": places.mean(), "sima": places.max(axis=1).mean()}[reduction]
    score = model.similarity_matrix(PICTURES[:1], [clip(2, 5_000)])
    np.testing.assert_allclose(score, expected, rtol=1e-4, atol=1e-6)


def test_an_embedding_of_a_map_is_its_mean():
    model = tiny_davenet()
    maps = model.encode([clip(0), clip(1, 2_000)], "audio")
    means = [row[:length].mean(axis=0) for row, length in zip(maps["map"], maps["lengths"], strict=True)]
    np.testing.assert_allclose(model.embed([clip(0), clip(1, 2_000)], "audio"), means, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        model.embed(PICTURES, "image"), model.encode(PICTURES, "image").mean(axis=(1, 2)), rtol=1e-5, atol=1e-6
    )


def test_a_small_davenet_trains():
    model = tiny_davenet()
    model.compile(optimizer="adam")
    sounds = {"waveforms": np.stack([clip(i, 4_000) for i in range(6)]), "lengths": np.array([4_000, 3_000] * 3)}
    items = {
        "image": ArrayItems(PICTURES.repeat(2, axis=0)[..., None]),
        "audio": ArrayItems(sounds["waveforms"], sounds["lengths"], input_name="waveforms"),
    }
    history = model.fit(Matches(items, 3), epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_a_small_davenet_takes_another_front_end():
    front_end = LogMel(num_mels=20, max_frequency=3_900.0, top_db=40.0)
    model = tiny_davenet(front_end=front_end, audio_blocks=1)
    trunk = model.encoder_of("audio").encoder.trunk
    assert (trunk.num_features, trunk.num_blocks) == (20, 1)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.encoder_of("audio").encoder.front_end.get_config() == front_end.get_config()


def test_search_goes_both_ways():
    model = tiny_davenet()
    scores = model.similarity_matrix(PICTURES, [clip(0), clip(1)])
    found, best = model.search(PICTURES, "image", model.encode([clip(0), clip(1)], "audio"), limit=1)
    assert found[:, 0].tolist() == scores.argmax(axis=1).tolist()
    np.testing.assert_allclose(best[:, 0], scores.max(axis=1), rtol=1e-5)
    found, _ = model.search([clip(1)], "audio", model.encode(PICTURES, "image"))
    assert found.tolist() == [np.argsort(-scores[:, 1]).tolist()]


def test_words_and_sounds():
    vectors = WordVectors(["rain", "dog", "sea", "waves"], np.random.default_rng(0).normal(size=(4, 5)))
    model = WordAudio.default(vectors, embedding_dim=8, channels=(4, 4, 4, 8), clip_seconds=1.2)
    scores = model.similarity_matrix([clip(0, 16_000), clip(1, 40_000)], ["rain", "dog", "sea waves"])
    assert scores.shape == (2, 3)
    assert np.abs(scores).max() <= 1 + 1e-5
    with pytest.raises(ValueError, match="cloud"):
        model.embed(["rain", "cloud"], "word")


def test_unknown_words_of_a_name_are_left_out_where_that_is_wanted(tmp_path):
    vectors = WordVectors(["fire", "sea"], np.eye(2, 5))
    model = WordAudio.default(vectors, embedding_dim=8, channels=(4, 4, 4, 8), clip_seconds=1.2, drop_unknown=True)
    model.save(tmp_path / "model.keras")
    again = comparators.load(tmp_path / "model.keras")
    np.testing.assert_allclose(again.embed(["crackling_fire"], "word"), model.embed(["fire"], "word"), rtol=1e-5)
    with pytest.raises(ValueError, match="clock"):
        again.embed(["clock"], "word")


def test_a_long_recording_is_the_mean_of_its_clips():
    vectors = WordVectors(["rain"], np.ones((1, 5)))
    model = WordAudio.default(vectors, embedding_dim=8, channels=(4, 4, 4, 8), clip_seconds=1.2)
    encoder, size = model.encoder_of("audio"), 19_200
    long = clip(0, 2 * size + 4_000)
    parts = encoder.embed([long[:size], long[size : 2 * size]])
    np.testing.assert_allclose(encoder.embed([long])[0], parts.mean(axis=0), rtol=1e-5)
    longer = clip(0, 2 * size + 12_000)
    parts = encoder.embed([longer[:size], longer[size : 2 * size], longer[2 * size :]])
    np.testing.assert_allclose(encoder.embed([longer])[0], parts.mean(axis=0), rtol=1e-5)


def test_images_and_sounds_train_on_features_and_work_on_files():
    trunk = ResidualTrunk((1, 1), width=4, output="average", trainable=False)
    model = ImageAudio.default(trunk, size=(32, 32), embedding_dim=8, channels=(4, 4, 4, 8), clip_seconds=1.2)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype="uint8")
    features = np.asarray(model.image_trunk.predict(pictures, verbose=0))
    small = model.on_features()
    small.compile(optimizer=keras.optimizers.Adam(0.01))
    sounds = ArrayItems(np.stack([clip(i, 19_200) for i in range(4)]))
    before = model.embed(pictures, "image")
    small.fit(Matches({"audio": sounds, "image": ArrayItems(features)}, 4), epochs=1, verbose=0)
    after = model.embed(pictures, "image")
    assert np.abs(after - before).max() > 1e-4
    np.testing.assert_allclose(after, small.embed(features, "image"), rtol=1e-3, atol=1e-5)


def test_the_encoder_of_a_role_is_a_comparator_of_its_own(tmp_path):
    model = tiny_davenet()
    encoder = model.encoder_of("audio")
    assert isinstance(encoder, ClipEncoder)
    encoder.save(tmp_path / "audio.keras")
    again = comparators.load(tmp_path / "audio.keras")
    np.testing.assert_allclose(again.embed([clip(0)]), model.embed([clip(0)], "audio"), rtol=1e-5)
    assert again.fingerprint == encoder.fingerprint


def test_wrong_parts_are_named():
    with pytest.raises(ValueError, match="must be of two roles"):
        DualEncoder({"sound": dense(8)})
    with pytest.raises(TypeError, match="must be `keras"):
        DualEncoder({"sound": dense(8), "word": "glove"})
    with pytest.raises(TypeError, match="must be for two roles, such as `SymmetricInfoNCE"):
        two_dense(GE2E())
    with pytest.raises(ValueError, match="must share one similarity"):
        two_dense(WeightedObjectives([MarginRanking(name="a"), MatchTriplet(name="b")], [1, 1]))
    with pytest.raises(ValueError, match="`similarity` must be the objective's own"):
        two_dense(MatchTriplet(), similarity=VectorSimilarity())


def test_wrong_use_is_explained():
    model = two_dense()
    model.compile(optimizer="adam")
    with pytest.raises(ValueError, match="is trained with an objective"):
        model.fit(matches(), verbose=0)
    model = two_dense()  # under JAX a refused batch takes the weights with it
    with pytest.raises(ValueError, match="`role` must be one of"):
        model.embed(np.eye(8))
    with pytest.raises(ValueError, match="must have both roles"):
        model({"sound": np.eye(8, dtype="float32")})
    with pytest.raises(ValueError, match="the same length"):
        model.similarity(np.eye(8, dtype="float32"), np.eye(3, dtype="float32"))
    with pytest.raises(TypeError, match="Matchmaps need maps"):
        DaveNet({"image": dense(8), "audio": dense(3)}).matchmap(np.eye(8), np.eye(3))
    with pytest.raises(ValueError, match="`form` must be one of linear"):
        WordAudio.default(WordVectors(["a"], np.ones((1, 2))), form="tanh")
    with pytest.raises(ValueError, match="`clip_seconds` must be positive"):
        tiny_davenet().encoder_of("audio").__class__(tiny_davenet().encoder_of("audio").encoder, clip_seconds=0)


def test_plain_networks_become_encoders():
    model = two_dense()
    assert isinstance(model.encoder_of("word"), Encoder)
    assert MatchmapSimilarity().reduction == "misa"
