"""A trunk fitted in closed form: linear discriminants of the statistics of a recording's frames."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import KerasTensor
from scipy.linalg import eigh

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.level_statistics import LevelStatistics
from comparators.models.encoders.lstm_trunk import split_features


@keras.saving.register_keras_serializable("comparators")
class DiscriminantTrunk(keras.Model):
    """Turns log-mels into an embedding with one linear layer over `LevelStatistics`, fitted by discriminant analysis.

    The layer is not trained but computed from labelled recordings in seconds (`adapt`): the directions in which labels
    differ most for how much the recordings of one label do. On little data it rivals convolutions, and knows the
    channel better; joined with them (`JoinedTrunk`) it is better than either.

    Args:
        embedding_dim: number of discriminants.
        num_features: features of a frame (mel bands).
        num_levels: levels of loudness, see `LevelStatistics`.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> trunk = DiscriminantTrunk(embedding_dim=2, num_features=8)
        >>> recordings = np.random.default_rng(0).normal(size=(12, 30, 8)) + np.repeat(np.eye(4, 8), 3, axis=0)[:, None]
        >>> embeddings = trunk.adapt(recordings, np.repeat(list("abcd"), 3))(recordings)
        >>> tuple(embeddings.shape)
        (12, 2)

    Reference:
        Fisher 1936, The use of multiple measurements in taxonomic problems; Dehak et al. 2011, Front-end factor
        analysis for speaker verification (discriminants of statistics, compared by their cosine).
    """

    def __init__(self, embedding_dim: int = 80, num_features: int = 80, num_levels: int = 4, name: str | None = None):
        super().__init__(name=name)
        for argument, value in {"embedding_dim": embedding_dim, "num_features": num_features}.items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        self.embedding_dim = embedding_dim
        self.num_features = num_features
        self.num_levels = num_levels
        self.statistics = LevelStatistics(num_levels, name="statistics")
        self.projection = keras.layers.Dense(embedding_dim, trainable=False, dtype="float32", name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")

    def build(self, input_shape) -> None:
        features = (None, None, self.num_features)
        self.statistics.build(features)
        self.projection.build(self.statistics.compute_output_shape(features))
        self.built = True

    def call(self, inputs) -> KerasTensor:
        features, lengths = split_features(inputs)
        return self.normalization(self.projection(self.statistics(features, lengths=lengths)))

    def adapt(
        self,
        recordings: Sequence[np.ndarray],
        labels: Sequence,
        groups: Sequence | None = None,
        shrinkage: float = 0.05,
    ) -> "DiscriminantTrunk":
        """Computes the discriminants.

        Args:
            recordings: features `(frames, num_features)` of each, of any lengths.
            labels: one for each recording; several recordings a label.
            groups: one for each recording, such as its corpus: each group weighs the same, and labels are compared
                within their group only, so that what tells the groups apart does not pass for a voice. None is one
                group.
            shrinkage: share of a multiple of the identity in the covariance within labels; more for less data.

        Returns:
            The trunk itself.

        Raises:
            ValueError: there are not more labels than `embedding_dim`.
        """
        num_labels = len(np.unique(labels))
        if num_labels <= self.embedding_dim:
            raise ValueError(
                "There must be more labels than discriminants. "
                f"Received: {num_labels} labels, embedding_dim={self.embedding_dim}. Lower it, or add labels."
            )
        statistics = np.concatenate(
            [keras.ops.convert_to_numpy(self.statistics(item[None].astype("float32"))) for item in recordings]
        )
        groups = np.zeros(len(statistics), int) if groups is None else groups
        directions, origin = linear_discriminants(statistics.astype("float64"), labels, groups, shrinkage)
        kernel = directions[:, : self.embedding_dim]
        if not self.built:
            self.build(None)
        self.projection.set_weights([kernel, -origin @ kernel])
        return self

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {
            "embedding_dim": self.embedding_dim,
            "num_features": self.num_features,
            "num_levels": self.num_levels,
            "name": self.name,
        }


def linear_discriminants(
    values: np.ndarray, labels: Sequence, groups: Sequence, shrinkage: float
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the directions in which labels of one group differ most, for how much items of one label do.

    Args:
        values: `(n, dim)`.
        labels: of the items `(n,)`.
        groups: of the items `(n,)`; each weighs the same.
        shrinkage: share of a multiple of the identity in the covariance within labels, after each dimension was scaled
            to unit variance.

    Returns:
        `(directions (dim, dim), origin (dim,))`: the best direction first; along each, items of one label have unit
        variance (but for the shrinkage). The origin is the mean of the groups.

    Example:
        >>> values = np.array([[0.0, 1.0], [0.0, -1.0], [1.0, 1.0], [1.0, -1.0]])
        >>> directions, origin = linear_discriminants(values, list("aabb"), [0, 0, 0, 0], shrinkage=0.1)
        >>> bool(abs(directions[0, 0]) > 10 * abs(directions[1, 0])), origin.tolist()
        (True, [0.5, 0.0])
    """
    group_codes = np.unique(groups, return_inverse=True)[1]
    label_codes = np.unique(labels, return_inverse=True)[1]
    weights = 1.0 / np.bincount(group_codes)[group_codes] / (group_codes.max() + 1)
    origin = weights @ values
    deviation = np.sqrt(weights @ np.square(values - origin)) + 1e-6
    values = (values - origin) / deviation
    label_means = _means(values, weights, label_codes)
    within = _covariance(values - label_means, weights)
    between = _covariance(label_means - _means(values, weights, group_codes), weights)
    within += shrinkage * (np.trace(within) / len(within) * np.eye(len(within)) - within)
    return eigh(between, within)[1][:, ::-1] / deviation[:, None], origin


def _means(values: np.ndarray, weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Returns for each item the weighted mean of the items of its code."""
    sums = np.zeros((codes.max() + 1, values.shape[1]))
    np.add.at(sums, codes, values * weights[:, None])
    return (sums / np.bincount(codes, weights)[:, None])[codes]


def _covariance(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (values * weights[:, None]).T @ values
