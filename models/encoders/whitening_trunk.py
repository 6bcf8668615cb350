"""A trunk fitted in closed form: features in which items of one label differ as much in all directions."""

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import L2Normalization


@keras.saving.register_keras_serializable("comparators")
class WhiteningTrunk(keras.Model):
    """Turns features into an embedding with one linear layer, fitted to how items of one label differ.

    The layer is not trained but computed from labelled items in seconds (`adapt`): directions in which items of one
    label differ much count less. No direction is dropped for not telling the training labels apart, so that it serves
    labels that are quite different from those; where they are few, that matters more than all else. Give rotated copies
    of the images as labels of their own to have more.

    Args:
        embedding_dim: values in the features of an item, and in its embedding.
        name: name of the model.

    Call arguments:
        inputs: features `(batch, ...)`, such as those of `OrientedGradients`.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: `embedding_dim` is not positive, or not the number of features.

    Relations:
        `DiscriminantTrunk` keeps the directions that tell the training labels apart, which is better where there are
        hundreds of them.

    Example:
        >>> trunk = WhiteningTrunk(embedding_dim=4)
        >>> maps = np.random.default_rng(0).normal(size=(12, 2, 1, 2)).astype("float32")
        >>> tuple(trunk.adapt(maps, np.repeat(list("abc"), 4))(maps).shape)
        (12, 4)

    Reference:
        Hatch et al. 2006, Within-class covariance normalization for SVM-based speaker recognition.
    """

    def __init__(self, embedding_dim: int, name: str | None = None):
        super().__init__(name=name)
        if embedding_dim < 1:
            raise ValueError(f"`embedding_dim` must be positive. Received: embedding_dim={embedding_dim}.")
        self.embedding_dim = embedding_dim
        self.flatten = keras.layers.Flatten(name="flatten")
        self.projection = keras.layers.Dense(
            embedding_dim, kernel_initializer="identity", trainable=False, dtype="float32", name="projection"
        )
        self.normalization = L2Normalization(dtype="float32", name="normalization")

    def build(self, input_shape: tuple) -> None:
        num_features = self.flatten.compute_output_shape(tuple(input_shape))[-1]
        if num_features != self.embedding_dim:
            raise ValueError(
                "`embedding_dim` must be the number of features of an item. "
                f"Received: embedding_dim={self.embedding_dim}, features of shape {tuple(input_shape[1:])}, "
                f"which are {num_features}."
            )
        self.projection.build((None, num_features))
        self.built = True

    def call(self, inputs: KerasTensor) -> KerasTensor:
        return self.normalization(self.projection(self.flatten(ops.cast(inputs, "float32"))))

    def adapt(self, features: np.ndarray, labels: np.ndarray, shrinkage: float = 0.67) -> "WhiteningTrunk":
        """Computes the layer.

        Args:
            features: of the items, `(n, ...)`.
            labels: of the items, `(n,)`; two items of one label at least.
            shrinkage: share of a multiple of the identity in the covariance within labels, over 0 and up to 1: 1 takes
                off the mean and whitens nothing.

        Returns:
            The trunk itself.

        Raises:
            ValueError: the numbers of items and labels differ, no label has two items that differ, or `shrinkage` is
                out of its range.
        """
        features = np.asarray(features, np.float32).reshape(len(features), -1)
        codes = np.unique(labels, return_inverse=True)[1]
        if len(codes) != len(features):
            raise ValueError(
                f"`labels` must have one entry for each of {len(features)} items. Received: {len(codes)} labels."
            )
        if not 0 < shrinkage <= 1:
            raise ValueError(f"`shrinkage` must be over 0 and at most 1. Received: shrinkage={shrinkage}.")
        groups = np.split(features[np.argsort(codes, kind="stable")], np.cumsum(np.bincount(codes))[:-1])
        origin = np.mean([group.mean(axis=0) for group in groups], axis=0)
        differences = (group - group.mean(axis=0) for group in groups)
        within = sum((part.T @ part).astype(np.float64) for part in differences) / len(features)
        level = np.trace(within) / len(within)
        if not level > 0:
            raise ValueError(f"Items of one label must differ. Received: {len(features)} items, all as their label.")
        values, directions = np.linalg.eigh((1 - shrinkage) * within / level + shrinkage * np.eye(len(within)))
        kernel = directions / np.sqrt(values)
        if not self.built:
            self.build((None, features.shape[1]))
        self.projection.set_weights([kernel, -origin @ kernel])
        return self

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {"embedding_dim": self.embedding_dim, "name": self.name}
