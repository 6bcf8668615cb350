"""CAV-MAE fine-tuned: counts, weights taken over, what a mode trains, saving, and what does not fit."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops

from comparators.custom_layers import NoiseAndRoll, NormalizedFbank, SpecAugment
from comparators.generators import LabelTable, read_clip_manifest
from comparators.models import CAVMAE, CAVMAEClassifier
from comparators.models.encoders import CAVMAEBackbone

from ..command_line.clips import write_clips

MODES = ("multimodal", "audioonly", "videoonly", "missingaudioonly", "missingvideoonly")
TINY = {"embedding_dim": 16, "modality_specific_depth": 1, "depth": 2, "num_heads": 2}


def features(batch=4):
    rng = np.random.default_rng(0)
    return {
        "audio": rng.normal(size=(batch, 32, 48)).astype("float32"),
        "image": rng.normal(size=(batch, 32, 32, 3)).astype("float32"),
    }


def tiny(mode="multimodal", **arguments) -> CAVMAEClassifier:
    backbone = CAVMAEBackbone((32, 48), (32, 32, 3), trainable_positions=True, **TINY)
    return CAVMAEClassifier(backbone, 5, mode, **arguments)


@pytest.mark.parametrize(("classes", "count"), [(527, 164_907_023), (309, 164_739_381)])
@pytest.mark.slow
def test_counts_of_the_published_sizes(classes, count):
    assert CAVMAEClassifier(CAVMAEBackbone(trainable_positions=True), classes).count_params() == count


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_trains_what_it_uses(mode):
    model = tiny(mode)
    before = [np.array(ops.convert_to_numpy(weight)) for weight in model.trainable_weights]
    model.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    model.fit(features(), np.arange(4), epochs=3, verbose=0)
    still = [
        weight.path
        for weight, old in zip(model.trainable_weights, before, strict=True)
        if np.array_equal(old, ops.convert_to_numpy(weight))
    ]
    assert not still
    assert model.predict(features(), verbose=0).shape == (4, 5)


def test_missing_modes_are_the_mean_of_two_streams():
    model = tiny("missingaudioonly")
    audio = features()["audio"]
    tokens = model.backbone.branch("audio", audio)
    both = (model.backbone.joint({"audio": tokens}), model.backbone.stream("audio", tokens))
    expected = sum(ops.convert_to_numpy(stream).mean(axis=1) for stream in both) / 2
    np.testing.assert_allclose(ops.convert_to_numpy(model.embedding({"audio": audio})), expected, atol=1e-5)


def test_weights_of_pre_training_are_taken_over():
    pretrained = CAVMAE.tiny()
    rng = np.random.default_rng(0)
    for weight in pretrained.backbone.trainable_weights:
        weight.assign(rng.normal(size=weight.shape).astype("float32"))
    inputs = {
        "audio": rng.normal(scale=0.1, size=(2, 10_480)).astype("float32"),
        "image": rng.integers(0, 256, (2, 28, 28, 1)).astype("uint8"),
    }
    model = CAVMAEClassifier.from_pretrained(pretrained, num_classes=3, mode="audioonly")
    np.testing.assert_allclose(
        ops.convert_to_numpy(model.embedding(inputs)),
        pretrained.embed(list(inputs["audio"]), "audio"),
        atol=1e-4,
        rtol=1e-4,
    )
    assert model.backbone.tokens["audio"].positions.trainable
    assert not pretrained.backbone.tokens["audio"].positions.trainable
    assert tuple(model.with_mode("videoonly")(inputs).shape) == (2, 3)


def test_checkpoint_of_pre_training():
    pretrained = CAVMAE.small(
        spectrogram_shape=(32, 48),
        image_shape=(32, 32, 3),
        image_patch=(16, 16),
        audio_patch=(16, 16),
        decoder_dim=8,
        decoder_depth=1,
        **TINY,
    )
    rng = np.random.default_rng(0)
    state = {weight.names[0]: rng.normal(size=weight.shape).astype("float32") for weight in pretrained.torch_weights()}
    for letter, count in (("a", 6), ("v", 4)):
        state[f"pos_embed_{letter}"] = rng.normal(size=(1, count, 16)).astype("float32")
        state[f"decoder_pos_embed_{letter}"] = np.zeros((1, count, 8), "float32")
    model = tiny()
    model.load_pretrained({f"module.{name}": value for name, value in state.items()})
    found = {weight.names[0]: weight.variable for weight in model.backbone.torch_weights()}
    for name in ("modality_a", "pos_embed_v", "norm_a.weight", "blocks_u.0.norm1_v.bias"):
        np.testing.assert_array_equal(ops.convert_to_numpy(found[name]), state[name])
    sound = CAVMAEClassifier(CAVMAEBackbone((32, 48), None, trainable_positions=True, **TINY), 5, "audioonly")
    wrong = {f"blocks_u.0.norm{i}_v.{kind}" for i in (1, 2) for kind in ("weight", "bias")}
    assert wrong < {weight.names[0] for weight in sound.torch_weights()}
    sound.load_pretrained(state)
    with pytest.raises(ValueError, match=r"Of another shape: pos_embed_a is \(1, 9, 16\), not \(1, 6, 16\)"):
        model.load_pretrained(state | {"pos_embed_a": np.zeros((1, 9, 16), "float32")})


@pytest.mark.parametrize("mode", ["multimodal", "missingvideoonly"])
def test_saved_and_loaded(mode, tmp_path):
    model = tiny(mode)
    expected = model.predict(features(), verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(features(), verbose=0), expected, atol=1e-5)
    assert again.mode == mode
    assert len(again.trainable_weights) == len(model.trainable_weights)


def test_augmentation_is_of_training_alone_and_saved(tmp_path):
    masks = SpecAugment.one_mask_each(32, 48, fill=2.0, seed=1)
    model = tiny(
        spectrogram_augmentation=[masks, NoiseAndRoll(seed=2)],
        image_augmentation=[keras.layers.RandomFlip("horizontal", seed=3)],
        labels=list("abcde"),
    )
    plain = CAVMAEClassifier.from_config(
        {**model.get_config(), "spectrogram_augmentation": [], "image_augmentation": []}
    )
    plain.set_weights(model.get_weights())
    inputs = features()
    for training, same in ((False, True), (True, False)):
        outputs = [ops.convert_to_numpy(one(inputs, training=training)) for one in (model, plain)]
        assert np.allclose(*outputs, atol=1e-5) == same
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in again.spectrogram_augmentation] == [SpecAugment, NoiseAndRoll]
    assert (again.spectrogram_augmentation[0].fill, again.labels) == (2.0, list("abcde"))
    assert isinstance(again.image_augmentation[0], keras.layers.RandomFlip)
    np.testing.assert_allclose(again.predict(inputs, verbose=0), plain.predict(inputs, verbose=0), atol=1e-5)


def test_masks_behind_the_front_end_are_zeros_before_it():
    front_end = NormalizedFbank(target_length=32, num_mels=48, mean=-5.0, std=4.0, num_stds=2.0)
    waveforms = np.random.default_rng(0).normal(scale=0.1, size=(1, 5_360)).astype("float32")
    spectrogram = ops.convert_to_numpy(front_end(waveforms)) * 8.0 - 5.0
    masks = SpecAugment.one_mask_each(24, 16, fill=front_end.zero_level, seed=0)
    masked = ops.convert_to_numpy(masks(front_end(waveforms), training=True)) * 8.0 - 5.0
    hidden = np.abs(masked - spectrogram) > 1e-3
    assert 0 < hidden.mean() < 1
    np.testing.assert_allclose(masked[hidden], 0.0, atol=1e-5)


def test_what_is_pretrained_is_augmented_too():
    shift = NoiseAndRoll(seed=1)
    model = CAVMAEClassifier.from_pretrained(CAVMAE.tiny(), 2, spectrogram_augmentation=[shift], labels=["a", "b"])
    assert model.spectrogram_augmentation == [shift]
    assert model.with_mode("audioonly").labels == ["a", "b"]


def test_scores_files_after_saving(tmp_path):
    write_clips(tmp_path, num_clips=4)
    clips = read_clip_manifest(tmp_path / "manifest.json")
    model = CAVMAEClassifier.from_pretrained(
        CAVMAE.tiny(image_shape=(28, 28, 3), seed=0),
        2,
        labels=LabelTable(["/m/dog", "/m/rain"], ["Dog", "Rain"]),
        activation="softmax",
    )
    scores = model.score(clips)
    assert scores.shape == (4, 2)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-5)
    middle = model.reader.items(clips)
    frames = [
        ops.convert_to_numpy(
            ops.softmax(
                model.predict(
                    {
                        "audio": middle["audio"].take(np.arange(4), np.random.default_rng(0)),
                        "image": middle["image"].with_frame(number).take(np.arange(4), np.random.default_rng(0)),
                    },
                    verbose=0,
                )
            )
        )
        for number in range(3)
    ]
    np.testing.assert_allclose(scores, np.mean(frames, axis=0), atol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.score(clips, batch_size=3), scores, atol=1e-5)
    assert again.predicted_labels(clips).tolist() == np.array(["Dog", "Rain"])[scores.argmax(axis=1)].tolist()
    assert again.label_table.targets(clips["labels"]).sum() == 4
    assert again.with_mode("audioonly").score(clips[["path"]]).shape == (4, 2)


def test_silence_is_no_nan():
    silent = {role: np.zeros_like(values) for role, values in features().items()}
    for mode in MODES:
        assert np.isfinite(tiny(mode).predict(silent, verbose=0)).all()


def test_what_does_not_fit():
    with pytest.raises(ValueError, match=r"`mode` must be one of multimodal.*Received: mode='both'"):
        tiny("both")
    with pytest.raises(ValueError, match=r"needs \['image'\]. Received: a backbone of \['audio'\]"):
        CAVMAEClassifier(CAVMAEBackbone((32, 48), None, **TINY), 5, "videoonly")
    with pytest.raises(ValueError, match=r"`num_classes` must be positive. Received: num_classes=0"):
        CAVMAEClassifier(CAVMAEBackbone((32, 48), None, **TINY), 0, "audioonly")
    with pytest.raises(ValueError, match=r"`labels` must be one name for each of the 5 classes. Received: 2"):
        tiny(labels=["a", "b"])
    with pytest.raises(ValueError, match=r"`activation` must be one of \['sigmoid', 'softmax'\]. Received: .*'tanh'"):
        tiny(activation="tanh")
    with pytest.raises(ValueError, match=r"Clips are read by the classifier's `reader`\. Received: a classifier with"):
        tiny().score(pd.DataFrame({"path": ["x.wav"]}))
    with pytest.raises(ValueError, match=r"needs inputs of \['audio', 'image'\]. Received: \['audio'\]"):
        tiny()({"audio": features()["audio"]})
    with pytest.raises(ValueError, match=r"needs inputs of \['audio'\]. Received: .*, no dict by role"):
        tiny("audioonly")(features()["audio"])
    with pytest.raises(ValueError, match=r"one sound and one image. Received: \{'audio': 2, 'image': 6\}"):
        tiny()({"audio": features(2)["audio"], "image": features(6)["image"]})
    with pytest.raises(ValueError, match=r"must be \(32, 48\), \(frames, bands\).*Received: \(32, 64\)"):
        tiny("audioonly")({"audio": np.zeros((1, 32, 64), "float32")})
