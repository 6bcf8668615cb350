"""The parts that the named constructors of `CLIP`, `AudioText` and `TextVideo` are made of."""

from collections.abc import Sequence

import keras

from comparators.custom_layers.pixel_normalization import PixelNormalization
from comparators.generators.image_reader import ImageReader
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.models.clip_checkpoint import ClipSizes
from comparators.models.encoders.clip_image_trunk import ClipImageTrunk
from comparators.models.encoders.clip_text_trunk import ClipTextTrunk
from comparators.models.encoders.modified_resnet_trunk import ModifiedResNetTrunk
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.image_encoder import ImageEncoder
from comparators.models.text_encoder import TextEncoder


def small_text_encoder(
    tokenizer: TextTokenizer,
    embedding_dim: int,
    width: int = 64,
    depth: int = 2,
    num_heads: int = 4,
    dropout: float = 0.0,
) -> TextEncoder:
    """Makes an encoder of texts that trains from scratch on a CPU, in CLIP's form. See `CLIP.small`."""
    trunk = ClipTextTrunk(
        tokenizer.vocabulary_size,
        tokenizer.max_tokens,
        width,
        depth,
        num_heads,
        embedding_dim,
        activation="gelu",
        dropout=dropout,
    )
    return TextEncoder(trunk, tokenizer)


def clip_encoders(
    sizes: ClipSizes,
    tokenizer: TextTokenizer,
    activation: str,
    image_heads: int | None = None,
    text_heads: int | None = None,
    augmentation: Sequence[keras.layers.Layer] = (),
) -> dict[str, keras.Model]:
    """Makes the encoders of a published network, with random weights. See `CLIP.from_checkpoint`.

    Raises:
        ValueError: the tokenizer's texts are longer than the network takes.
    """
    if tokenizer.max_tokens > sizes.max_tokens:
        raise ValueError(
            f"`tokenizer` must cut texts to at most {sizes.max_tokens} tokens. Received: max_tokens="
            f"{tokenizer.max_tokens}. Make it with max_tokens={sizes.max_tokens}."
        )
    text = ClipTextTrunk(
        tokenizer.vocabulary_size,
        sizes.max_tokens,
        sizes.text_width,
        sizes.text_depth,
        text_heads,
        sizes.embedding_dim,
        activation,
    )
    size = (sizes.image_size, sizes.image_size)
    image = PixelEncoder(
        PixelNormalization("clip"), _image_trunk(sizes, activation, image_heads), (*size, 3), augmentation
    )
    reader = ImageReader(size, fit="crop", resize_shorter=sizes.image_size, resample="bicubic")
    return {"image": ImageEncoder(image, reader=reader), "text": TextEncoder(text, tokenizer)}


def _image_trunk(sizes: ClipSizes, activation: str, num_heads: int | None) -> ClipImageTrunk | ModifiedResNetTrunk:
    size = (sizes.image_size, sizes.image_size)
    if sizes.patch_size is None:
        return ModifiedResNetTrunk(size, sizes.image_depth, sizes.image_width, num_heads, sizes.embedding_dim)
    return ClipImageTrunk(
        size,
        3,
        sizes.patch_size,
        sizes.image_width,
        sizes.image_depth,
        num_heads,
        sizes.embedding_dim,
        activation,
    )
