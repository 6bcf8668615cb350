"""`comparators pretrain`, and the other commands on what it writes: bad manifests, going on, searching."""

import json

import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.custom_layers import NoiseAndRoll
from comparators.models import CAVMAE
from comparators.recognition.embedding_table import EmbeddingTable

from .clips import NUM_FRAMES, write_clips, write_manifest

QUICK = ("--size", "tiny", "--epochs", 2, "--batch-size", 4, "--learning-rate", 1e-3, "-q")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    rows = write_clips(folder)
    pairs = [
        {"audio": row["wav"], "image": f"frames/frame_1/{row['video_id']}.jpg", "label": row["labels"]} for row in rows
    ]
    pd.DataFrame(pairs[1:]).to_csv(folder / "pairs.csv", index=False)
    return folder


@pytest.fixture
def rows(folder) -> list[dict]:
    return json.loads((folder / "manifest.json").read_text())["data"]


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    """A tiny untrained network."""
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    CAVMAE.tiny(image_shape=(28, 28, 3), seed=0).save(path)
    return path


@pytest.fixture
def quick(monkeypatch):
    """Trains without compiling, which would take longer than the few steps."""
    compile_model = CAVMAE.compile

    def compile_eagerly(self, **arguments):
        compile_model(self, **arguments, run_eagerly=True, jit_compile=False)

    monkeypatch.setattr(CAVMAE, "compile", compile_eagerly)


# The whole way.


def test_clips_the_whole_way(run, folder, tmp_path, quick):
    model, manifest = tmp_path / "m.keras", folder / "manifest.json"
    result = run("pretrain", manifest, "-o", model, *QUICK, "--json")
    assert result.status == 0, result.err
    history = result.document["history"]
    assert {"loss", "val_loss", "audio_error", "image_error", "contrast", "learning_rate"} <= set(history)
    assert len(history["loss"]) == 2
    assert np.isfinite(history["loss"]).all()
    assert history["learning_rate"] == pytest.approx([1e-3, 5e-4])
    figures = result.document["validation"]
    assert (figures["matches"], set(figures["retrieval"])) == (2, {"audio_to_image", "image_to_audio", "mean"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.keras"], "what was kept to go on is gone"
    written = comparators.load(model)
    assert not written.compiled
    assert written.threshold is not None
    assert [type(layer) for layer in written.spectrogram_augmentation] == [NoiseAndRoll]
    found = run("search", model, folder / "sound/003.wav", manifest, "--limit", 3, "--json", "-q").document
    assert found["role"] == "audio"
    assert [row["path"].split("frames/")[1][:8] for row in found["results"]] == ["frame_1/"] * 3
    found = run("search", model, folder / "frames/frame_0/003.jpg", manifest, "--json", "-q")
    assert (found.status, found.document["searched"]) == (1, 11), "the silent clip is skipped, and no NaN"
    assert np.isfinite([row["score"] for row in found.document["results"]]).all()


def test_pairs_and_a_model_to_go_on_with(run, folder, tmp_path, model_path, quick):
    weights = (
        "--contrastive-weight",
        1,
        "--reconstruction-weight",
        0,
        "--mask-mode",
        "tf",
        "--mask-ratio",
        0.5,
        "--plain",
    )
    arguments = ("--model", model_path, "--epochs", 1, "--validation", folder / "pairs.csv", *weights, "-q")
    result = run("pretrain", folder / "pairs.csv", "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 0, result.err
    assert "trained on 11 clips" in result.out
    assert "recall at 1" in result.out
    model, before = comparators.load(tmp_path / "m.keras"), comparators.load(model_path)
    assert (model.mask_mode, model.mask_ratio) == ("tf", {"audio": 0.5, "image": 0.5})
    assert model.spectrogram_augmentation == []
    assert (model.objective.contrastive_weight, before.objective.contrastive_weight) == (1, 0.01)
    moved = [
        not np.array_equal(new, old)
        for new, old in zip(model.backbone.get_weights(), before.backbone.get_weights(), strict=True)
    ]
    assert any(moved)
    for new, old in zip(model.decoder.get_weights(), before.decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)  # without reconstruction the decoder is not trained


def test_one_joint_encoder_in_half_precision_with_statistics_of_its_own(run, folder, tmp_path, quick, monkeypatch):
    steps, policies = [], []
    compile_model = CAVMAE.compile

    def compile_and_tell(self, optimizer, **arguments):
        steps.append(optimizer.gradient_accumulation_steps)
        policies.append(self.decoder.compute_dtype)
        compile_model(self, optimizer=optimizer, **arguments)

    monkeypatch.setattr(CAVMAE, "compile", compile_and_tell)
    new = ("--vanilla", "--own-statistics", "--mixed-precision", "--accumulate", 2)
    result = run("pretrain", folder / "pairs.csv", "-o", tmp_path / "m.keras", *QUICK, "--epochs", 1, *new)
    assert result.status == 0, result.err
    assert "sounds: mean " in result.err
    assert (steps, policies) == ([2], ["bfloat16"])
    model = comparators.load(tmp_path / "m.keras")
    assert model.backbone.modality_specific_depth == 0
    assert model.objective.contrastive_weight == 0
    front_end = model.encoder_of("audio").encoder.front_end
    assert f"mean {front_end.mean:.4f}, standard deviation {front_end.std:.4f}" in result.err
    assert front_end.mean != pytest.approx(-5.081, abs=0.1)
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}


def test_a_stopped_training_goes_on_to_the_same_losses(run, folder, tmp_path, quick, monkeypatch):
    from comparators.callbacks import ExactResume

    losses = []
    arguments = ("pretrain", folder / "manifest.json", *QUICK, "--batch-size", 6, "--validation-fraction", 0)
    whole = run(*arguments, "-o", tmp_path / "whole.keras", "--json").document["history"]["loss"]
    end = ExactResume.on_epoch_end

    def stop(self, epoch, logs=None):
        end(self, epoch, logs)
        losses.append(logs["loss"])
        raise KeyboardInterrupt

    monkeypatch.setattr(ExactResume, "on_epoch_end", stop)
    arguments = (*arguments, "-o", tmp_path / "m.keras")
    assert run(*arguments).status == 130
    assert not (tmp_path / "m.keras").exists()
    monkeypatch.setattr(ExactResume, "on_epoch_end", end)
    other = run(*arguments, "--mask-ratio", 0.5)
    assert other.status == 2
    assert "had other settings: mask_ratio=0.75, not 0.5" in other.err
    result = run(*arguments, "--json")
    assert "going on with the training" in result.err
    assert result.document["history"]["loss"] == pytest.approx(whole, rel=1e-5)
    assert result.document["history"]["loss"][:1] == losses


# The other commands.


def test_other_commands_take_its_model_and_clips(run, folder, tmp_path, model_path):
    manifest = folder / "manifest.json"
    figures = run("evaluate", model_path, manifest, "--json", "-q").document
    assert figures["matches"] == 11
    pairs = run("evaluate", model_path, folder / "pairs.csv", "--json", "-q").document
    assert pairs["retrieval"] == figures["retrieval"]
    assert pairs["label_recall_at_1"] is not None
    assert figures["label_recall_at_1"] == pairs["label_recall_at_1"], "clips of one label each"
    for role, count in (("audio", 11), ("image", 12)):
        arguments = ("--model", model_path, "--role", role, "-q")
        assert run("embed", manifest, "-o", tmp_path / f"{role}.npz", *arguments).status == (1 if count == 11 else 0)
        assert EmbeddingTable.load(tmp_path / f"{role}.npz").vectors.shape == (count, 48)
        picture = tmp_path / f"{role}.png"
        run("plot", manifest, "-o", picture, "--projection", "pca", *arguments)
        assert picture.stat().st_size > 1_000
    stored = run("search", model_path, folder / "sound/003.wav", tmp_path / "image.npz", "--json", "-q").document
    assert stored["searched"] == 12
    alone = run("evaluate", model_path, manifest, "--role", "image", "--json", "-q")
    assert (alone.document["images"], alone.document["labels"]) == (12, 2)


# Bad input.


def test_clips_that_cannot_be_read_are_replaced_or_stop_the_training(run, folder, rows, tmp_path, quick):
    write_clips(tmp_path / "c")
    (tmp_path / "c/sound/004.wav").write_bytes(b"")
    for frame in range(NUM_FRAMES):
        (tmp_path / f"c/frames/frame_{frame}/007.jpg").unlink()
    arguments = ("pretrain", tmp_path / "c/manifest.json", "-o", tmp_path / "m.keras", *QUICK)
    arguments = (*arguments, "--validation", folder / "manifest.json", "--epochs", 1)
    result = run(*arguments, "--max-failed", 0.2, "--own-statistics")
    assert result.status == 1, result.err
    assert "Left out: row 4. " in result.err, "of the sounds' own statistics"
    assert "Replaced by another clip: row 4. " in result.err
    assert "007.jpg" in result.err
    (tmp_path / "m.keras").unlink()
    result = run(*arguments)
    assert result.status == 2
    assert "Too many clips cannot be loaded" in result.err
    assert "--max-failed" in result.err
    assert not (tmp_path / "m.keras").exists()


def test_validation_clips_that_cannot_be_read_are_left_out(run, folder, rows, tmp_path, model_path, quick):
    absolute = [{**row, "wav": str(folder / row["wav"]), "video_path": str(folder / "frames")} for row in rows]
    gone = write_manifest(tmp_path / "v.json", [*absolute[1:5], {**absolute[5], "wav": "gone.wav"}])
    arguments = ("--model", model_path, "--epochs", 1, "--validation", gone, "-q", "--json")
    result = run("pretrain", folder / "pairs.csv", "-o", tmp_path / "m.keras", *arguments)
    assert result.document["validation"]["matches"] == 4
    assert "left out: " in result.err
    assert "gone.wav" in result.err


def test_videos_without_sound_picture_or_length_are_left_out_before(run, make_video, tmp_path, quick):
    (tmp_path / "videos").mkdir()
    for number in range(4):
        make_video(tmp_path / f"videos/{number}.avi", tones=(200.0 * 2**number,) * 2)
    make_video(tmp_path / "videos/mute.avi", sound=False)
    make_video(tmp_path / "videos/dark.avi", picture=None)
    make_video(tmp_path / "videos/short.avi", num_pictures=0)
    out = tmp_path / "out"
    result = run("extract-video", tmp_path / "videos", "-o", out, "--frames", 2, "--size", 28, "-q")
    assert result.status == 1
    assert [f"{name}.avi" in result.err for name in ("mute", "dark", "short")] == [True] * 3
    arguments = (*QUICK, "--epochs", 1, "--validation-fraction", 0)
    result = run("pretrain", out / "manifest.json", "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 0, result.err
    assert "trained on 4 clips" in result.out
    assert "the network is not measured" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--frames", 100), "must be a multiple of the patch's, 8. Received: 100"),
        (("--image-size", 30), "must be a multiple of"),
        (("--size", "base", "--frames", 1000), "--frames is of no use with --size base"),
        (("--vanilla", "--contrastive-weight", 0.1), "--contrastive-weight is of no use with --vanilla"),
        (("--model", "m.keras", "--vanilla"), "--vanilla is of no use with --model"),
        (("--model", "m.keras", "--grey"), "--grey is of no use with --model"),
        (("--reconstruction-weight", 0, "--contrastive-weight", 0), "must not be negative, and one positive"),
        (("--split", "test"), "No column `split`"),
        (("--validation", "gone.json"), "gone.json"),
        (("--model", "speaker-encoder"), "A CAV-MAE is expected"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused(run, folder, tmp_path, arguments, message):
    arguments = arguments if "--model" in arguments else ("--size", "tiny", *arguments)
    result = run("pretrain", folder / "manifest.json", "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 2
    assert message in result.err
    assert not any(tmp_path.iterdir())


def test_manifests_that_are_none_are_named(run, folder, rows, tmp_path):
    text = json.dumps({"data": rows}, indent=1)
    lines = text[: text.rindex("]")].rstrip().count("\n") + 1
    (tmp_path / "comma.json").write_text(f"{text[: text.rindex(']')].rstrip()},\n]}}")
    mute = write_manifest(tmp_path / "mute.json", [{**rows[0], "wav": " "}])
    sounds = write_manifest(tmp_path / "sounds.json", [{"wav": row["wav"]} for row in rows])
    dark = write_manifest(tmp_path / "dark.json", [{**row, "video_path": "nowhere"} for row in rows])
    one = write_manifest(tmp_path / "one.json", [{**rows[1], "video_path": str(folder / "frames")}])
    for manifest, message in (
        (tmp_path / "comma.json", f"Trailing comma in line {lines} of '{tmp_path}/comma.json'"),
        (mute, "No `wav` in row 0"),
        (sounds, "No column `image`"),
        (dark, "No frames of 12 clips"),
        (one, "Training needs two clips or more. Received: 1"),
        (folder / "sound", "A folder does not say what belongs together"),
    ):
        result = run("pretrain", manifest, "-o", tmp_path / "m.keras", *QUICK)
        assert result.status == 2
        assert message in result.err


def test_weights_to_begin_with(run, folder, tmp_path, quick):
    from comparators.models import CAVMAE

    def write(name, **sizes):
        model, random = CAVMAE.tiny(image_shape=(28, 28, 3), **sizes), np.random.default_rng(1)
        state = {
            weight.names[0]: random.normal(0, 0.02, weight.shape).astype("float32") for weight in model.torch_weights()
        }
        np.savez(tmp_path / name, **state)
        return state

    state = write("fits.npz")
    write("wide.npz", embedding_dim=32)
    arguments = ("pretrain", folder / "manifest.json", "-o", tmp_path / "m.keras", *QUICK)
    result = run(*arguments, "--checkpoint", tmp_path / "wide.npz")
    assert result.status == 2
    assert "Of another shape: " in result.err
    assert "is (32,), not (48,)" in result.err
    result = run(*arguments, "--image-mae", tmp_path / "wide.npz")
    assert result.status == 2
    assert "The weights do not fit, and nothing was loaded" in result.err
    small = ("--learning-rate", 1e-9, "--epochs", 1, "--validation-fraction", 0)
    assert run(*arguments, "--checkpoint", tmp_path / "fits.npz", *small).status == 0
    written = {weight.names[0]: weight.variable for weight in comparators.load(tmp_path / "m.keras").torch_weights()}
    np.testing.assert_allclose(np.asarray(written["modality_a"]), state["modality_a"], atol=1e-6)
