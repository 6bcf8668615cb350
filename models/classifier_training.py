"""How a classifier of sounds is trained on features in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from comparators.generators.array_items import ArrayItems
from comparators.generators.clip_batches import ClipBatches
from comparators.generators.row_sampler import RowSampler
from comparators.models.sound_classifier import SoundClassifier


@dataclass(frozen=True)
class ClassifierTraining:
    """A recipe for training a classifier from scratch: AdamW, a warm-up and a cosine, soft labels.

    With validation items the weights of the epoch with the lowest validation loss are kept, and training ends early
    after `patience` epochs without a lower one. Without, the last weights are.

    Args:
        epochs: passes over the training items.
        batch_size: items of a batch.
        learning_rate: highest one.
        weight_decay: of AdamW.
        label_smoothing: share of each label that is spread over all classes.
        mixup: probability that another item is mixed into one, see `ClipBatches`.
        mixup_alpha: 10 mixes halves, 0.4 mostly a little of the other.
        augmentation: makes the layers that change features in training only, in this order, such as `SpecAugment`.
        warm_up_epochs: over which the learning rate rises.
        patience: epochs; only with validation items.
        seed: of weights, batches and masks.

    Example:
        >>> from comparators.models import SharedConvolutionClassifier
        >>> from comparators.models.encoders import SharedConvolutionTrunk
        >>> features, codes = np.random.default_rng(0).normal(size=(8, 40, 40)).astype("float32"), np.arange(8) % 2
        >>> training = ClassifierTraining(epochs=1, batch_size=4)
        >>> make = lambda: SharedConvolutionClassifier(SharedConvolutionTrunk(40, 40), num_classes=2)
        >>> model = training.fit(make, features, codes)
        >>> model.predicted_labels(features).shape
        (8,)
    """

    epochs: int = 60
    batch_size: int = 24
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    mixup: float = 0.0
    mixup_alpha: float = 0.4
    augmentation: Sequence[Callable[[], keras.layers.Layer]] = field(default=())
    warm_up_epochs: int = 5
    patience: int = 20
    seed: int = 0

    def fit(
        self,
        make: Callable[[], SoundClassifier],
        features: np.ndarray,
        codes: np.ndarray,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> SoundClassifier:
        """Makes a classifier and trains it.

        Args:
            make: makes the classifier, after the seed was set.
            features: `(n, num_frames, num_features)`, as its trunk takes them.
            codes: class of each item, from 0, `(n,)`.
            validation: features and codes to choose the epoch by; None keeps the last.
            callbacks: more of them.

        Returns:
            The classifier, without the augmentation.
        """
        keras.utils.set_random_seed(self.seed)
        model = make()
        classes = np.eye(model.num_classes, dtype="float32")
        batches = ClipBatches(
            ArrayItems(features),
            classes[codes],
            RowSampler(len(codes), min(self.batch_size, len(codes)), self.seed),
            self.mixup,
            self.mixup_alpha,
            self.label_smoothing,
        )
        layers = [make_layer() for make_layer in self.augmentation]
        learner = keras.Sequential([keras.Input(features.shape[1:]), *layers, model])
        learner.compile(
            optimizer=keras.optimizers.AdamW(self._schedule(len(batches)), weight_decay=self.weight_decay),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        callbacks, held_out = list(callbacks), None
        if validation is not None:
            held_out = (validation[0], classes[validation[1]])
            callbacks.append(
                keras.callbacks.EarlyStopping("val_loss", patience=self.patience, restore_best_weights=True)
            )
        learner.fit(batches, validation_data=held_out, epochs=self.epochs, callbacks=callbacks, verbose=0)
        return model

    def _schedule(self, num_batches: int) -> keras.optimizers.schedules.LearningRateSchedule:
        warm_up = min(self.warm_up_epochs, self.epochs - 1) * num_batches
        falling = self.epochs * num_batches - warm_up
        if not warm_up:
            return keras.optimizers.schedules.CosineDecay(self.learning_rate, falling)
        return keras.optimizers.schedules.CosineDecay(
            0.0, falling, warmup_target=self.learning_rate, warmup_steps=warm_up
        )
