"""Matchmaps: every place of a picture against every moment of a sound, and what they come to."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.match_similarity import MatchSimilarity
from comparators.custom_layers.sequence_mask import sequence_mask

REDUCTIONS = ("sisa", "misa", "sima")
_BLOCK_VALUES = 2**22  # of a matchmap at once, 16 MB: what a processor's cache can nearly hold
_ABSENT = -1e30


def matchmap(image: KerasTensor, sound: KerasTensor) -> KerasTensor:
    """Returns the dot product of every place with every moment.

    Args:
        image: map `(..., height, width, dim)`.
        sound: map `(..., time, dim)`, with the same axes before.

    Returns:
        `(..., height, width, time)`.

    Example:
        >>> tuple(matchmap(ops.ones((7, 7, 4)), ops.ones((9, 4))).shape)
        (7, 7, 9)
    """
    height, width, dim = image.shape[-3:]
    places = ops.reshape(image, (*ops.shape(image)[:-3], height * width, dim))
    scores = ops.matmul(places, ops.swapaxes(sound, -1, -2))
    return ops.reshape(scores, (*ops.shape(scores)[:-2], height, width, ops.shape(scores)[-1]))


@keras.saving.register_keras_serializable("comparators")
class MatchmapSimilarity(MatchSimilarity):
    """Scores pictures with sounds through their matchmaps, in which every place meets every moment.

    The ways to sum a matchmap up: `"sisa"`, the mean over places and moments; `"misa"`, the mean over the moments of
    the best place of each; `"sima"`, the mean over the places of the best moment of each. Only the moments that a
    sound has count. `"misa"` was the best in the paper.

    Matchmaps are made and summed up in blocks of pictures, so that `pairwise` of 1,000 pictures with 1,000 sounds
    holds little more than its result; `"sisa"` needs no matchmaps at all.

    Args:
        reduction: `"sisa"`, `"misa"` or `"sima"`.
        form: of the score of a place and a moment, `"dot"` as in the paper, or `"cosine"`.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(images, sounds)`: maps `(n, height, width, dim)`, and `{"map": (m, time, dim), "lengths": (m,)}`
            with lengths in moments. A length of 0 counts as 1.

    Returns:
        Scores `(n, m)`.

    Raises:
        ValueError: `reduction` or `form` is none of these.

    Example:
        >>> images, sounds = ops.ones((2, 3, 3, 4)), {"map": ops.ones((5, 6, 4)), "lengths": ops.array([6, 5, 4, 1, 0])}
        >>> scores = MatchmapSimilarity("misa")((images, sounds))
        >>> tuple(scores.shape), float(scores[1, 4])
        ((2, 5), 4.0)

    Reference:
        Harwath et al. 2018, Jointly discovering visual objects and spoken words from raw sensory input.
    """

    def __init__(self, reduction: str = "misa", form: str = "dot", **kwargs):
        super().__init__(**kwargs)
        if reduction not in REDUCTIONS:
            raise ValueError(f"`reduction` must be one of {', '.join(REDUCTIONS)}. Received: reduction={reduction!r}.")
        if form not in ("cosine", "dot"):
            raise ValueError(f"`form` must be 'cosine' or 'dot'. Received: form={form!r}.")
        self.reduction = reduction
        self.form = form

    def pairwise(self, images: KerasTensor, sounds: dict[str, KerasTensor]) -> KerasTensor:
        places, moments, weights = self._prepare(images, sounds)
        if self.reduction == "sisa":
            return ops.matmul(ops.mean(places, axis=1), ops.transpose(_mean_of_moments(moments, weights)))
        count, num_places, dim = places.shape
        num_sounds, num_moments = ops.shape(moments)[0], ops.shape(moments)[1]
        flat = ops.transpose(ops.reshape(moments, (-1, dim)))

        def score(block: KerasTensor) -> KerasTensor:
            """Scores some pictures, `(block, places, dim)`, with all sounds."""
            scores = ops.matmul(ops.reshape(block, (-1, dim)), flat)
            return self._reduce(ops.reshape(scores, (-1, num_places, num_sounds, num_moments)), weights)

        if not isinstance(count, int) or not isinstance(num_sounds, int) or not isinstance(num_moments, int):
            return score(places)  # a graph of unknown batch size, so of a training batch
        size = min(count, max(1, _BLOCK_VALUES // max(1, num_places * num_sounds * num_moments)))
        whole = count // size * size
        blocks = ops.reshape(places[:whole], (-1, size, num_places, dim))
        scores = ops.reshape(ops.map(score, blocks), (whole, num_sounds))
        return scores if whole == count else ops.concatenate([scores, score(places[whole:])], axis=0)

    def paired(self, images: KerasTensor, sounds: dict[str, KerasTensor]) -> KerasTensor:
        places, moments, weights = self._prepare(images, sounds)
        if self.reduction == "sisa":
            return ops.sum(ops.mean(places, axis=1) * _mean_of_moments(moments, weights), axis=-1)
        scores = ops.matmul(places, ops.swapaxes(moments, 1, 2))
        return self._reduce(scores[:, :, None], weights[:, None])[:, 0]

    def _prepare(self, images: KerasTensor, sounds: dict[str, KerasTensor]) -> tuple:
        """Returns places `(n, height * width, dim)`, moments `(m, time, dim)` and their weights `(m, time)`."""
        _, height, width, dim = images.shape
        places = ops.reshape(ops.cast(images, self.compute_dtype), (-1, height * width, dim))
        moments = ops.cast(sounds["map"], self.compute_dtype)
        if self.form == "cosine":
            places, moments = l2_normalize(places), l2_normalize(moments)
        lengths = ops.maximum(ops.cast(sounds["lengths"], "int32"), 1)
        mask = ops.cast(sequence_mask(lengths, ops.shape(moments)[1]), self.compute_dtype)
        return places, moments, mask / ops.cast(lengths, self.compute_dtype)[:, None]

    def _reduce(self, scores: KerasTensor, weights: KerasTensor) -> KerasTensor:
        """Sums matchmaps `(n, places, sounds, time)` up; weights `(sounds, time)` or one more axis, 0 for padding."""
        if self.reduction == "misa":
            best = ops.max(scores, axis=1)
            return ops.sum(ops.where(weights > 0, best * weights, 0.0), axis=-1)
        real = weights > 0 if len(weights.shape) == 2 else (weights > 0)[:, None]
        return ops.mean(ops.max(ops.where(real, scores, _ABSENT), axis=-1), axis=1)

    def get_config(self) -> dict:
        return super().get_config() | {"reduction": self.reduction, "form": self.form}


def _mean_of_moments(moments: KerasTensor, weights: KerasTensor) -> KerasTensor:
    real = (weights > 0)[..., None]
    return ops.sum(ops.where(real, moments * weights[..., None], 0.0), axis=1)
