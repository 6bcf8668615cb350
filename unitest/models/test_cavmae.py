"""CAV-MAE as a comparator: training with each objective, use by role, saving, inpainting, inputs that do not fit."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import CAVMAEObjective, NoiseAndRoll
from comparators.models import CAVMAE, load
from comparators.models.cavmae import FIXED_POSITIONS
from comparators.models.convert import load_state
from comparators.models.encoders import CAVMAEBackbone, CAVMAEDecoder

SAMPLES = 10_480  # 64 frames


@pytest.fixture
def pairs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sounds = rng.normal(scale=0.1, size=(8, SAMPLES)).astype("float32")
    return {"audio": sounds, "image": rng.integers(0, 256, (8, 28, 28, 1)).astype("uint8")}


def trained(model, pairs, epochs=2, eager=True):
    # Tracing and compiling would take longer than the few steps.
    model.compile(keras.optimizers.Adam(1e-3), run_eagerly=eager, jit_compile=False)
    return model.fit(pairs, batch_size=4, epochs=epochs, verbose=0).history


@pytest.mark.parametrize(
    ("weights", "untouched"),
    [((1.0, 0.0), ("audio_norm", "visual_norm")), ((0.0, 1.0), ("joint_norm", "mask_token")), ((1.0, 0.01), ())],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_training_with_each_objective(weights, untouched, depth, pairs):
    keras.utils.set_random_seed(0)
    model = CAVMAE.tiny(objective=CAVMAEObjective(*weights), modality_specific_depth=depth, seed=0)
    trained_paths = " ".join(weight.path for weight in model.trainable_weights)
    assert not any(name in trained_paths for name in untouched)
    before = [np.array(ops.convert_to_numpy(weight)) for weight in model.trainable_weights]
    history = trained(model, pairs, epochs=3)
    assert np.isfinite(history["loss"]).all()
    if weights[0]:
        assert history["loss"][-1] < history["loss"][0]
    after = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    still = [
        weight.path
        for weight, old, new in zip(model.trainable_weights, before, after, strict=True)
        if np.array_equal(old, new)
    ]
    assert not still  # each weight that is said to be trained is


def test_every_mode_of_masks(pairs):
    for mode in ("unstructured", "time", "freq", "tf"):
        model = CAVMAE.tiny(mask_mode=mode, mask_ratio={"audio": 0.5, "image": 0.75})
        outputs = model(pairs)
        assert ops.convert_to_numpy(outputs["audio"]["hidden"]).mean() == 0.5
        assert ops.convert_to_numpy(outputs["image"]["hidden"]).mean() == 0.75


def test_use_by_role(pairs):
    model = CAVMAE.tiny()
    sounds, images = model.embed(pairs["audio"], "audio"), model.embed(pairs["image"], "image")
    assert sounds.shape == images.shape == (8, 48)
    np.testing.assert_allclose(sounds, model.embed(pairs["audio"], "audio"), atol=1e-6)  # nothing is hidden in use
    matrix = model.similarity_matrix(pairs["audio"], pairs["image"])
    np.testing.assert_allclose(np.diag(matrix), model.similarity(pairs["audio"], pairs["image"]), atol=1e-5)
    best, scores = model.search(pairs["audio"][:2], "audio", images, limit=3)
    np.testing.assert_array_equal(best, np.argsort(-matrix[:2], axis=1, kind="stable")[:, :3])
    assert scores.shape == (2, 3)
    alone = model.embed(pairs["image"][:1], "image")
    np.testing.assert_allclose(alone, images[:1], atol=1e-5)


def test_saved_and_loaded_in_a_fresh_process(pairs, tmp_path, fresh_python):
    model = CAVMAE.tiny(seed=3)
    trained(model, pairs)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "pairs.npz", **pairs, expected=model.similarity_matrix(pairs["audio"], pairs["image"]))
    again = load(tmp_path / "model.keras")
    assert again.fingerprint == model.fingerprint
    assert (again.mask_ratio, again.mask_mode, again.seed) == (model.mask_ratio, model.mask_mode, model.seed)
    audio, image = (again.encoder_of(role).encoder.trunk.backbone for role in ("audio", "image"))
    assert audio is image is again.backbone
    shown = fresh_python(
        "import numpy as np, comparators\n"
        f"model = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        f"pairs = np.load(r'{tmp_path / 'pairs.npz'}')\n"
        "found = model.similarity_matrix(pairs['audio'], pairs['image'])\n"
        "model.fit({'audio': pairs['audio'], 'image': pairs['image']}, batch_size=4, verbose=0)\n"
        "print(np.abs(found - pairs['expected']).max() < 1e-5)"
    )
    assert shown.split()[-1] == "True"


def test_copy_with_another_objective(pairs):
    model = CAVMAE.tiny()
    other = model.with_objective(CAVMAEObjective(norm_pix=False))
    masks = model.draw_masks(model.features(pairs))
    mine, theirs = (each.autoencode(each.features(pairs), masks) for each in (model, other))
    for role in ("audio", "image"):
        for name in ("embedding", "prediction"):
            np.testing.assert_allclose(
                ops.convert_to_numpy(mine[role][name]), ops.convert_to_numpy(theirs[role][name]), atol=1e-5
            )


def test_spectrograms_are_augmented_in_training_alone(pairs):
    # Noise of at least 0 and at most 1 on normalised values, as in the published pre-training.
    model = CAVMAE.tiny(spectrogram_augmentation=[NoiseAndRoll(noise=1.0, roll=False, seed=0)])
    plain = ops.convert_to_numpy(model.features(pairs)["audio"])
    noisy = ops.convert_to_numpy(model.features(pairs, training=True)["audio"])
    assert 0 < (noisy - plain).max() <= 1
    np.testing.assert_array_equal(ops.convert_to_numpy(CAVMAE.tiny().features(pairs)["audio"]), plain)
    again = CAVMAE.from_config(model.get_config())
    assert [layer.noise for layer in again.spectrogram_augmentation] == [1.0]


def test_inpainting_keeps_what_is_seen(pairs):
    model = CAVMAE.tiny(objective=CAVMAEObjective(norm_pix=False))
    pictures = model.inpaint(list(pairs["audio"][:3]), list(pairs["image"][:3]))
    assert pictures["audio"]["original"].shape == (3, 64, 32)
    assert pictures["image"]["inpainted"].shape == (3, 28, 28, 1)
    for role in pictures:
        original, masked, inpainted = (pictures[role][name] for name in ("original", "masked", "inpainted"))
        seen = np.isfinite(masked)
        np.testing.assert_array_equal(inpainted[seen], original[seen])
        assert seen.mean() == 0.25
        assert (inpainted[~seen] != original[~seen]).any()
    expected = model.features({"audio": pairs["audio"][:3], "image": pairs["image"][:3]})
    np.testing.assert_allclose(pictures["audio"]["original"], ops.convert_to_numpy(expected["audio"]), atol=1e-5)
    np.testing.assert_allclose(pictures["image"]["original"], pairs["image"][:3], atol=1e-3)
    with pytest.raises(ValueError, match=r"plain patches. Received: norm_pix=True"):
        CAVMAE.tiny().inpaint(list(pairs["audio"][:1]), list(pairs["image"][:1]))
    with pytest.raises(ValueError, match=r"must be as many, one or more. Received: 0 and 0"):
        model.inpaint([], [])
    with pytest.raises(ValueError, match=r"must be as many, one or more. Received: 2 and 1"):
        model.inpaint(list(pairs["audio"][:2]), list(pairs["image"][:1]))


def test_silent_clips_are_no_nan(pairs):
    model = CAVMAE.tiny()
    silent = {"audio": np.zeros((4, SAMPLES), "float32"), "image": np.zeros((4, 28, 28, 1), "uint8")}
    assert np.isfinite(trained(model, silent)["loss"]).all()
    assert np.isfinite(model.embed(silent["image"], "image")).all()
    assert np.isfinite(ops.convert_to_numpy(model.encoder_of("audio")(silent["audio"]))).all()
    with pytest.raises(ValueError, match="waveform 0 is silent"):
        model.embed(silent["audio"], "audio")


def test_shorter_and_longer_sounds(pairs):
    model = CAVMAE.tiny()
    clips = [pairs["audio"][0][:200], pairs["audio"][1], np.tile(pairs["audio"][1], 3)]
    embeddings = model.embed(clips, "audio")
    assert np.isfinite(embeddings).all()
    np.testing.assert_allclose(embeddings[1], embeddings[2], atol=1e-4)  # what is longer is cut


def test_checkpoint_of_another_size():
    def state(model):
        return {weight.names[0]: np.zeros(weight.shape, "float32") for weight in model.torch_weights()}

    model = CAVMAE.tiny()
    load_state(model, state(model), unused=FIXED_POSITIONS)
    with pytest.raises(ValueError, match=r"nothing was loaded.*Of another shape"):
        load_state(model, state(CAVMAE.tiny(embedding_dim=32)), unused=FIXED_POSITIONS)
    with pytest.raises(ValueError, match=r"nothing was loaded.*Unexpected: blocks_a.1"):
        load_state(model, state(CAVMAE.tiny(modality_specific_depth=2, depth=3)), unused=FIXED_POSITIONS)
    with pytest.raises(ValueError, match=r"patch_embed_a.proj.weight is \(48, 1, 16, 8\), not \(48, 1, 8, 8\)"):
        load_state(CAVMAE.tiny(audio_patch=(8, 8)), state(model), unused=FIXED_POSITIONS)


def test_parts_that_do_not_fit():
    sizes = {"embedding_dim": 16, "modality_specific_depth": 1, "depth": 2, "num_heads": 2}
    backbone = CAVMAEBackbone((32, 48), (32, 32, 3), **sizes)
    other = CAVMAEBackbone((64, 48), (32, 32, 3), **sizes)
    with pytest.raises(ValueError, match=r"`decoder` must be of the backbone's grids. Received: .*\(3, 4\)"):
        CAVMAE.of_parts(backbone, CAVMAEDecoder.for_backbone(other, 8, 1, 2))
    with pytest.raises(ValueError, match=r"Inputs must have both roles.*Received: \['audio'\]"):
        CAVMAE.tiny()({"audio": np.zeros((1, SAMPLES), "float32")})
    with pytest.raises(ValueError, match=r"width .*frames\) must be a multiple"):
        CAVMAE.tiny(spectrogram_shape=(60, 32))


def test_mixed_precision(pairs):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert np.isfinite(trained(CAVMAE.tiny(), pairs, eager=False)["loss"]).all()
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "ratio", [{"audio": 0.5}, {"audio": 0.5, "image": 0.5, "text": 0.5}, {"audio": 0.5, "image": "x"}, "x", None]
)
def test_shares_that_are_not_one_for_each_role(ratio):
    with pytest.raises(ValueError, match=r"`mask_ratio` must be a number, or a dict of one for each of \['audio', 'im"):
        CAVMAE.tiny(mask_ratio=ratio)
