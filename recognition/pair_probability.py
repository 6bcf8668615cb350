"""A trained similarity head in plain NumPy: from embeddings to the probability of "same"."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.special import expit

_SMALLEST_SQUARE = 1e-12


@dataclass(frozen=True, eq=False)
class PairProbability:
    """Scores embeddings with embeddings by the probability that both are of one label.

    A siamese network gives its own: `siamese.scorer`. It is a similarity as `metrics`, `KNNRecognizer`, `cluster` and
    `top_k` take them, small, picklable, and needs no Keras. Memory is that of the scores: no `(n, m, dim)` array.

    Args:
        form: see `comparators.custom_layers.SimilarityHead`.
        kernel: weight of each compared value: `(1,)`, `(dim,)` or `(hidden_units,)`, by the form.
        bias: added to the weighted sum.
        hidden_kernel: of the form "learnt", `(2 * dim, hidden_units)`.
        hidden_bias: of the form "learnt", `(hidden_units,)`.

    Example:
        >>> same = PairProbability("cosine", [10.0], -5.0)
        >>> same(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])).round(3).tolist()
        [[0.993, 0.007]]
    """

    form: str
    kernel: ArrayLike
    bias: float
    hidden_kernel: ArrayLike | None = None
    hidden_bias: ArrayLike | None = None

    def __call__(self, a: ArrayLike, b: ArrayLike) -> np.ndarray:
        """Scores all embeddings `a` `(n, dim)` with all `b` `(m, dim)`. Returns probabilities `(n, m)`, float64."""
        return expit(self.logits(a, b))

    def logits(self, a: ArrayLike, b: ArrayLike) -> np.ndarray:
        """Returns the logits `(n, m)` of the probabilities."""
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if self.form != "dot":
            a, b = _unit(a), _unit(b)
        kernel = np.asarray(self.kernel, np.float64)
        if self.form in ("cosine", "dot"):
            return kernel[0] * (a @ b.T) + self.bias
        if self.form == "euclidean":
            return self.bias - kernel[0] * np.sqrt(np.maximum(_weighted_squares(a, b, np.ones(1)), _SMALLEST_SQUARE))
        if self.form == "l2":
            return self.bias - _weighted_squares(a, b, kernel)
        if self.form in ("manhattan", "l1"):
            return self.bias - _weighted_differences(a, b, np.broadcast_to(kernel, a.shape[1:]))
        return self._through_hidden_layer(a, b, kernel)

    def _through_hidden_layer(self, a: np.ndarray, b: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        """One hidden unit after the other, so that memory stays that of the scores."""
        logits = np.full((len(a), len(b)), float(self.bias))
        of_differences, of_products = np.split(np.asarray(self.hidden_kernel, np.float64), 2)
        for unit, (weight, bias) in enumerate(zip(kernel, np.asarray(self.hidden_bias), strict=True)):
            hidden = _weighted_differences(a, b, of_differences[:, unit]) + (a * of_products[:, unit]) @ b.T + bias
            logits += weight * np.maximum(hidden, 0)
        return logits

    def to_dict(self) -> dict:
        """Returns what `from_dict` takes, of lists and numbers."""
        return {
            name: value if isinstance(value, str | None) else np.asarray(value).tolist()
            for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls, config: Mapping) -> "PairProbability":
        """Makes it from what `to_dict` returned."""
        return cls(**config)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays, as it does in the head."""
    return vectors / np.sqrt(np.maximum(np.sum(vectors**2, axis=1, keepdims=True), _SMALLEST_SQUARE))


def _weighted_squares(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (a**2 * weights).sum(axis=1)[:, None] + (b**2 * weights).sum(axis=1) - 2 * (a * weights) @ b.T


def _weighted_differences(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums of absolute differences: those with positive weights less those with negative ones."""
    return sum(
        sign * cdist(a[:, chosen] * weights[chosen], b[:, chosen] * weights[chosen], "cityblock")
        for sign, chosen in ((1, weights > 0), (-1, weights < 0))
        if chosen.any()
    ) + np.zeros((len(a), len(b)))
