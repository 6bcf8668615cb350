"""Pictures and texts in one space."""

import os
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from comparators.custom_layers.match_similarity import MatchSimilarity
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.sig_lip import SigLIP
from comparators.custom_layers.symmetric_info_nce import SymmetricInfoNCE
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.models.clip_checkpoint import ARCHITECTURES, read_clip_state, settings_of, sizes_of
from comparators.models.clip_parts import clip_encoders, small_text_encoder
from comparators.models.convert import TorchWeight, load_state, prefixed
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.image_encoder import ImageEncoder
from comparators.models.image_parts import small_encoder
from comparators.models.transformer_weights import plain_weight
from comparators.models.zero_shot_classifier import DEFAULT_TEMPLATES, ZeroShotClassifier

_SMALL_CHANNELS = (16, 32, 64)


@keras.saving.register_keras_serializable("comparators")
class CLIP(DualEncoder):
    """Learns which text says what a picture shows; labels are then told apart by their names, without training.

    Roles: `"image"`, an `ImageEncoder`, and `"text"`, a `TextEncoder`. Train it on `Matches({"image": ImageItems(table,
    reader), "text": TextItems(table.text, tokenizer)}, ...)`. Then `zero_shot_classifier(labels)`, `search` and
    `similarity_matrix(pictures, texts)`.

    `CLIP.small` trains from scratch on a CPU, `CLIP.from_checkpoint` reads published weights, and
    `CLIP.of_architecture` makes their networks with random ones.

    Args:
        encoders: `{"image": ..., "text": ...}`.
        objective: `SymmetricInfoNCE()`, as CLIP was trained, or `SigLIP()`.
        similarity: None takes the objective's, or else the cosine.
        name: name of the model.

    Raises:
        ValueError: the roles are others.

    Example:
        >>> from comparators.generators import TextTokenizer
        >>> tokenizer = TextTokenizer.of_words(["the", "digit", "one", "two"])
        >>> model = CLIP.small(tokenizer, size=(28, 28), embedding_dim=8)
        >>> model.similarity_matrix([np.zeros((28, 28), "uint8")], ["the digit one", "the digit two"]).shape
        (1, 2)

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(
        self,
        encoders: Mapping[str, keras.Model],
        objective: Objective | None = None,
        similarity: MatchSimilarity | None = None,
        name: str | None = None,
    ):
        if set(encoders) != {"image", "text"}:
            raise ValueError(f"`encoders` must be of the roles 'image' and 'text'. Received: {sorted(encoders)}.")
        super().__init__(encoders, objective, similarity, name)

    @classmethod
    def small(
        cls,
        tokenizer: TextTokenizer,
        size: Sequence[int] = (28, 28),
        mode: str = "grey",
        embedding_dim: int = 64,
        image_trunk: keras.Model | None = None,
        width: int = 64,
        depth: int = 2,
        num_heads: int = 4,
        dropout: float = 0.0,
        augmentation: Sequence[keras.layers.Layer] = (),
        objective: Objective | None = None,
        name: str | None = None,
    ) -> "CLIP":
        """Builds a network that trains from scratch on a CPU.

        Args:
            tokenizer: of the texts; it is saved with the model.
            size: `(height, width)` of the pictures that the network sees; files and arrays are padded to it.
            mode: `"grey"` or `"rgb"`.
            embedding_dim: values in an embedding.
            image_trunk: model from pictures in -1..1 to embeddings `(batch, embedding_dim)`, such as a
                `ClipImageTrunk`; None makes an `ImageTrunk`, which learns from fewer pictures: of 12,000 digits it
                knows as much after one epoch as a vision transformer of two blocks after four.
            width: values of a token of a text.
            depth: blocks of the text's transformer.
            num_heads: of its attention.
            dropout: share of its blocks' outputs dropped in training.
            augmentation: layers that change pictures in training, see `ImageAugmentation`.
            objective: None takes `SymmetricInfoNCE()`.
            name: name of the model.

        Raises:
            ValueError: `image_trunk` gives embeddings of another size.
        """
        image, reader = small_encoder(size, mode, embedding_dim, _SMALL_CHANNELS, augmentation)
        if image_trunk is not None:
            image = PixelEncoder(image.front_end, image_trunk, image.image_shape, augmentation)
            if image.embedding_dim != embedding_dim:
                raise ValueError(
                    f"`image_trunk` must give embeddings of {embedding_dim} values, as the texts have. "
                    f"Received: {image.embedding_dim}."
                )
        text = small_text_encoder(tokenizer, embedding_dim, width, depth, num_heads, dropout)
        encoders = {"image": ImageEncoder(image, reader=reader), "text": text}
        return cls(encoders, SymmetricInfoNCE() if objective is None else objective, name=name)

    @classmethod
    def of_architecture(
        cls,
        architecture: str,
        tokenizer: TextTokenizer,
        activation: str = "quick_gelu",
        augmentation: Sequence[keras.layers.Layer] = (),
        objective: Objective | None = None,
        name: str | None = None,
    ) -> "CLIP":
        """Builds one of the published networks, with random weights.

        Args:
            architecture: `"ViT-B-32"`, `"ViT-B-16"`, `"ViT-L-14"`, `"ViT-L-14-336"`, `"RN50"`, `"RN101"`, `"RN50x4"`,
                `"RN50x16"` or `"RN50x64"`.
            tokenizer: of the texts, of at most 77 tokens; its vocabulary makes the size of the network's.
            activation: `"quick_gelu"`, OpenAI's, or `"gelu"`, open_clip's.
            augmentation: layers that change pictures in training.
            objective: None takes `SymmetricInfoNCE()`.
            name: name of the model.

        Raises:
            ValueError: there is no such architecture, or the tokenizer's texts are too long.
        """
        if architecture not in ARCHITECTURES:
            raise ValueError(
                f"`architecture` must be one of {', '.join(ARCHITECTURES)}. Received: architecture={architecture!r}."
            )
        encoders = clip_encoders(ARCHITECTURES[architecture], tokenizer, activation, augmentation=augmentation)
        return cls(encoders, SymmetricInfoNCE() if objective is None else objective, name=name)

    @classmethod
    def from_checkpoint(
        cls,
        source: str | os.PathLike | Mapping[str, np.ndarray],
        tokenizer: TextTokenizer,
        activation: str | None = None,
        image_heads: int | None = None,
        text_heads: int | None = None,
        objective: Objective | None = None,
        name: str | None = None,
    ) -> "CLIP":
        """Reads a published network, without PyTorch. Its sizes are worked out from the weights.

        Files and arrays are then read as these networks want them: the shorter side brought to the picture's size
        (bicubic), the middle cut out, colours normalised.

        Args:
            source: a file (`*.safetensors`, or `*.pt` of a state dict), a folder with one, or the state dict: of
                OpenAI, open_clip or Hugging Face's `CLIPModel`.
            tokenizer: that of the checkpoint: `TextTokenizer.read("tokenizer.json", max_tokens=77)`.
            activation: `"quick_gelu"`, OpenAI's, or `"gelu"`, for those that open_clip trained without it. The weights
                do not tell, and with the wrong one the network is bad, not broken. None takes what a folder's
                `config.json` (or `open_clip_config.json`) says, and else OpenAI's.
            image_heads: heads of the picture's network; None likewise, and else one for each 64 values, as nearly all
                have it.
            text_heads: heads of the text's network; None likewise.
            objective: None takes `SymmetricInfoNCE()` with the checkpoint's temperature, or `SigLIP()` with its scale
                and bias, where it has a bias; one of yours keeps its own.
            name: name of the model.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is a checkpoint of another network, its weights do not fit, or the tokenizer has another
                vocabulary or longer texts.
        """
        state = read_clip_state(source)
        num_words = len(state["token_embedding.weight"])
        if tokenizer.vocabulary_size != num_words:
            raise ValueError(
                f"`tokenizer` must be the checkpoint's, of {num_words:,} tokens. Received: one of "
                f"{tokenizer.vocabulary_size:,}. Read the `tokenizer.json` that was published with the weights."
            )
        given = {"activation": activation, "image_heads": image_heads, "text_heads": text_heads}
        given = {name: value for name, value in given.items() if value is not None}
        settings = {"activation": "quick_gelu"} | settings_of(source) | given
        encoders = clip_encoders(sizes_of(state), tokenizer, **settings)
        model = cls(encoders, SigLIP() if "logit_bias" in state else SymmetricInfoNCE(), name=name)
        load_state(model, state)
        return model if objective is None else cls(encoders, objective, name=name)

    def zero_shot_classifier(
        self, labels: Sequence[str], templates: Sequence[str] = DEFAULT_TEMPLATES, scale: float | None = None
    ) -> ZeroShotClassifier:
        """Makes a classifier of pictures from the names of classes; see `ZeroShotClassifier`.

        Args:
            labels: names of the classes.
            templates: texts with a place `{}` for the label; the mean over them stands for it.
            scale: of the cosines, None takes what the objective has learnt.
        """
        return ZeroShotClassifier(self, labels, templates, scale)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of OpenAI's state dict go."""
        image, text = (self.encoder_of(role).encoder for role in ("image", "text"))
        weights = [*prefixed("visual.", image.trunk.torch_weights()), *text.torch_weights()]
        if isinstance(self.objective, SymmetricInfoNCE | SigLIP):
            weights.append(plain_weight("logit_scale", self.objective.log_scale))
        if isinstance(self.objective, SigLIP):
            weights.append(plain_weight("logit_bias", self.objective.bias))
        return weights
