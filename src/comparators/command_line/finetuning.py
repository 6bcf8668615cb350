"""The steps of `comparators finetune`: a classifier on a pre-trained network, its clips, the training, its figures."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from comparators.callbacks.step_decay import StepDecay
from comparators.command_line.clip_evaluation import measure_scores
from comparators.command_line.clip_training import (
    ClipSources,
    TrainedClips,
    clip_labels,
    fit_clips,
    in_float32,
    optimizer_steps,
    precision,
    readable_clips,
)
from comparators.command_line.report import counted, note
from comparators.command_line.training_backup import TrainingBackup
from comparators.custom_layers.noise_and_roll import NoiseAndRoll
from comparators.custom_layers.spec_augment import SpecAugment
from comparators.generators.clip_batches import ClipBatches
from comparators.generators.label_table import LabelTable
from comparators.generators.row_sampler import RowSampler
from comparators.generators.weighted_sampler import WeightedSampler, balanced_weights
from comparators.models.average_weights import average_weights
from comparators.models.cavmae import CAVMAE
from comparators.models.cavmae_classifier import CAVMAEClassifier
from comparators.models.grouped_adam import GroupedAdam
from comparators.recognition.atomic_file import replaced_path

ROLES = {"multimodal": ("audio", "image"), "audioonly": ("audio",), "videoonly": ("image",)}
"""Mode -> which roles it takes."""

_LOSSES = {"binary": keras.losses.BinaryCrossentropy, "categorical": keras.losses.CategoricalCrossentropy}
_ACTIVATIONS = {"binary": "sigmoid", "categorical": "softmax"}
_L2 = 5e-7  # as published


class FineTuning(NamedTuple):
    """How a classifier is trained, see the options of `comparators finetune`."""

    mode: str
    loss: str | None
    epochs: int
    batch_size: int
    learning_rate: float
    head_factor: float
    decay_from: int | None
    balanced: bool
    mixup: float
    label_smoothing: float
    augment: bool
    frequency_mask: int | None
    time_mask: int | None
    average_from: int | None
    accumulate: int
    mixed_precision: bool
    max_failed_share: float
    workers: int
    seed: int

    def augmentation(self, model: CAVMAE) -> list[keras.layers.Layer]:
        """Makes the layers on spectrograms: masks of the published share of bands and frames, noise and a shift."""
        if not self.augment:
            return []
        front_end, (frames, bands) = model.encoder_of("audio").encoder.front_end, model.backbone.spectrogram_shape
        widths = (
            round(bands * 48 / 128) if self.frequency_mask is None else self.frequency_mask,
            round(frames * 192 / 1024) if self.time_mask is None else self.time_mask,
        )
        fill = getattr(front_end, "zero_level", "mean")
        masks = SpecAugment.one_mask_each(*widths, fill=fill, seed=self.seed)
        return [masks, NoiseAndRoll(seed=self.seed + 1)]


def fine_tune(
    model: CAVMAE, sources: ClipSources, labels: Path | None, how: FineTuning, backup: TrainingBackup, quiet: bool
) -> TrainedClips:
    """Trains a classifier on clips with labels, and measures it on those kept out."""
    keras.utils.set_random_seed(how.seed)
    table, held_out = sources.read(ROLES[how.mode], how.seed, "nothing is measured")
    rows = clip_labels(table, sources.manifest, sources.label_column)
    names = LabelTable.of(rows) if labels is None else LabelTable.read(labels)
    targets = names.targets(rows)
    if len(names) == 1 and targets.all():
        raise ValueError(
            f"Fine-tuning needs clips of two labels or more. Received: '{names.labels[0]}' alone, in all of "
            f"{counted(len(targets), 'clip')}. Add clips of others."
        )
    loss = how.loss or _loss_for(targets)
    if loss == "categorical" and (targets.sum(axis=1) == 0).any():
        raise ValueError("`--loss categorical` needs a label of each clip. Received: clips without. Take `binary`.")
    wanted = None
    if held_out is not None:
        held_out, _ = readable_clips(model.clip_reader, held_out)
        wanted = names.targets(clip_labels(held_out, sources.validation or sources.manifest, sources.label_column))
    with precision(how.mixed_precision):
        classifier = CAVMAEClassifier.from_pretrained(
            model,
            len(names),
            how.mode,
            spectrogram_augmentation=how.augmentation(model),
            labels=names,
            activation=_ACTIVATIONS[loss],
        )
    batches = ClipBatches(
        model.clip_reader.items(table.table, table.roles, training=True),
        targets,
        _sampler(targets, how),
        how.mixup,
        label_smoothing=how.label_smoothing,
        max_failed_share=how.max_failed_share,
        workers=how.workers,
    )
    validation = None
    if held_out is not None:
        shown = model.clip_reader.items(held_out.table, held_out.roles)
        sampler = RowSampler(len(held_out), min(how.batch_size, len(held_out)), how.seed)
        validation = ClipBatches(shown, wanted, sampler, workers=how.workers, redraw=False)
    head = {r"(^|/)head(_norm)?/": how.head_factor}
    steps = optimizer_steps(how.accumulate)
    optimizer = GroupedAdam(how.learning_rate, head, l2=_L2, gradient_accumulation_steps=steps)
    classifier.compile(optimizer, _LOSSES[loss](from_logits=True, name="loss"))
    decay = StepDecay(how.learning_rate, max(1, how.epochs // 3) if how.decay_from is None else how.decay_from)
    weights = _EpochWeights(backup.folder, how)
    history = fit_clips(
        classifier, batches, validation, how.epochs, [decay, weights.callback(classifier)], backup, quiet
    )
    weights.average(classifier)
    classifier = in_float32(classifier) if how.mixed_precision else classifier
    figures = None
    if held_out is not None:
        figures = measure_scores(classifier.score(held_out.table, how.batch_size), wanted)
    return TrainedClips(classifier.with_mode(how.mode), history, figures, len(table), batches.failures)


class _EpochWeights:
    """The weights of the epochs that are averaged in the end, in files, so that they outlive a training that stops."""

    def __init__(self, folder: Path, how: FineTuning):
        self.folder, self.epochs = folder, range(how.average_from or how.epochs + 1, how.epochs + 1)

    def callback(self, model: keras.Model) -> keras.callbacks.Callback:
        def check(epoch: int, logs: dict) -> None:
            missing = [done for done in self.epochs if done <= epoch and not self._path(done).is_file()]
            if missing:
                raise FileNotFoundError(
                    f"The weights of all epochs that are averaged must be in '{self.folder}'. Received: none of epoch "
                    f"{', '.join(map(str, missing))}. Remove the folder to begin anew."
                )

        def save(epoch: int, logs: dict) -> None:
            if epoch + 1 in self.epochs:
                with replaced_path(self._path(epoch + 1)) as partial:
                    model.save_weights(partial)

        return keras.callbacks.LambdaCallback(on_epoch_begin=check, on_epoch_end=save)

    def average(self, model: keras.Model) -> None:
        if self.epochs:
            average_weights(model, [self._path(epoch) for epoch in self.epochs])

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{epoch}.weights.h5"


def _loss_for(targets: np.ndarray) -> str:
    """Chooses the loss by how many labels clips have, and says why."""
    counts = targets.sum(axis=1)
    others = {"no label": (counts == 0).sum(), "several": (counts > 1).sum()}
    reasons = [f"{number:,} with {what}" for what, number in others.items() if number]
    loss = "binary" if reasons else "categorical"
    note(f"--loss {loss}: {counted(len(targets), 'clip')}, {' and '.join(reasons) or 'each with one label'}")
    return loss


def _sampler(targets: np.ndarray, how: FineTuning) -> RowSampler:
    batch_size = min(how.batch_size, len(targets))
    if how.balanced:
        return WeightedSampler(balanced_weights(targets), batch_size, how.seed)
    return RowSampler(len(targets), batch_size, how.seed)
