"""`comparators finetune`: each mode, the recipe's parts, what it prints, and labels that do not fit."""

import keras
import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.callbacks import ExactResume
from comparators.custom_layers import NoiseAndRoll, SpecAugment
from comparators.generators import WeightedSampler
from comparators.models import CAVMAE, CAVMAEClassifier

from .clips import LABELS, write_clips, write_manifest

QUICK = ("--epochs", 2, "--batch-size", 4, "--learning-rate", 1e-3, "--head-factor", 10, "-q")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    rows = write_clips(folder)
    table = pd.DataFrame({"path": [row["wav"] for row in rows], "label": [LABELS[n % 2] for n in range(12)]})
    table.to_csv(folder / "sounds.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("model") / "pretrained.keras"
    CAVMAE.tiny(image_shape=(28, 28, 3), seed=0).save(path)
    return path


def compile_with(monkeypatch, **options) -> list[tuple]:
    """Has classifiers compiled without XLA, which takes longer than few steps; returns the optimizers and losses."""
    compiled, compile_model = [], CAVMAEClassifier.compile

    def compile_quickly(self, optimizer, loss):
        compiled.append((optimizer, loss))
        compile_model(self, optimizer, loss, jit_compile=False, **options)

    monkeypatch.setattr(CAVMAEClassifier, "compile", compile_quickly)
    return compiled


@pytest.fixture
def compiled(monkeypatch) -> list[tuple]:
    return compile_with(monkeypatch, run_eagerly=True)


def test_the_whole_way(run, folder, pretrained, tmp_path, compiled):
    labels = ("--labels", folder / "labels.csv")
    arguments = ("--validation", folder / "manifest.json", "--average-from", 1, "--balanced", *QUICK)
    output = tmp_path / "c.keras"
    result = run(
        "finetune", folder / "manifest.json", "-o", output, "--model", pretrained, *labels, *arguments, "--json"
    )
    assert result.status == 0, result.err
    assert np.isfinite(result.document["history"]["loss"]).all()
    assert result.document["history"]["learning_rate"] == pytest.approx([1e-3, 5e-4])
    figures = result.document["validation"]
    assert figures["clips"] == 12
    assert 0 < figures["map"] <= 1
    assert 0 <= figures["accuracy"] <= 1
    ((optimizer, loss),) = compiled
    assert isinstance(loss, keras.losses.CategoricalCrossentropy)  # each clip has one label
    model = keras.saving.load_model(output)
    assert model.labels == ["Rain", "Dog"], "in the order of their indices"
    assert not model.compiled
    assert [type(layer) for layer in model.spectrogram_augmentation] == [SpecAugment, NoiseAndRoll]
    masks, front_end = model.spectrogram_augmentation[0], model.front_ends["audio"]
    assert (masks.max_frequency_bins, masks.max_time_frames) == (12, 12)  # of 32 bands and 64 frames
    assert masks.fill == pytest.approx(-front_end.mean / front_end.std)
    factors = {weight.path: optimizer.factor_of(weight) for weight in model.trainable_weights}
    assert {path for path, factor in factors.items() if factor == 10} == {
        f"{layer.path}/{name}"
        for layer, names in ((model.head, ("kernel", "bias")), (model.head_norm, ("gamma", "beta")))
        for name in names
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.keras"]
    measured = run("evaluate", output, folder / "manifest.json", "--json", "-q")
    assert measured.status == 0
    for name, value in figures.items():
        assert measured.document[name] == (None if value is None else pytest.approx(value, rel=1e-4))
    assert model.predicted_labels(comparators.generators.read_clip_manifest(folder / "manifest.json")).shape == (12,)


def test_evaluation_of_clips_that_do_not_fit(run, folder, pretrained, tmp_path, compiled):
    model = CAVMAEClassifier.from_pretrained(keras.saving.load_model(pretrained), 2, labels=["/m/dog", "/m/rain"])
    model.save(tmp_path / "c.keras")
    CAVMAEClassifier(model.backbone, 2).save(tmp_path / "bare.keras")
    write_clips(tmp_path / "c", num_clips=4)
    (tmp_path / "c/sound/001.wav").write_bytes(b"")
    left = run("evaluate", tmp_path / "c.keras", tmp_path / "c/manifest.json", "--json", "-q")
    assert (left.status, left.document["clips"], len(left.document["failures"])) == (1, 3, 1)
    rows = write_clips(tmp_path / "d", num_clips=2)
    for name, content in (("cat", "/m/cat"), ("none", "")):
        write_manifest(tmp_path / f"d/{name}.json", [row | {"labels": content} for row in rows])
    manifest = folder / "manifest.json"
    for arguments, message in (
        (("c.keras", tmp_path / "d/cat.json"), "1 labels are not in the table of 2: '/m/cat'"),
        (("c.keras", tmp_path / "d/none.json"), "Clips need labels"),
        (("c.keras", manifest, "--role", "audio"), "has no roles and no threshold"),
        (("c.keras", manifest, "-o", tmp_path / "o.keras"), "has no roles and no threshold"),
        (("bare.keras", manifest), "has no readers of files, or no labels"),
    ):
        result = run("evaluate", tmp_path / arguments[0], *arguments[1:])
        assert result.status == 2
        assert message in result.err
        assert not (tmp_path / "o.keras").exists()


def test_weights_are_averaged_over_epochs(run, folder, pretrained, tmp_path, compiled, monkeypatch):
    weights, end = [], ExactResume.on_epoch_end

    def keep(self, epoch, logs=None):
        end(self, epoch, logs)
        weights.append(self.model.head.get_weights()[0])

    monkeypatch.setattr(ExactResume, "on_epoch_end", keep)
    arguments = ("-o", tmp_path / "c.keras", "--model", pretrained, "--mode", "audioonly", "--average-from", 2, *QUICK)
    assert run("finetune", folder / "sounds.csv", *arguments, "--epochs", 3).status == 0
    model = keras.saving.load_model(tmp_path / "c.keras")
    np.testing.assert_allclose(model.head.get_weights()[0], (weights[1] + weights[2]) / 2, atol=1e-6)
    assert (model.mode, model.labels) == ("audioonly", ["dog", "rain"])


@pytest.mark.parametrize("column", ["label", "kind"])
def test_one_label_may_have_a_comma(run, folder, pretrained, tmp_path, compiled, column):
    sounds = pd.read_csv(folder / "sounds.csv").replace("dog", "door, wood knock").rename(columns={"label": column})
    sounds["path"] = [str(folder / name) for name in sounds["path"]]
    sounds.to_csv(tmp_path / "s.csv", index=False)
    how = ("--mode", "audioonly", *QUICK, "--epochs", 1, *(() if column == "label" else ("--label-column", column)))
    result = run("finetune", tmp_path / "s.csv", "-o", tmp_path / "c.keras", "--model", pretrained, *how)
    assert result.status == 0, result.err
    assert "each with one label" in result.err
    assert keras.saving.load_model(tmp_path / "c.keras").labels == ["door, wood knock", "rain"]


def test_an_average_over_epochs_survives_a_stop_right_after_a_backup(
    run, folder, pretrained, tmp_path, compiled, monkeypatch
):
    end = ExactResume.on_epoch_end
    arguments = ("finetune", folder / "sounds.csv", "--model", pretrained, "--mode", "audioonly", "--average-from", 2)
    arguments = (*arguments, *QUICK, "--epochs", 3)
    assert run(*arguments, "-o", tmp_path / "whole.keras").status == 0

    def stop(self, epoch, logs=None):
        end(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    for name in ("cut", "gone"):
        with monkeypatch.context() as patch:
            patch.setattr(ExactResume, "on_epoch_end", stop)
            assert run(*arguments, "-o", tmp_path / f"{name}.keras").status == 130
    assert run(*arguments, "-o", tmp_path / "cut.keras").status == 0
    whole, cut = (keras.saving.load_model(tmp_path / f"{name}.keras") for name in ("whole", "cut"))
    for weight, expected in zip(cut.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-6)

    (tmp_path / "gone.keras.parts/2.weights.h5").unlink()
    result = run(*arguments, "-o", tmp_path / "gone.keras")
    assert result.status == 2
    assert "Received: none of epoch 2. Remove the folder to begin anew." in result.err
    assert "epoch 3 of 3" not in result.err, "told before the training"


def test_accumulated_in_half_precision(run, folder, pretrained, tmp_path, compiled):
    how = ("--mode", "audioonly", "--accumulate", 2, "--mixed-precision", *QUICK, "--epochs", 1)
    result = run("finetune", folder / "sounds.csv", "-o", tmp_path / "c.keras", "--model", pretrained, *how)
    assert result.status == 0, result.err
    (optimizer, _), *_ = compiled
    assert optimizer.gradient_accumulation_steps == 2
    model = keras.saving.load_model(tmp_path / "c.keras")
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}


def test_pictures_alone_and_several_labels(run, folder, pretrained, tmp_path, compiled):
    table = comparators.read_manifest(folder / "manifest.json")
    rows = table.rename(columns={"path": "wav"}).assign(labels=["/m/dog,/m/rain", "", *table["labels"][2:]])
    manifest = write_manifest(tmp_path / "several.json", rows.to_dict("records"))
    arguments = ("--mode", "videoonly", "--plain", "--mixup", 0, "--validation", manifest, *QUICK, "--epochs", 1)
    result = run("finetune", manifest, "-o", tmp_path / "c.keras", "--model", pretrained, *arguments)
    assert result.status == 0, result.err
    assert "trained on 12 clips, 2 labels" in result.out
    assert result.out.splitlines()[1].split() == ["clips", "map", "auc", "d_prime", "accuracy"]
    assert result.out.splitlines()[2].split()[-1] == "-", "accuracy is of clips with one label"
    assert isinstance(compiled[0][1], keras.losses.BinaryCrossentropy)
    assert "--loss binary: 12 clips, 1 with no label and 1 with several" in result.err
    assert keras.saving.load_model(tmp_path / "c.keras").spectrogram_augmentation == []
    refused = run("finetune", manifest, "-o", tmp_path / "c.keras", "--model", pretrained, "--loss", "categorical")
    assert refused.status == 2
    assert "needs a label of each clip" in refused.err


@pytest.mark.slow
def test_it_learns_and_scores_all_frames(run, folder, pretrained, tmp_path, monkeypatch):
    compile_with(monkeypatch)
    recipe = ("--learning-rate", 1e-3, "--head-factor", 5, "--decay-from", 20, "--mixup", 0, "--plain")
    arguments = (*recipe, "--epochs", 20, "--batch-size", 12, "--validation", folder / "manifest.json")
    arguments = (*arguments, "--mode", "videoonly", "-q", "--json")
    result = run("finetune", folder / "manifest.json", "-o", tmp_path / "c.keras", "--model", pretrained, *arguments)
    assert result.document["validation"]["accuracy"] >= 11 / 12  # one clip is black


def test_balanced_sampling_draws_by_weight(run, folder, pretrained, tmp_path, compiled, monkeypatch):
    from comparators.command_line import finetuning

    drawn = []

    class Noted(WeightedSampler):
        def __init__(self, weights, batch_size, seed=0):
            drawn.append(weights)
            super().__init__(weights, batch_size, seed)

    monkeypatch.setattr(finetuning, "WeightedSampler", Noted)
    sounds = pd.read_csv(folder / "sounds.csv").assign(label=["dog", *["rain"] * 11])
    sounds["path"] = [str(folder / name) for name in sounds["path"]]
    sounds.to_csv(tmp_path / "s.csv", index=False)
    arguments = ("--mode", "audioonly", "--balanced", "--validation-fraction", 0, *QUICK, "--epochs", 1)
    result = run("finetune", tmp_path / "s.csv", "-o", tmp_path / "c.keras", "--model", pretrained, *arguments)
    assert result.status == 0, result.err
    assert "nothing is measured" in result.err
    assert drawn[0][0] == pytest.approx(11 * drawn[0][1], rel=0.02)


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--labels", "few.csv"),
            "1 labels are not in the table of 1: '/m/dog', in rows 0, 2, 4, 6, 8 ... of the items",
        ),
        (("--labels", "gone.csv"), "No such table of labels"),
        (("--model", "speaker-encoder"), "A CAV-MAE is expected"),
        (("--average-from", 9), "`--average-from` must be one of 2 epochs. Received: 9"),
        (("--plain", "--time-mask", 3), "--time-mask is of no use with --plain"),
        (("--label-column", "kind"), "No column `kind`"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused(run, folder, pretrained, tmp_path, arguments, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.csv").write_text("index,mid,display_name\n0,/m/rain,Rain\n")
    arguments = ("--model", pretrained, *QUICK, "--validation-fraction", 0, *arguments)
    result = run("finetune", folder / "manifest.json", "-o", tmp_path / "c.keras", *arguments)
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "c.keras").exists()


def test_clips_without_labels_are_refused(run, folder, pretrained, tmp_path):
    sounds = pd.read_csv(folder / "sounds.csv")[["path"]]
    sounds["path"] = [str(folder / name) for name in sounds["path"]]
    sounds.to_csv(tmp_path / "s.csv", index=False)
    arguments = ("-o", tmp_path / "c.keras", "--model", pretrained, "--mode", "audioonly", *QUICK)
    result = run("finetune", tmp_path / "s.csv", *arguments)
    assert result.status == 2
    assert "Clips need labels" in result.err


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", "Clips need labels, a column `labels` or `label` (or --label-column). Received: clips of"),
        ("/m/dog", "needs clips of two labels or more. Received: '/m/dog' alone, in all of 12 clips"),
    ],
)
def test_manifests_with_nothing_to_tell_apart_are_refused(run, folder, pretrained, tmp_path, label, message):
    table = comparators.read_manifest(folder / "manifest.json").rename(columns={"path": "wav"}).assign(labels=label)
    manifest = write_manifest(tmp_path / "m.json", table.to_dict("records"))
    result = run(
        "finetune", manifest, "-o", tmp_path / "c.keras", "--model", pretrained, "--validation-fraction", 0, *QUICK
    )
    assert result.status == 2
    assert message in result.err
