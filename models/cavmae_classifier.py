"""CAV-MAE fine-tuned: what is heard and seen in a clip."""

import os
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pandas as pd
from keras import KerasTensor, ops

from comparators.generators.clip_reader import ClipReader
from comparators.generators.label_table import LabelTable
from comparators.models.cavmae import CAVMAE
from comparators.models.convert import TorchWeight, layer_norm_weights, linear_weights, load_state
from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone
from comparators.models.frame_scores import ACTIVATIONS, frame_scores

# Mode -> which modalities it takes, and which streams of the shared blocks are pooled.
_MODES = {
    "multimodal": (("audio", "image"), ("joint",)),
    "audioonly": (("audio",), ("audio",)),
    "videoonly": (("image",), ("image",)),
    "missingaudioonly": (("audio",), ("joint", "audio")),
    "missingvideoonly": (("image",), ("joint", "image")),
}
PRETRAINING_ONLY = (
    "mask_token",
    "decoder_embed.",
    "decoder_blocks.",
    "decoder_norm.",
    "decoder_pred_a.",
    "decoder_pred_v.",
    "decoder_modality_a",
    "decoder_modality_v",
    "decoder_pos_embed_a",
    "decoder_pos_embed_v",
)
"""Entries of a state dict of pre-training that fine-tuning leaves out."""
_IMAGE_ONLY = ("patch_embed_v.", "blocks_v.", "norm_v.", "modality_v", "pos_embed_v")
_HEAD = ("mlp_head.",)


@keras.saving.register_keras_serializable("comparators")
class CAVMAEClassifier(keras.Model):
    """Tells classes of clips by sound and image together, or by one of them.

    The mean of the tokens goes through a normalisation and a linear layer; there is no decoder. What the mode does not
    use is not trained. `score` takes clips as files, and averages over all their frames: of images alone one frame
    tells much less (12.7 against 20 mAP on AudioSet-20K).

    Args:
        backbone: mostly with `trainable_positions=True`; `from_pretrained` makes it.
        num_classes: logits.
        mode: `"multimodal"`, `"audioonly"` or `"videoonly"`; or `"missingaudioonly"` and `"missingvideoonly"`, for a
            network trained on both that gets one: the mean of the joint stream and the modality's own.
        audio_front_end: layer from waveforms to the backbone's spectrograms; None takes normalised spectrograms.
        image_front_end: layer from pixels to normalised images; None takes normalised images.
        spectrogram_augmentation: layers on the normalised spectrograms in training only, in this order: `SpecAugment`
            (whose `fill` is then `NormalizedFbank.zero_level`), `NoiseAndRoll`.
        image_augmentation: layers on the pixels in training only, as those of a `PixelEncoder`.
        labels: of the classes, in the order of the logits: names, or a `LabelTable` where manifests name them otherwise
            than they are shown; None where they have none.
        activation: of the scores: `"sigmoid"` where a clip may be of several classes, `"softmax"` where it is of one.
        reader: from files to what the network sees; None for one that takes no files.
        name: name of the model.

    Attributes:
        label_table: see `labels`.

    Call arguments:
        inputs: `{"audio": ..., "image": ...}`, or those of the mode: spectrograms `(batch, frames, bands)` or waveforms
            `(batch, samples)` (or `{"waveforms", "lengths"}`), images `(batch, height, width, channels)`.
        training: whether to augment.

    Returns:
        Logits `(batch, num_classes)`, float32.

    Raises:
        ValueError: the mode or the activation is unknown, the backbone lacks a modality of the mode, or the inputs do;
            the labels are not one for each class.

    Example:
        >>> backbone = CAVMAEBackbone((32, 32), (32, 32, 3), 16, modality_specific_depth=1, depth=2, num_heads=2)
        >>> model = CAVMAEClassifier(backbone, num_classes=5, mode="audioonly")
        >>> model({"audio": ops.zeros((2, 32, 32))}).shape
        TensorShape([2, 5])

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(
        self,
        backbone: CAVMAEBackbone,
        num_classes: int,
        mode: str = "multimodal",
        audio_front_end: keras.layers.Layer | None = None,
        image_front_end: keras.layers.Layer | None = None,
        spectrogram_augmentation: Sequence[keras.layers.Layer] = (),
        image_augmentation: Sequence[keras.layers.Layer] = (),
        labels: Sequence[str] | LabelTable | None = None,
        activation: str = "sigmoid",
        reader: ClipReader | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if mode not in _MODES:
            raise ValueError(f"`mode` must be one of {', '.join(_MODES)}. Received: mode={mode!r}.")
        roles, streams = _MODES[mode]
        if not set(roles) <= set(backbone.roles):
            raise ValueError(f"Mode {mode!r} needs {list(roles)}. Received: a backbone of {list(backbone.roles)}.")
        if num_classes < 1:
            raise ValueError(f"`num_classes` must be positive. Received: num_classes={num_classes}.")
        if activation not in ACTIVATIONS:
            raise ValueError(f"`activation` must be one of {list(ACTIVATIONS)}. Received: activation={activation!r}.")
        if labels is not None and len(labels) != num_classes:
            raise ValueError(
                f"`labels` must be one name for each of the {num_classes} classes. Received: {len(labels)}."
            )
        self.backbone = backbone
        self.num_classes = int(num_classes)
        self.label_table = labels if labels is None or isinstance(labels, LabelTable) else LabelTable(labels)
        self.activation, self.reader = activation, reader
        self.mode = mode
        self.front_ends = {"audio": audio_front_end, "image": image_front_end}
        self.spectrogram_augmentation, self.image_augmentation = (
            list(spectrogram_augmentation),
            list(image_augmentation),
        )
        self.head_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="head_norm")
        self.head = keras.layers.Dense(self.num_classes, dtype="float32", name="head")
        backbone.train_only(roles, streams)
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the shapes are known."""
        if self.built:
            return
        for layer in (self.head_norm, self.head):
            layer.build((None, self.backbone.embedding_dim))
        self.built = True

    @classmethod
    def from_pretrained(
        cls, model: CAVMAE, num_classes: int, mode: str = "multimodal", **arguments
    ) -> "CAVMAEClassifier":
        """Makes a classifier on a pre-trained network: its readers, front ends and backbone's weights, a new head.

        The weights are copied, and the positions are trained from here on.

        Args:
            model: the pre-trained network.
            num_classes: see the class.
            mode: see the class.
            arguments: others of the constructor: augmentation, labels, activation, name.
        """
        backbone = CAVMAEBackbone.from_config(
            {**model.backbone.get_config(), "trainable_positions": True, "name": None}
        )
        fronts = [_copied(model.encoder_of(role).encoder.front_end) for role in ("audio", "image")]
        classifier = cls(backbone, num_classes, mode, *fronts, **{"reader": model.clip_reader} | arguments)
        for mine, theirs in zip(_variables(backbone), _variables(model.backbone), strict=True):
            mine.assign(ops.convert_to_numpy(theirs))  # JAX would give both the same buffer
        return classifier

    def load_pretrained(self, source: str | os.PathLike | Mapping[str, np.ndarray]) -> None:
        """Sets the backbone from an official checkpoint of pre-training, or of fine-tuning on other classes.

        Args:
            source: file or state dict, see `read_state`. For a checkpoint of this very network take `load_state`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the checkpoint is of another size; what does not fit is listed.
        """
        unused = (*PRETRAINING_ONLY, *_HEAD)
        if "image" not in self.backbone.roles:
            unused = (*unused, *_IMAGE_ONLY)
        if not self.backbone.trainable_positions:
            unused = (*unused, "pos_embed_a", "pos_embed_v")
        load_state(self.backbone, source, unused)

    def with_mode(self, mode: str) -> "CAVMAEClassifier":
        """Returns a copy with the same weights in another mode: what does it tell by sound alone?"""
        other = type(self).from_config({**self.get_config(), "mode": mode})
        pairs = zip(_weights_of(other), _weights_of(self), strict=True)
        for mine, theirs in pairs:
            mine.assign(ops.convert_to_numpy(theirs))  # JAX would give both the same buffer
        return other

    @property
    def labels(self) -> list[str] | None:
        """Names of the classes, in the order of the logits."""
        return None if self.label_table is None else self.label_table.display_names

    @property
    def roles(self) -> tuple[str, ...]:
        """What the mode takes of `"audio"` and `"image"`."""
        return _MODES[self.mode][0]

    def score(self, clips: pd.DataFrame, batch_size: int = 32) -> np.ndarray:
        """Returns the probability of each class in clips, the mean over all frames of each `(n, num_classes)`.

        Args:
            clips: see `ClipReader.items`; `read_clip_manifest` returns such a table.
            batch_size: clips at a time.

        Raises:
            ValueError: the classifier has no reader, a column is missing, or a clip cannot be read.
        """
        if self.reader is None:
            raise ValueError(
                "Clips are read by the classifier's `reader`. Received: a classifier without. Hand a `ClipReader` to "
                "the constructor, or make the classifier with `from_pretrained`."
            )
        return frame_scores(self, self.reader.items(clips, self.roles), self.activation, batch_size)

    def predicted_labels(self, clips: pd.DataFrame, batch_size: int = 32) -> np.ndarray:
        """Returns the name of each clip's most likely class, or its number where classes have none; see `score`."""
        codes = self.score(clips, batch_size).argmax(axis=1)
        return codes if self.labels is None else np.array(self.labels)[codes]

    def call(self, inputs: Mapping, training: bool | None = None) -> KerasTensor:
        return self.head(self.head_norm(self.embedding(inputs, training)))

    def embedding(self, inputs: Mapping, training: bool | None = None) -> KerasTensor:
        """Returns what the head sees, `(batch, embedding_dim)`: the mean of the tokens of the mode's streams."""
        roles, streams = _MODES[self.mode]
        given = inputs.keys() if isinstance(inputs, Mapping) else ()
        if set(roles) - set(given):
            what = sorted(given) if given else f"{type(inputs).__name__}, no dict by role"
            raise ValueError(f"Mode {self.mode!r} needs inputs of {list(roles)}. Received: {what}.")
        backbone = self.backbone
        features = {role: self._features(role, inputs[role], training) for role in roles}
        counts = {role: values.shape[0] for role, values in features.items()}
        if len(set(counts.values()) - {None}) > 1:
            raise ValueError(f"A clip has one sound and one image. Received: {counts}. Give as many of each.")
        tokens = {role: backbone.branch(role, features[role], training=training) for role in roles}
        pooled = [
            ops.mean(
                backbone.joint(tokens, training)
                if stream == "joint"
                else backbone.stream(stream, tokens[stream], training),
                axis=1,
            )
            for stream in streams
        ]
        return sum(pooled) / len(pooled)

    def _features(self, role: str, inputs, training: bool | None) -> KerasTensor:
        if role == "image":
            return self._normalized(role, _augmented(self.image_augmentation, inputs, training))
        return _augmented(self.spectrogram_augmentation, self._normalized(role, inputs), training)

    def _normalized(self, role: str, inputs) -> KerasTensor:
        front_end = self.front_ends[role]
        if front_end is None:
            return inputs
        return front_end(inputs["waveforms"], inputs["lengths"]) if isinstance(inputs, Mapping) else front_end(inputs)

    def compute_output_shape(self, input_shape: Mapping) -> tuple:
        first = next(iter(input_shape.values()))
        return ((first["waveforms"] if isinstance(first, Mapping) else first)[0], self.num_classes)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of an official state dict of fine-tuning go."""
        return [
            *self.backbone.torch_weights(),
            *layer_norm_weights("mlp_head.0", self.head_norm),
            *linear_weights("mlp_head.1", self.head),
        ]

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "backbone": serialize(self.backbone),
            "num_classes": self.num_classes,
            "mode": self.mode,
            "audio_front_end": None if self.front_ends["audio"] is None else serialize(self.front_ends["audio"]),
            "image_front_end": None if self.front_ends["image"] is None else serialize(self.front_ends["image"]),
            "spectrogram_augmentation": [serialize(layer) for layer in self.spectrogram_augmentation],
            "image_augmentation": [serialize(layer) for layer in self.image_augmentation],
            "labels": None if self.label_table is None else self.label_table.get_config(),
            "activation": self.activation,
            "reader": None if self.reader is None else self.reader.get_config(),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "CAVMAEClassifier":
        deserialize = keras.saving.deserialize_keras_object
        config = dict(config)
        for name in ("backbone", "audio_front_end", "image_front_end"):
            config[name] = None if config[name] is None else deserialize(config[name])
        for name in ("spectrogram_augmentation", "image_augmentation"):
            config[name] = [deserialize(layer) for layer in config.get(name, ())]
        if isinstance(config.get("labels"), Mapping):
            config["labels"] = LabelTable(**config["labels"])
        if config.get("reader") is not None:
            config["reader"] = ClipReader.from_config(config["reader"])
        return cls(**config)


def _augmented(layers: Sequence[keras.layers.Layer], inputs, training: bool | None):
    if not training or not layers:
        return inputs
    inputs = ops.cast(inputs, "float32")
    for layer in layers:
        inputs = layer(inputs, training=True)
    return inputs


def _copied(layer: keras.layers.Layer) -> keras.layers.Layer:
    return type(layer).from_config(layer.get_config())


def _variables(backbone: CAVMAEBackbone) -> list[keras.Variable]:
    """All variables in one order, whatever of them is trained; positions too, which may be trained in one only."""
    return [weight.variable for weight in backbone.torch_weights() if not weight.names[0].startswith("pos_embed")] + [
        tokens.positions for tokens in backbone.tokens.values()
    ]


def _weights_of(model: CAVMAEClassifier) -> list[keras.Variable]:
    return [*_variables(model.backbone), *model.head_norm.weights, *model.head.weights]
