"""How the networks of spoken captions were trained, as their papers and code say it."""

from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class TrainingPreset:
    """A published training: batches, epochs, and the optimiser with its schedule.

    Args:
        batch_size: rows of a batch.
        epochs: over the training set.
        optimizer: `"sgd"` (momentum .9) or `"adam"`.
        learning_rate: at the start.
        decay: what the rate is multiplied by, every `decay_epochs`.
        decay_epochs: after how many epochs.
        l2: weight decay, added to the gradient (SGD) or to the loss.
    """

    batch_size: int
    epochs: int
    optimizer: str
    learning_rate: float
    decay: float
    decay_epochs: int
    l2: float = 0.0

    def make_optimizer(self, steps_per_epoch: int) -> keras.optimizers.Optimizer:
        """Returns the optimiser, with a schedule in steps.

        Args:
            steps_per_epoch: `len(batches)`.
        """
        rate = keras.optimizers.schedules.ExponentialDecay(
            self.learning_rate, self.decay_epochs * steps_per_epoch, self.decay, staircase=True
        )
        # Keras decays weights by rate * weight_decay * weight, as adding the decay to the gradient of plain SGD does.
        decay = self.l2 or None
        if self.optimizer == "sgd":
            return keras.optimizers.SGD(rate, momentum=0.9, weight_decay=decay)
        return keras.optimizers.Adam(rate, weight_decay=decay)


TRAINING_PRESETS = {
    "nips2016": TrainingPreset(128, 50, "sgd", 1e-5, 0.4, 8),
    "acl2017": TrainingPreset(128, 50, "sgd", 1e-5, 0.4, 8),
    "davenet": TrainingPreset(100, 100, "sgd", 1e-3, 0.1, 40, 5e-7),
    "davenet_paper": TrainingPreset(128, 150, "sgd", 1e-3, 0.1, 70, 5e-7),
    "resdavenet": TrainingPreset(64, 150, "adam", 2e-4, 0.95, 3, 5e-7),
}
"""Published trainings by name. The rates of `nips2016` fell by 2 to 5 every 5 to 10 epochs: here by 2.5 every 8."""


def training_preset(name: str) -> TrainingPreset:
    """Returns a published training.

    Args:
        name: one of `TRAINING_PRESETS`.

    Raises:
        ValueError: there is none of this name.

    Example:
        >>> preset = training_preset("davenet")
        >>> preset.batch_size, type(preset.make_optimizer(steps_per_epoch=400)).__name__
        (100, 'SGD')
    """
    if name not in TRAINING_PRESETS:
        raise ValueError(f"`name` must be one of {', '.join(TRAINING_PRESETS)}. Received: name={name!r}.")
    return TRAINING_PRESETS[name]
