"""What CAV-MAE is trained for: to reconstruct hidden patches, and to know which sound belongs to which image."""

from collections.abc import Mapping

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.match_objective import MatchObjective
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class CAVMAEObjective(MatchObjective):
    """Reconstruction of hidden patches in both modalities, and the contrast of matches with all other pairs.

    `reconstruction_weight * (error of the sounds + error of the images) + contrastive_weight * contrast`. Without
    contrast it is the objective of AV-MAE, without reconstruction that of CAV. Labels are not used: all other rows of
    the batch are impostors. Under TensorFlow's `MirroredStrategy` these are the rows of one replica, under JAX's
    `DataParallel` those of all.

    Args:
        reconstruction_weight: of the errors.
        contrastive_weight: of the contrast.
        norm_pix: whether a patch is reconstructed as its deviation from its own mean, in its own standard deviations.
            Inpainting needs a network trained without it.
        temperature: that the cosines are divided by.
        symmetric: whether the contrast is the mean of both directions; otherwise each image looks for its sound, as
            published.
        similarity: of the embeddings; None: the cosine.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: role -> `{"embedding": (batch, dim), "patches": (batch, count, values), "prediction": (batch,
            count, values), "hidden": (batch, count)}`, as a `CAVMAE` returns them.
        labels: not used.
        sample_weight: of the rows, `(batch,)` or None; of the reconstruction too.
        training: not used.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> one = {"embedding": ops.eye(2), "patches": ops.ones((2, 3, 4)), "prediction": ops.ones((2, 3, 4)),
        ...        "hidden": ops.ones((2, 3))}
        >>> objective = CAVMAEObjective(norm_pix=False)
        >>> bool(objective({"audio": one, "image": one}, None) < 1e-6)
        True

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(
        self,
        reconstruction_weight: float = 1.0,
        contrastive_weight: float = 0.01,
        norm_pix: bool = True,
        temperature: float = 0.05,
        symmetric: bool = False,
        similarity: MatchSimilarity | None = None,
        **kwargs,
    ):
        super().__init__(similarity, **kwargs)
        if min(reconstruction_weight, contrastive_weight) < 0 or reconstruction_weight + contrastive_weight == 0:
            raise ValueError(
                "`reconstruction_weight` and `contrastive_weight` must not be negative, and one positive. Received: "
                f"reconstruction_weight={reconstruction_weight}, contrastive_weight={contrastive_weight}."
            )
        if not temperature > 0:
            raise ValueError(f"`temperature` must be positive. Received: temperature={temperature}.")
        self.reconstruction_weight = float(reconstruction_weight)
        self.contrastive_weight = float(contrastive_weight)
        self.norm_pix = bool(norm_pix)
        self.temperature = float(temperature)
        self.symmetric = bool(symmetric)

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Names of the values that `measures` returns: those of what is weighted."""
        errors = ("audio_error", "image_error") if self.reconstruction_weight else ()
        return errors + (("contrast", "contrast_accuracy") if self.contrastive_weight else ())

    def call(
        self,
        embeddings: Mapping[str, Mapping[str, KerasTensor]],
        labels: KerasTensor | None = None,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        loss = 0.0
        if self.reconstruction_weight:
            errors = [self.error(embeddings[role], sample_weight) for role in ("audio", "image")]
            loss = loss + self.reconstruction_weight * (errors[0] + errors[1])
        if self.contrastive_weight:
            contrast, _ = self.contrast(embeddings, sample_weight)
            loss = loss + self.contrastive_weight * contrast
        return loss

    def error(self, output: Mapping[str, KerasTensor], sample_weight: KerasTensor | None = None) -> KerasTensor:
        """Returns the mean squared error of one modality's hidden patches, a scalar."""
        if self.norm_pix:
            targets = normalized_patches(ops.cast(output["patches"], self.compute_dtype))
        else:
            targets = ops.cast(output["patches"], self.compute_dtype)
        prediction, weights = (ops.cast(output[name], self.compute_dtype) for name in ("prediction", "hidden"))
        if sample_weight is not None:
            weights = weights * ops.reshape(ops.cast(sample_weight, weights.dtype), (-1, 1))
        total = ops.maximum(ops.sum(weights), 1e-12)
        return ops.sum(ops.mean(ops.square(prediction - targets), axis=-1) * weights) / total

    def contrast(self, embeddings: Mapping, sample_weight: KerasTensor | None = None) -> tuple:
        """Returns the contrast of the matches and the share of them that is found, scalars."""
        scores = self.similarity.pairwise(embeddings["audio"]["embedding"], embeddings["image"]["embedding"])
        to_audio = self._direction(ops.transpose(scores) / self.temperature, sample_weight)
        if not self.symmetric:
            return to_audio
        to_image = self._direction(scores / self.temperature, sample_weight)
        return (to_audio[0] + to_image[0]) / 2, (to_audio[1] + to_image[1]) / 2

    def _direction(self, logits: KerasTensor, sample_weight: KerasTensor | None) -> tuple:
        losses = ops.logsumexp(logits, axis=1) - ops.diagonal(logits)
        found = ops.argmax(logits, axis=1) == ops.arange(ops.shape(logits)[0])
        return self.weighted_mean(losses, sample_weight), ops.mean(ops.cast(found, "float32"))

    def measures(self, embeddings: Mapping, labels: KerasTensor | None = None) -> dict[str, KerasTensor]:
        """Returns both errors, the contrast, and the share of the matches that is found; of what is weighted."""
        measures = {}
        if self.reconstruction_weight:
            measures |= {f"{role}_error": self.error(embeddings[role]) for role in ("audio", "image")}
        if self.contrastive_weight:
            measures["contrast"], measures["contrast_accuracy"] = self.contrast(embeddings)
        return measures

    def get_config(self) -> dict:
        return super().get_config() | {
            "reconstruction_weight": self.reconstruction_weight,
            "contrastive_weight": self.contrastive_weight,
            "norm_pix": self.norm_pix,
            "temperature": self.temperature,
            "symmetric": self.symmetric,
        }


def normalized_patches(patches: KerasTensor) -> KerasTensor:
    """Takes the mean of each patch off and divides by its standard deviation, of the unbiased variance.

    Args:
        patches: `(batch, count, values)`.

    Returns:
        Of the same shape. A patch of one value everywhere is zero.

    Example:
        >>> normalized_patches(ops.array([[[0.0, 2.0]]])).numpy().round(2).tolist()
        [[[-0.7099999785423279, 0.7099999785423279]]]
    """
    values = patches.shape[-1]
    deviations = patches - ops.mean(patches, axis=-1, keepdims=True)
    variance = ops.sum(ops.square(deviations), axis=-1, keepdims=True) / (values - 1)
    return deviations / ops.sqrt(variance + 1e-6)
