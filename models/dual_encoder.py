"""Two encoders of different things, whose embeddings are compared: the family of two roles."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from comparators.custom_layers.match_objective import MatchObjective
from comparators.custom_layers.match_similarity import MatchSimilarity
from comparators.custom_layers.matchmap_similarity import MatchmapSimilarity
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.vector_similarity import VectorSimilarity
from comparators.custom_layers.weighted_objectives import WeightedObjectives
from comparators.models.comparator import Comparator
from comparators.models.encoder import Encoder
from comparators.recognition.calibration import LogisticCalibration
from comparators.recognition.threshold import Threshold, fit_threshold
from comparators.recognition.verification import Verification, decide


@keras.saving.register_keras_serializable("comparators")
class DualEncoder(Comparator):
    """Learns which things of one kind belong to which of another: sounds and words, pictures and captions.

    Each role has an encoder of its own, which is a comparator too: `model.encoder_of("audio")` embeds files, is saved
    alone, fills a gallery. Together they train on matches, aligned batches `({role: inputs}, labels)` of `Matches`:
    row i of one role belongs to row i of the other, and rows of other labels are its impostors.

    Args:
        encoders: two roles and their encoders: `AudioEncoder`, `ClipEncoder`, `ImageEncoder`, `WordEncoder`, or any
            `keras.Model`. The order counts: the first role's items are the rows of a similarity matrix.
        objective: a `MatchObjective`, such as `SymmetricInfoNCE(similarity)`, or `WeightedObjectives` of several.
        similarity: scores the two roles; None takes the objective's, or else the cosine.
        name: name of the model.

    Call arguments:
        inputs: `{role: batch}`, of both roles.
        training: handed to the encoders.

    Returns:
        `(first, second)`, what the encoders give: embeddings `(batch, embedding_dim)`, or maps.

    Raises:
        TypeError: if an encoder is no `keras.Model`, or the objective is for one role.
        ValueError: if there are not two roles, or the objective has another similarity than the network.

    Example:
        >>> import keras, numpy as np
        >>> from comparators.custom_layers import SymmetricInfoNCE
        >>> low = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> high = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
        >>> model = DualEncoder({"sound": low, "word": high}, SymmetricInfoNCE())
        >>> model.compile(optimizer="adam")
        >>> rng = np.random.default_rng(0)
        >>> inputs = {"sound": rng.normal(size=(6, 8)), "word": rng.normal(size=(6, 3))}
        >>> history = model.fit(inputs, np.arange(6), batch_size=6, verbose=0)
        >>> model.similarity_matrix(inputs["sound"], inputs["word"][:2]).shape
        (6, 2)
    """

    # Keras takes no more parts once a model is built: a leaf that has more of them builds itself after they are set.
    _only_encoders = True

    def __init__(
        self,
        encoders: Mapping[str, keras.Model],
        objective: Objective | None = None,
        similarity: MatchSimilarity | None = None,
        name: str | None = None,
    ):
        if len(encoders) != 2:
            raise ValueError(f"`encoders` must be of two roles. Received: {sorted(encoders)}.")
        wrong = {role: encoder for role, encoder in encoders.items() if not isinstance(encoder, keras.Model)}
        if wrong:
            raise TypeError(f"`encoders` must be `keras.Model`s. Received: {wrong}.")
        super().__init__(
            {role: encoder if isinstance(encoder, Encoder) else Encoder(encoder) for role, encoder in encoders.items()},
            objective=objective,
            name=name,
        )
        shared = _similarity_of(objective)
        if similarity is not None and shared is not None and similarity is not shared:
            raise ValueError(
                "`similarity` must be the objective's own, so that it is trained and used as one. Give the objective "
                "the same similarity, or leave `similarity` out."
            )
        self.match_similarity = shared or similarity or VectorSimilarity()
        if self._only_encoders and all(encoder.built for encoder in self.encoders):
            self.build()

    @property
    def role_names(self) -> tuple[str, str]:
        """The two roles, in order."""
        first, second = self.roles
        return first, second

    def build(self, input_shape=None) -> None:
        for role in self.roles:
            encoder = self.encoder_of(role)
            if not encoder.built:
                encoder.build(input_shape[role])
        if self.objective is not None and not self.objective.built:
            self.objective.build(None)
        if not self.match_similarity.built:
            self.match_similarity.build(None)
        self.built = True

    def call(self, inputs: Mapping, training: bool | None = None) -> tuple:
        self.check_roles(inputs)
        return tuple(self.encoder_of(role)(inputs[role], training=training) for role in self.roles)

    def check_roles(self, inputs: Mapping) -> None:
        """Refuses inputs of a training step that lack a role."""
        if self.roles.keys() - inputs.keys():
            raise ValueError(
                f"Inputs must have both roles, {sorted(self.roles)}. Received: {sorted(inputs)}. One role alone goes "
                "through its encoder: `model.encoder_of(role)`."
            )

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the objective's loss.

        Raises:
            ValueError: if there is no objective, or the batch has no labels.
        """
        if self.objective is None:
            raise ValueError(
                "A dual encoder is trained with an objective. Received: objective=None. Make it with one, such as "
                "`SymmetricInfoNCE()`, or take a copy: `model.with_objective(SymmetricInfoNCE())`."
            )
        if y is None:
            raise ValueError(
                "Matches have labels, `({role: inputs}, labels)`; without classes, the numbers of the items, as "
                "`Matches` gives them. Received: no labels."
            )
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    # Use.

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of items of one role; the mean of its map, where the encoder gives maps.

        Args:
            inputs: what the role's encoder takes: files, arrays, words, a manifest.
            role: of the items.
            batch_size: items encoded at once.

        Returns:
            Embeddings `(n, embedding_dim)`, float32.

        Raises:
            ValueError: if the role is unknown or left out.
        """
        return self.encoder_of(role).embed(inputs, batch_size=batch_size)

    def encode(self, inputs, role: str, batch_size: int = 64):
        """Returns what the similarity compares: embeddings `(n, embedding_dim)`, or maps with `MatchmapSimilarity`."""
        encoder = self.encoder_of(role)
        if isinstance(self.match_similarity, MatchmapSimilarity):
            return encoder.maps(inputs, batch_size=batch_size)
        return encoder.embed(inputs, batch_size=batch_size)

    def score(self, a, b) -> np.ndarray:
        """Scores all encodings of the first role with all of the second, as `encode` returns them.

        Returns:
            `(n, m)`, float32; higher is more alike.
        """
        return ops.convert_to_numpy(self.match_similarity.pairwise(_tensors(a), _tensors(b)))

    def similarity_matrix(self, a, b) -> np.ndarray:
        """Scores every item `a` of the first role against every item `b` of the second. Returns `(n, m)`."""
        first, second = self.role_names
        return self.score(self.encode(a, first), self.encode(b, second))

    def similarity(self, a, b) -> np.ndarray:
        """Scores `a[i]`, of the first role, against `b[i]`, of the second; higher is more alike. Returns `(n,)`."""
        first, second = self.role_names
        a, b = self.encode(a, first), self.encode(b, second)
        if _count(a) != _count(b):
            raise ValueError(f"`a` and `b` must have the same length. Received: {_count(a)} and {_count(b)} items.")
        return ops.convert_to_numpy(self.match_similarity.paired(_tensors(a), _tensors(b)))

    def fit_threshold(
        self,
        scores: np.ndarray,
        same: np.ndarray,
        target: str = "eer",
        target_far: float | None = None,
        origin: str = "user data",
    ) -> Threshold:
        """Fits the decision threshold and the calibration on scored pairs of the two roles, and stores both.

        Args:
            scores: as `similarity` or `similarity_matrix` returns them, of any shape.
            same: whether the two belong together, of the same shape.
            target: `"eer"`, equal shares of false accepts and false rejects.
            target_far: instead of `target`, the share of different pairs that may be accepted, such as .01.
            origin: what the data is, in a few words; told with each decision.

        Returns:
            The threshold, which is also kept as `self.threshold` and saved with the model.
        """
        scores, same = np.ravel(scores), np.ravel(same)
        self.threshold = fit_threshold(scores, same, target=target, target_far=target_far, origin=origin)
        self.calibration = LogisticCalibration().fit(scores, same)
        return self.threshold

    def verify(self, a, b) -> Verification:
        """Decides whether `a`, of the first role, and `b`, of the second, belong together."""
        return decide(float(self.similarity([a], [b])[0]), self.threshold, self.calibration)

    def search(self, query, role: str, encoded, limit: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """Finds the items of the other role that are most like some queries.

        Args:
            query: items of `role`, as its encoder takes them.
            role: of the queries.
            encoded: the items to search, as `encode` returned them for the other role.
            limit: how many to find for each query.

        Returns:
            Positions `(n, limit)`, the best first, and their scores; fewer where there are fewer items.
        """
        first, _ = self.role_names
        queries = self.encode(query, role)
        scores = self.score(queries, encoded) if role == first else self.score(encoded, queries).T
        best = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
        return best, np.take_along_axis(scores, best, axis=1)

    # Saving.

    def get_config(self) -> dict:
        return {**super().get_config(), "similarity": keras.saving.serialize_keras_object(self.match_similarity)}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        parts = super().parts_from_config(config)
        # An objective that holds the similarity comes back with it, and the two must stay one.
        own = _similarity_of(parts["objective"])
        return parts | {"similarity": own or keras.saving.deserialize_keras_object(config["similarity"])}


def _similarity_of(objective: Objective | None) -> MatchSimilarity | None:
    """Returns the similarity that the objective trains; of several objectives, the one that they share."""
    if objective is None:
        return None
    parts: Sequence = objective.objectives if isinstance(objective, WeightedObjectives) else [objective]
    wrong = [type(part).__name__ for part in parts if not isinstance(part, MatchObjective)]
    if wrong:
        raise TypeError(
            f"`objective` must be for two roles, such as `SymmetricInfoNCE()`. Received: {', '.join(wrong)}."
        )
    if len({id(part.similarity) for part in parts}) > 1:
        raise ValueError("The objectives of a dual encoder must share one similarity: give each of them the same.")
    return parts[0].similarity


def _tensors(encoded):
    return keras.tree.map_structure(ops.convert_to_tensor, encoded)


def _count(encoded) -> int:
    return len(encoded["map"] if isinstance(encoded, dict) else encoded)
