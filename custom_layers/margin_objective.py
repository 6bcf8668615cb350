"""Objectives of matches with a margin, and impostors drawn at random."""

import keras

from comparators.custom_layers.match_objective import MatchObjective
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class MarginObjective(MatchObjective):
    """Base of the objectives in which a match must score higher than an impostor by a margin.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        margin: positive.
        seed: of the drawing of impostors.
        kwargs: `name` and `dtype` of the layer.

    Raises:
        ValueError: the margin is not positive.
    """

    def __init__(
        self,
        similarity: MatchSimilarity | None = None,
        margin: float = 1.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(similarity, **kwargs)
        if not margin > 0:
            raise ValueError(f"`margin` must be positive. Received: margin={margin}.")
        self.margin = float(margin)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def get_config(self) -> dict:
        return super().get_config() | {"margin": self.margin, "seed": self.seed}
