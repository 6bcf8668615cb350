"""Items that are arrays in memory."""

from collections.abc import Sequence

import numpy as np


class ArrayItems:
    """Arrays in memory (images, cached features, padded waveforms) as the items of batches.

    Args:
        arrays: the items, `(n, ...)`.
        lengths: of the items within a padded array, `(n,)`. With them the inputs are a dict.
        input_name: key of the items in that dict: `"features"` for a trunk, `"waveforms"` for a whole encoder.

    Attributes:
        inputs: all items as a batch takes them: the array, or `{input_name: arrays, "lengths": lengths}`.

    Raises:
        ValueError: there are no items, or the lengths are not one for each item.

    Example:
        >>> items = ArrayItems(np.arange(12).reshape(4, 3))
        >>> len(items), items.take(np.array([2, 0]), np.random.default_rng(0)).tolist()
        (4, [[6, 7, 8], [0, 1, 2]])
    """

    def __init__(self, arrays: np.ndarray, lengths: Sequence | np.ndarray | None = None, input_name: str = "features"):
        arrays = np.asarray(arrays)
        if not arrays.ndim or not len(arrays):
            raise ValueError(f"`arrays` must hold at least one item, `(n, ...)`. Received: shape {arrays.shape}.")
        if arrays.dtype == object:
            raise ValueError(
                "`arrays` must be one array of numbers. Received: objects, as of items that differ in shape. "
                "Pad them to one shape, and say their `lengths`."
            )
        self._num_items = len(arrays)
        if lengths is None:
            self.inputs = arrays
            return
        lengths = np.asarray(lengths, np.int32)
        if lengths.shape != (len(arrays),):
            raise ValueError(
                f"`lengths` must have one entry for each of the {len(arrays)} items. Received: {len(lengths)}."
            )
        self.inputs = {input_name: arrays, "lengths": lengths}

    def __len__(self) -> int:
        return self._num_items

    def take(self, indices: np.ndarray, random: np.random.Generator) -> np.ndarray | dict[str, np.ndarray]:
        """Returns some items as one batch's inputs; nothing about them is random.

        Args:
            indices: positions of the items, `(batch,)`.
            random: not used.
        """
        if isinstance(self.inputs, dict):
            return {name: values[indices] for name, values in self.inputs.items()}
        return self.inputs[indices]
