"""Which tokens of a masked autoencoder stay visible."""

from typing import NamedTuple

import keras
from keras import KerasTensor, ops

_MODES = ("unstructured", "time", "freq", "tf")
# Of `tf`, columns and rows are each drawn for this part of the ratio (Gong et al. 2023).
_BOTH_SHARE = 0.7


class TokenMask(NamedTuple):
    """Visible and hidden tokens of a batch.

    Attributes:
        visible: int `(batch, kept)`, the places of the visible tokens, in their new order.
        restore: int `(batch, count)`, for each place where its token is after the visible and the hidden ones.
        hidden: float `(batch, count)`, 1 where the token is hidden.
    """

    visible: KerasTensor
    restore: KerasTensor
    hidden: KerasTensor


@keras.saving.register_keras_serializable("comparators")
class TokenMasking(keras.layers.Layer):
    """Hides a share of the tokens of a grid, at random or in whole columns (time) and rows (frequency).

    Each token draws a number; those with the smallest ones stay. In the structured modes the tokens of the drawn
    columns and rows go to the end of the order. Where these are more than are to be hidden, which of them stay is drawn
    too; the published code leaves that to the sorting.

    Args:
        grid: rows and columns of the tokens, row by row.
        ratio: share of hidden tokens, in [0, 1).
        mode: `"unstructured"`, `"time"`, `"freq"`, or `"tf"`: .7 of the ratio of the columns and of the rows.
        seed: of the draws.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        tokens: `(batch, rows * columns, ...)`; only their number counts.
        noise: the numbers of the tokens, `(batch, rows * columns)` in [0, 1); None draws them.
        covered: bool `(batch, rows * columns)`, the tokens of the drawn columns and rows; None draws them.

    Returns:
        A `TokenMask`.

    Raises:
        ValueError: an argument is out of its range, or all tokens would be hidden.

    Example:
        >>> mask = TokenMasking((2, 2), ratio=0.5)(ops.ones((1, 4, 8)), noise=ops.array([[0.4, 0.1, 0.9, 0.2]]))
        >>> mask.visible.numpy().tolist(), mask.hidden.numpy().tolist()
        ([[1, 3]], [[1.0, 0.0, 1.0, 0.0]])

    Reference:
        He et al. 2022, Masked autoencoders are scalable vision learners; Huang et al. 2022, Masked autoencoders that
        listen.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        ratio: float = 0.75,
        mode: str = "unstructured",
        seed: int | None = None,
        **kwargs,
    ):
        # The draws would tie in half precision.
        super().__init__(**{"dtype": "float32", "autocast": False} | kwargs)
        if mode not in _MODES:
            raise ValueError(f"`mode` must be one of {list(_MODES)}. Received: mode={mode!r}.")
        if not 0 <= ratio < 1:
            raise ValueError(f"`ratio` must be at least 0 and less than 1. Received: ratio={ratio}.")
        self.grid = tuple(int(size) for size in grid)
        self.ratio = float(ratio)
        self.mode = mode
        self.seed = seed
        self.count = self.grid[0] * self.grid[1]
        self.kept = _whole(self.count * (1 - self.ratio))
        if self.kept < 1:
            raise ValueError(
                f"At least one token must stay. Received: ratio={ratio} of {self.count} tokens. Take a smaller ratio."
            )
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(
        self, tokens: KerasTensor, noise: KerasTensor | None = None, covered: KerasTensor | None = None
    ) -> TokenMask:
        if tokens.shape[1] not in (None, self.count):
            raise ValueError(
                f"Tokens must be of the grid {self.grid}, {self.count} of them. Received: {tokens.shape[1]}."
            )
        batch_size = ops.shape(tokens)[0]
        if noise is None:
            noise = self._draw(batch_size, self.count)
        if covered is None and self.mode != "unstructured":
            covered = self._cover(batch_size)
        if covered is not None:
            noise = noise + ops.cast(covered, noise.dtype)
        order = ops.cast(ops.argsort(noise, axis=1), "int32")
        restore = ops.cast(ops.argsort(order, axis=1), "int32")
        return TokenMask(order[:, : self.kept], restore, ops.cast(restore >= self.kept, "float32"))

    def _draw(self, batch_size, count: int) -> KerasTensor:
        return keras.random.uniform((batch_size, count), dtype="float32", seed=self.seed_generator)

    def _cover(self, batch_size) -> KerasTensor:
        """Draws whole columns, rows or both. Returns bool `(batch, rows * columns)`."""
        ratio = self.ratio * (_BOTH_SHARE if self.mode == "tf" else 1)
        rows, columns = self.grid
        in_row = self._pick(batch_size, rows, ratio if self.mode != "time" else 0)
        in_column = self._pick(batch_size, columns, ratio if self.mode != "freq" else 0)
        covered = ops.logical_or(in_row[:, :, None], in_column[:, None, :])
        return ops.reshape(covered, (-1, self.count))

    def _pick(self, batch_size, count: int, ratio: float) -> KerasTensor:
        ranks = ops.argsort(ops.argsort(self._draw(batch_size, count), axis=1), axis=1)
        return ranks < _whole(count * ratio)

    def get_config(self) -> dict:
        return super().get_config() | {
            "grid": self.grid,
            "ratio": self.ratio,
            "mode": self.mode,
            "seed": self.seed,
        }


def _whole(share: float) -> int:
    """Rounds down, but not a whole number that comes out a hair too small: 10 * (1 - 0.9) is 1."""
    return int(share + 1e-6)


def take_tokens(tokens: KerasTensor, places: KerasTensor) -> KerasTensor:
    """Takes some tokens of each row.

    Args:
        tokens: `(batch, count, dim)`.
        places: int `(batch, taken)`.

    Returns:
        `(batch, taken, dim)`.

    Example:
        >>> take_tokens(ops.array([[[1.0], [2.0]], [[3.0], [4.0]]]), ops.array([[1], [0]])).numpy().ravel().tolist()
        [2.0, 3.0]
    """
    # Whole rows of a table: much faster than an index for each single value.
    count, dim = tokens.shape[1:]
    starts = ops.arange(ops.shape(tokens)[0], dtype="int32")[:, None] * count
    rows = ops.reshape(ops.cast(places, "int32") + starts, (-1,))
    taken = places.shape[1] or ops.shape(places)[1]
    return ops.reshape(ops.take(ops.reshape(tokens, (-1, dim)), rows, axis=0), (-1, taken, dim))
