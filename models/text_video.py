"""Videos and the texts that describe them."""

from collections.abc import Sequence

import keras

from comparators.custom_layers.objective import Objective
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.generators.video_reader import VideoReader
from comparators.models.clip import CLIP
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoders.frame_average import FrameAverage
from comparators.models.video_encoder import VideoEncoder
from comparators.models.zero_shot_classifier import ZeroShotClassifier

DEFAULT_TEMPLATES = ("a video of {}.",)


@keras.saving.register_keras_serializable("comparators")
class TextVideo(DualEncoder):
    """Learns which text describes a video, from what its frames show.

    Roles: `"video"`, a `VideoEncoder`, which takes the mean of the frames' embeddings, and `"text"`, a `TextEncoder`.
    `TextVideo.of_clip` makes one of a `CLIP`, of use at once where that knows photographs; training goes on with
    `Matches({"video": VideoItems(table, model.encoder_of("video").reader), "text": TextItems(table.text, tokenizer)})`.

    The arguments are those of `DualEncoder`; `of_clip` and `default` build the parts.

    Example:
        >>> import numpy as np
        >>> tokenizer = TextTokenizer.of_words(["a", "dog", "runs", "rain", "falls"])
        >>> model = TextVideo.default(tokenizer, size=28, embedding_dim=8)
        >>> model.similarity_matrix([np.zeros((3, 28, 28, 3), "uint8")], ["a dog runs", "rain falls"]).shape
        (1, 2)

    Reference:
        Luo et al. 2022, CLIP4Clip: an empirical study of CLIP for end to end video clip retrieval (mean pooling).
    """

    @classmethod
    def of_clip(cls, clip: CLIP, num_frames: int = 10, name: str | None = None) -> "TextVideo":
        """Builds on a network of coloured pictures and texts, whose encoders and objective are shared.

        Args:
            clip: the network.
            num_frames: taken of each video file.
            name: name of the model.

        Raises:
            ValueError: the pictures of the network are no coloured squares.
        """
        frames = FrameAverage(clip.encoder_of("image").encoder)
        reader = VideoReader(num_frames=num_frames, size=frames.image_shape[0])
        encoders = {"video": VideoEncoder(frames, reader=reader), "text": clip.encoder_of("text")}
        return cls(encoders, clip.objective, name=name)

    @classmethod
    def default(
        cls,
        tokenizer: TextTokenizer,
        size: int = 64,
        num_frames: int = 10,
        embedding_dim: int = 64,
        image_trunk: keras.Model | None = None,
        width: int = 64,
        depth: int = 2,
        num_heads: int = 4,
        dropout: float = 0.0,
        objective: Objective | None = None,
        name: str | None = None,
    ) -> "TextVideo":
        """Builds a network that trains from scratch on a CPU: `CLIP.small` on frames.

        Args:
            tokenizer: of the texts; it is saved with the model.
            size: height and width of the frames, in pixels.
            num_frames: taken of each video file.
            embedding_dim: values in an embedding.
            image_trunk: model from frames in -1..1 to embeddings; None makes a small `ImageTrunk`.
            width: values of a token of a text.
            depth: blocks of the text's transformer.
            num_heads: of its attention.
            dropout: share of its blocks' outputs dropped in training.
            objective: None takes `SymmetricInfoNCE()`.
            name: name of the model.
        """
        clip = CLIP.small(
            tokenizer,
            (size, size),
            "rgb",
            embedding_dim,
            image_trunk,
            width,
            depth,
            num_heads,
            dropout,
            objective=objective,
        )
        return cls.of_clip(clip, num_frames, name)

    def zero_shot_classifier(
        self, labels: Sequence[str], templates: Sequence[str] = DEFAULT_TEMPLATES, scale: float | None = None
    ) -> ZeroShotClassifier:
        """Makes a classifier of videos from the names of classes; see `ZeroShotClassifier` for the arguments."""
        return ZeroShotClassifier(self, labels, templates, scale)
