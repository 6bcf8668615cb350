"""A learning rate that falls in steps of epochs."""

import keras


class StepDecay(keras.callbacks.LearningRateScheduler):
    """Multiplies the learning rate by a factor every few epochs, from a given one on; `learning_rate` is in the logs.

    The rate is a function of the epoch alone, so that a training that goes on has the right one. Published recipes:
    CAV-MAE's pre-training is `StepDecay(rate, first_epoch=10, every=5)`, AST's ESC-50 `StepDecay(rate, 5, 1, 0.85)`.

    Args:
        learning_rate: of the first epochs.
        first_epoch: number of epochs before the rate first falls.
        every: epochs from one fall to the next.
        factor: what the rate is multiplied by at each.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> decay = StepDecay(1e-4, first_epoch=2, every=2)
        >>> [decay.rate(epoch) for epoch in range(6)]
        [0.0001, 0.0001, 5e-05, 5e-05, 2.5e-05, 2.5e-05]
    """

    def __init__(self, learning_rate: float, first_epoch: int, every: int = 1, factor: float = 0.5):
        super().__init__(lambda epoch, _: self.rate(epoch))
        for name, value in {"learning_rate": learning_rate, "every": every, "factor": factor}.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        if first_epoch < 0:
            raise ValueError(f"`first_epoch` must not be negative. Received: first_epoch={first_epoch}.")
        self.learning_rate, self.first_epoch, self.every, self.factor = learning_rate, first_epoch, every, factor

    def rate(self, epoch: int) -> float:
        """Returns the learning rate of an epoch, from 0."""
        falls = max(0, (epoch - self.first_epoch) // self.every + 1)
        return self.learning_rate * self.factor**falls
