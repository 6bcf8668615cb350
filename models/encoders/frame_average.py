"""Videos as the mean of their frames."""

from collections.abc import Mapping

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.sequence_mask import zero_padding
from comparators.models.encoders.pixel_encoder import PixelEncoder


@keras.saving.register_keras_serializable("comparators")
class FrameAverage(keras.Model):
    """Encodes videos by the mean of their frames' embeddings, each of length one, of an image encoder.

    Nothing knows the frames' order: what is seen counts, not how it moves.

    Args:
        encoder: of a frame.
        name: name of the model.

    Call arguments:
        inputs: `{"frames": (batch, frames, height, width, channels), "lengths": int (batch,)}`, pixels, uint8 or floats
            in 0..255, where frames from a video's length on are not looked at; or the frames alone.
        training: handed to the encoder.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Raises:
        TypeError: `encoder` is no `PixelEncoder`.
        ValueError: frames are of another shape than the encoder takes.

    Example:
        >>> from comparators.models.encoders import ImageTrunk
        >>> trunk = ImageTrunk(channels=(4,), embedding_dim=6, pooling="average")
        >>> videos = FrameAverage(PixelEncoder(keras.layers.Rescaling(1 / 255), trunk, image_shape=(8, 8, 3)))
        >>> tuple(videos({"frames": ops.ones((2, 5, 8, 8, 3)), "lengths": ops.array([5, 3])}).shape)
        (2, 6)

    Reference:
        Luo et al. 2022, CLIP4Clip: an empirical study of CLIP for end to end video clip retrieval (mean pooling).
    """

    def __init__(self, encoder: PixelEncoder, name: str | None = None):
        super().__init__(name=name)
        if not isinstance(encoder, PixelEncoder):
            raise TypeError(f"`encoder` must be a `PixelEncoder`. Received: encoder={encoder!r}")
        self.encoder = encoder
        self.built = True

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a frame."""
        return self.encoder.image_shape

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.encoder.embedding_dim

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        frames, lengths = (inputs["frames"], inputs.get("lengths")) if isinstance(inputs, Mapping) else (inputs, None)
        if len(frames.shape) != 5:
            raise ValueError(
                f"Frames must be `(batch, frames, {', '.join(map(str, self.image_shape))})`. "
                f"Received: shape {tuple(frames.shape)}."
            )
        count = frames.shape[1] or ops.shape(frames)[1]
        embeddings = self.encoder(ops.reshape(frames, (-1, *frames.shape[2:])), training=training)
        embeddings = l2_normalize(ops.cast(embeddings, "float32"))
        embeddings = ops.reshape(embeddings, (-1, count, self.embedding_dim))
        if lengths is None:
            return ops.mean(embeddings, axis=1)
        num_frames = ops.maximum(ops.cast(lengths, "float32"), 1.0)[:, None]
        return ops.sum(zero_padding(embeddings, lengths), axis=1) / num_frames

    def compute_output_shape(self, input_shape) -> tuple:
        frames = input_shape["frames"] if isinstance(input_shape, Mapping) else input_shape
        return (frames[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {"encoder": keras.saving.serialize_keras_object(self.encoder), "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> "FrameAverage":
        return cls(keras.saving.deserialize_keras_object(config["encoder"]), name=config["name"])
