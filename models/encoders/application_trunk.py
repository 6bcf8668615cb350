"""A backbone of `keras.applications`, with what makes an embedding of it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
from keras import KerasTensor

from comparators.custom_layers.l2_normalization import L2Normalization

# Which `PixelNormalization` the backbones want, by the beginning of their name; the longest that fits counts.
_NORMALIZATIONS = {
    "ConvNeXt": "none",
    "DenseNet": "torch",
    "EfficientNet": "none",
    "Inception": "tf",
    "MobileNet": "tf",
    "MobileNetV3": "none",
    "NASNet": "tf",
    "ResNet": "caffe",
    "ResNet50V2": "tf",
    "ResNet101V2": "tf",
    "ResNet152V2": "tf",
    "VGG": "caffe",
    "Xception": "tf",
}


@keras.saving.register_keras_serializable("comparators")
class ApplicationTrunk(keras.Model):
    """Turns images into embeddings with a backbone of `keras.applications`, mean over all places, and a projection.

    For photographs: what the backbone learned on ImageNet is kept, frozen, and only the projection is trained; or all
    of it is trained on, from there. The front end before it is `PixelNormalization(normalization_of(architecture))`.

    Args:
        architecture: name of a function of `keras.applications`, such as `"ResNet50"` or `"EfficientNetV2B0"`.
        image_shape: `(height, width, channels)` of the images.
        embedding_dim: values in the embedding, by a linear projection; None keeps the backbone's own features.
        weights: of the backbone: `"imagenet"` (downloaded by Keras), a path of weights without the top, or None for
            random ones. Not in the config: a saved trunk brings its weights along.
        trainable: whether the backbone is trained too. Otherwise its weights stay, and its batch normalisation uses
            the stored statistics in training as well.
        options: other arguments of the architecture's function, such as `{"alpha": 0.35}`.
        name: name of the model.

    Call arguments:
        inputs: rescaled images `(batch, height, width, channels)`.
        training: handed to the backbone where that is trained.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        FileNotFoundError: `weights` is a path where no file is.
        ValueError: the architecture is unknown, or Keras refuses its arguments or weights.

    Example:
        >>> import numpy as np
        >>> trunk = ApplicationTrunk("MobileNetV2", (32, 32, 3), embedding_dim=4, options={"alpha": 0.35})
        >>> tuple(trunk(np.zeros((2, 32, 32, 3), "float32")).shape), len(trunk.trainable_variables)
        ((2, 4), 2)
    """

    def __init__(
        self,
        architecture: str,
        image_shape: Sequence[int],
        embedding_dim: int | None = None,
        weights: str | os.PathLike | None = None,
        trainable: bool = False,
        options: Mapping[str, object] | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if embedding_dim is not None and embedding_dim < 1:
            raise ValueError(f"`embedding_dim` must be positive or None. Received: embedding_dim={embedding_dim}.")
        normalization_of(architecture)
        self.architecture = architecture
        self.image_shape = tuple(int(size) for size in image_shape)
        self.options = dict(options or {})
        self.backbone = _make(architecture, self.image_shape, weights, self.options)
        self.backbone.trainable = trainable
        self.projection = None if embedding_dim is None else keras.layers.Dense(embedding_dim, name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")
        self.build((None, *self.image_shape))

    def build(self, input_shape: tuple) -> None:
        if self.projection is not None and not self.projection.built:
            self.projection.build(self.backbone.output_shape)
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        features = self.backbone(inputs, training=training if self.backbone.trainable else False)
        return self.normalization(features if self.projection is None else self.projection(features))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.embedding_dim)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return int(self.backbone.output_shape[-1] if self.projection is None else self.projection.units)

    def get_config(self) -> dict:
        return {
            "architecture": self.architecture,
            "image_shape": list(self.image_shape),
            "embedding_dim": None if self.projection is None else self.projection.units,
            "trainable": self.backbone.trainable,
            "options": self.options,
            "name": self.name,
        }


def normalization_of(architecture: str) -> str:
    """Returns the mode of `PixelNormalization` that a backbone wants.

    Raises:
        ValueError: there is no such backbone.

    Example:
        >>> normalization_of("ResNet50"), normalization_of("EfficientNetV2B0")
        ('caffe', 'none')
    """
    if architecture not in architectures():
        raise ValueError(
            f"`architecture` must be one of {', '.join(architectures())}. Received: architecture={architecture!r}."
        )
    return _NORMALIZATIONS[max(filter(architecture.startswith, _NORMALIZATIONS), key=len)]


def architectures() -> list[str]:
    """Returns the names of the backbones that this version of Keras has.

    Example:
        >>> "MobileNetV2" in architectures()
        True
    """
    return sorted(name for name in dir(keras.applications) if name.startswith(tuple(_NORMALIZATIONS)))


def _make(architecture: str, image_shape: tuple, weights, options: dict) -> keras.Model:
    if weights not in (None, "imagenet") and not Path(weights).is_file():
        raise FileNotFoundError(
            f"No such weights: '{weights}'. Name a file of weights without the top, or 'imagenet', or None."
        )
    make = getattr(keras.applications, architecture)
    try:
        return make(
            include_top=False,
            weights=weights if weights in (None, "imagenet") else str(weights),
            input_shape=image_shape,
            pooling="avg",
            **options,
        )
    except Exception as error:  # Keras raises a plain Exception when a download fails
        remedy = "Give what the architecture takes, or another one."
        if weights == "imagenet":
            remedy = "Where there is no network, download the weights elsewhere and give their path as `weights`."
        raise ValueError(
            f"Keras cannot make `{architecture}` of images {image_shape} with weights={weights!r}: "
            f"{str(error).rstrip('. ')}. {remedy}"
        ) from error
