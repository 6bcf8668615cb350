"""The steps of `comparators pretrain`: a network of sounds and images, its clips, the training, what it has learnt."""

from pathlib import Path
from typing import NamedTuple

import keras

from comparators.acoustics.kaldi_fbank import kaldi_fbank
from comparators.callbacks.step_decay import StepDecay
from comparators.command_line.clip_training import (
    ClipSources,
    TrainedClips,
    fit_clips,
    in_float32,
    optimizer_steps,
    precision,
    readable_clips,
)
from comparators.command_line.inputs import load_any_model, source_names
from comparators.command_line.match_evaluation import measure_matches, score_matches
from comparators.command_line.match_table import MatchTable
from comparators.command_line.report import note
from comparators.command_line.training_backup import TrainingBackup
from comparators.custom_layers.cavmae_objective import CAVMAEObjective
from comparators.custom_layers.noise_and_roll import NoiseAndRoll
from comparators.generators.clip_batches import ClipBatches
from comparators.generators.norm_stats import compute_norm_stats
from comparators.generators.row_sampler import RowSampler
from comparators.models.cavmae import CAVMAE, FIXED_POSITIONS
from comparators.models.convert import load_state
from comparators.models.grouped_adam import GroupedAdam
from comparators.models.image_mae import load_image_mae

ROLES = ("audio", "image")

_L2 = 5e-7  # as published


class NewClipModel(NamedTuple):
    """What a network is to be like, and what it begins with.

    Attributes:
        size: `"tiny"`, `"small"` or `"base"`.
        frames: of a spectrogram, a hundred a second; None takes the size's own.
        image_size: height and width of the images; None takes the size's own.
        grey: images of one channel.
        vanilla: one joint encoder in place of one for each role and a shared one.
        own_statistics: mean and deviation of the recordings, in place of AudioSet's.
        model_name: a model to go on from, in place of a new one.
        image_mae: weights of a masked autoencoder of images.
        checkpoint: weights of a published CAV-MAE.
        objective: reconstruction and contrast.
        mask_mode: how sounds are hidden.
        mask_ratio: share of hidden patches.
        augment: whether spectrograms get noise and shifts in training.
    """

    size: str
    frames: int | None
    image_size: int | None
    grey: bool
    vanilla: bool
    own_statistics: bool
    model_name: str | None
    image_mae: Path | None
    checkpoint: Path | None
    objective: CAVMAEObjective
    mask_mode: str
    mask_ratio: float
    augment: bool

    def make(self, table: MatchTable, seed: int, max_failed_share: float) -> CAVMAE:
        """Makes the network, or loads it.

        Args:
            table: of the clips that it is to be trained on.
            seed: of all random draws.
            max_failed_share: of the sounds, how many may be left out of their own statistics.

        Raises:
            ValueError: patches do not fill a size, or weights are of another one; or the model is none of the kind.
        """
        training = {"mask_mode": self.mask_mode, "mask_ratio": self.mask_ratio, "seed": seed}
        training["spectrogram_augmentation"] = [NoiseAndRoll(seed=seed)] if self.augment else []
        if self.model_name is not None:
            before = load_clip_model(self.model_name)
            model = CAVMAE(**CAVMAE.parts_from_config(before.get_config()) | training)
            model.set_weights(before.get_weights())
            return model.with_objective(self.objective)
        training |= self._statistics(table, max_failed_share)
        if self.size == "base":
            model = CAVMAE.base(vanilla=self.vanilla, **training)
        else:
            training |= {"modality_specific_depth": 0} if self.vanilla else {}
            model = getattr(CAVMAE, self.size)(**self._shapes(), **training)
        if self.image_mae is not None:
            load_image_mae(model.backbone, self.image_mae)
        if self.checkpoint is not None:
            load_state(model, self.checkpoint, unused=FIXED_POSITIONS)
        return model.with_objective(self.objective)

    def _statistics(self, table: MatchTable, max_failed_share: float) -> dict[str, float]:
        if not self.own_statistics:
            return {}
        files = table.items["audio"]
        bands = 128 if self.size == "base" else self._shapes()["spectrogram_shape"][1]
        stats = compute_norm_stats(
            files, lambda samples: kaldi_fbank(samples, num_mels=bands), max_failed_share=max_failed_share
        )
        note(f"sounds: mean {stats.mean:.4f}, standard deviation {stats.std:.4f}")
        return {"mean": stats.mean, "std": stats.std}

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        frames, bands = {"tiny": (64, 32), "small": (96, 64)}[self.size]
        side = self.image_size or 28
        return {"spectrogram_shape": (self.frames or frames, bands), "image_shape": (side, side, 1 if self.grey else 3)}


class Pretraining(NamedTuple):
    """How a network is trained, see the options of `comparators pretrain`."""

    epochs: int
    batch_size: int
    learning_rate: float
    accumulate: int
    mixed_precision: bool
    max_failed_share: float
    workers: int
    seed: int


def load_clip_model(name_or_path: str) -> CAVMAE:
    """Loads a pre-trained network of sounds and images.

    Raises:
        FileNotFoundError: see `load_model`.
        ValueError: if it is another kind of model.
    """
    model = load_any_model(name_or_path)
    if not isinstance(model, CAVMAE):
        raise ValueError(
            f"A CAV-MAE is expected, as `comparators pretrain` writes it. Received: a {type(model).__name__} in "
            f"'{name_or_path}'."
        )
    return model


def pretrain_clips(
    sources: ClipSources, new: NewClipModel, how: Pretraining, backup: TrainingBackup, quiet: bool
) -> TrainedClips:
    """Trains a network on clips without labels; fits its threshold on those kept out."""
    keras.utils.set_random_seed(how.seed)
    table, held_out = sources.read(ROLES, how.seed, "the network is not measured, and no threshold is fitted")
    if len(table) < 2:
        raise ValueError(f"Training needs two clips or more. Received: {len(table)}. Add others.")
    with precision(how.mixed_precision):
        model = new.make(table, how.seed, how.max_failed_share)

    def batches_of(clips, training: bool, **options) -> ClipBatches:
        sampler = RowSampler(len(clips), min(how.batch_size, len(clips)), how.seed)
        items = model.clip_reader.items(clips.table, clips.roles, training)
        return ClipBatches(items, None, sampler, workers=how.workers, **options)

    batches = batches_of(table, training=True, max_failed_share=how.max_failed_share)
    validation = None
    if held_out is not None:
        held_out, _ = readable_clips(model.clip_reader, held_out)
        validation = batches_of(held_out, training=False, redraw=False)
    steps = optimizer_steps(how.accumulate)
    model.compile(optimizer=GroupedAdam(how.learning_rate, l2=_L2, gradient_accumulation_steps=steps))
    # The published training halves the rate after 10 of 25 epochs and every 5.
    decay = StepDecay(how.learning_rate, max(1, round(0.4 * how.epochs)), max(1, round(0.2 * how.epochs)))
    history = fit_clips(model, batches, validation, how.epochs, [decay], backup, quiet)
    model = model.with_objective(model.objective)  # without the optimiser's state, two thirds of the file
    model = in_float32(model) if how.mixed_precision else model
    figures = None
    if held_out is not None:
        scored = score_matches(model, held_out, quiet=True)
        if 0 < scored.same.sum() < scored.same.size:
            origin = f"{len(scored.table):,} validation matches of {source_names([sources.manifest])}"
            model.fit_threshold(scored.scores, scored.same, origin=origin)
        figures = measure_matches(scored, model.threshold)
    return TrainedClips(model, history, figures, len(table), batches.failures)
