"""Values that a callback measures after epochs, and keeps in the logs in between."""

import keras


class EpochMeasures(keras.callbacks.Callback):
    """Base of callbacks that put what they measure into the logs of each epoch.

    Subclasses define `measure()`, from the model as it is now to name in the logs -> value. The first and the last of
    `epochs` are always measured; between two measurements, and where a training stops early, the logs keep the last
    values.

    Args:
        every: epochs from one measurement to the next.
        batch_size: items embedded at a time.

    Attributes:
        values: name in the logs -> value, of the last measurement.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> EpochMeasures(every=0, batch_size=64)
        Traceback (most recent call last):
        ValueError: `every` must be positive. Received: every=0.
    """

    def __init__(self, every: int, batch_size: int):
        super().__init__()
        for argument, value in (("every", every), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        self.every, self.batch_size = every, batch_size
        self.values: dict[str, float] = {}

    def measure(self) -> dict[str, float]:
        """Measures the model as it is now: name in the logs -> value."""
        raise NotImplementedError(f"`{type(self).__name__}` must define `measure()`.")

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.values = {}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        last = (self.params or {}).get("epochs")
        if not self.values or (epoch + 1) % self.every == 0 or epoch + 1 == last:
            self.values = self.measure()
        if logs is not None:
            logs.update(self.values)
