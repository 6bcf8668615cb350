"""The base of every comparator: encoders by role, an objective, embeddings and their similarity."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from comparators.custom_layers.objective import Objective
from comparators.metrics.similarity import Similarity
from comparators.metrics.verification import pair_scores
from comparators.models.encoders.chunked_encoder import ChunkedEncoder
from comparators.recognition.calibration import LogisticCalibration
from comparators.recognition.similarity import paired_similarity, similarity_matrix
from comparators.recognition.threshold import Threshold, fit_threshold
from comparators.recognition.verification import Verification, decide


@keras.saving.register_keras_serializable("comparators")
class Comparator(keras.Model):
    """Learns whether two things are alike; the abstract base of all comparators.

    A comparator is made of parts: an encoder for each role (one shared encoder in a siamese network), and an objective
    that turns the embeddings of a batch and its labels into a loss. It trains with stock `compile` and `fit`:
    with an objective no loss is given to `compile`; without one, `compile(loss=...)` gets `(labels, embeddings)`.

    Args:
        encoders: role -> encoder. Roles that share an encoder are given the same object and share it after a load too.
        objective: layer from embeddings and labels to a loss, such as `GE2E`; None to give a loss to `compile`.
        name: name of the model.

    Attributes:
        threshold: the fitted decision threshold, see `fit_threshold`; None while there is none.
        calibration: from scores to probabilities, fitted with the threshold; None while there is none.

    Raises:
        TypeError: if the base itself is instantiated, or `objective` is no `Objective`.
    """

    def __init__(
        self,
        encoders: Mapping[str, keras.Model],
        objective: Objective | None = None,
        name: str | None = None,
    ):
        if type(self) is Comparator:
            raise TypeError(
                "`Comparator` is abstract. Use a family such as `Encoder`, or a leaf such as `AudioEncoder`."
            )
        if objective is not None and not isinstance(objective, Objective):
            raise TypeError(
                "`objective` must be a layer such as `GE2E()`, or None; a loss goes into `compile(loss=...)`, or into "
                f"`LossObjective(loss)`. Received: objective={objective!r}."
            )
        super().__init__(name=name)
        distinct = list({id(encoder): encoder for encoder in encoders.values()}.values())
        self.encoders = distinct
        self.roles = {role: distinct.index(encoder) for role, encoder in encoders.items()}
        self.objective = objective
        self.threshold: Threshold | None = None
        self.calibration: LogisticCalibration | None = None
        measures = objective.measure_names if objective is not None else ()
        self.trackers = {measure: keras.metrics.Mean(name=measure) for measure in measures}

    def encoder_of(self, role: str | None = None) -> keras.Model:
        """Returns the encoder of a role; without a role, the only encoder there is.

        Raises:
            ValueError: if the role is unknown, or left out where roles have encoders of their own.
        """
        if role is None and len(self.encoders) == 1:
            return self.encoders[0]
        if role not in self.roles:
            raise ValueError(f"`role` must be one of {sorted(self.roles)}. Received: role={role!r}")
        return self.encoders[self.roles[role]]

    # Training: the only hook of Keras that is overridden.

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the objective's loss plus the layers' own losses; without an objective, the compiled loss.

        The objective's measures are updated here and not in `compute_metrics`, where JAX has no weights at hand.
        """
        if self.objective is None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        for name, value in self.objective.measures(y_pred, y).items():
            self.trackers[name].update_state(value)
        loss = self.objective(y_pred, y, sample_weight=sample_weight, training=training)
        return loss + ops.sum(ops.stack(self.losses)) if self.losses else loss

    # Use.

    @property
    def scorer(self) -> Similarity:
        """How two embeddings are scored; what `metrics` and `recognition` take for `similarity`."""
        return "cosine"

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of items; deterministic.

        Args:
            inputs: array `(n, ...)` of items, a dict of such arrays, or a sequence of arrays of one shape.
            role: which encoder to take; not needed where there is only one.
            batch_size: items encoded at once.

        Returns:
            Embeddings `(n, embedding_dim)`, float32.
        """
        inputs = np.stack(inputs) if isinstance(inputs, list | tuple) else inputs
        return np.asarray(self.encoder_of(role).predict(inputs, batch_size=batch_size, verbose=0), np.float32)

    def similarity(self, a, b) -> np.ndarray:
        """Scores `a[i]` against `b[i]`; higher is more alike. Both are inputs of `embed`. Returns `(n,)`."""
        a, b = self.embed(a), self.embed(b)
        if len(a) != len(b):
            raise ValueError(f"`a` and `b` must have the same length. Received: {len(a)} and {len(b)} items")
        return paired_similarity(a, b, similarity=self.scorer)

    def similarity_matrix(self, a, b=None) -> np.ndarray:
        """Scores every item of `a` against every item of `b` (of `a` itself without `b`). Returns `(n, m)`."""
        a = self.embed(a)
        return self.score(a, a if b is None else self.embed(b))

    def score(self, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
        """Scores every embedding `a` `(n, dim)` against every embedding `b` `(m, dim)`. Returns `(n, m)`."""
        return similarity_matrix(a, b, similarity=self.scorer)

    def fit_threshold(
        self,
        embeddings: np.ndarray,
        labels: Sequence,
        target: str = "eer",
        target_far: float | None = None,
        origin: str = "user data",
        groups: Sequence | None = None,
    ) -> Threshold:
        """Fits the decision threshold and the calibration on all pairs of labelled items, and stores both.

        A threshold belongs to the data that it is used on: fit it on recordings (images, ...) like your own, of at
        least a dozen labels that the model was not trained on.

        Args:
            embeddings: `(n, embedding_dim)`, as `embed` returns them.
            labels: `n` labels.
            target: `"eer"`, equal shares of false accepts and false rejects.
            target_far: instead of `target`, the share of different pairs that may be accepted, such as .01.
            origin: what the data is, in a few words; told with each decision.
            groups: corpus (room, channel, ...) of each item, to take pairs within one only, see `pair_scores`.

        Returns:
            The threshold, which is also kept as `self.threshold` and saved with the model.
        """
        scores, same = pair_scores(embeddings, labels, similarity=self.scorer, groups=groups)
        self.threshold = fit_threshold(scores, same, target=target, target_far=target_far, origin=origin)
        self.calibration = LogisticCalibration().fit(scores, same)
        return self.threshold

    def verify(self, a, b) -> Verification:
        """Decides whether `a` and `b` are alike.

        Returns:
            The score, the calibrated probability, the threshold and where it comes from, and the decision: None, with
            a warning, while no threshold was fitted.
        """
        return decide(float(self.similarity([a], [b])[0]), self.threshold, self.calibration)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        encoder = self.encoders[0]
        return int(encoder.embedding_dim if hasattr(encoder, "embedding_dim") else encoder.output_shape[-1])

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell this model's embeddings from another's: its encoders' parts and weights."""
        digest = hashlib.sha256()
        for encoder in self.encoders:
            encoder = encoder.encoder if isinstance(encoder, ChunkedEncoder) else encoder
            digest.update(json.dumps(_without_names(encoder.get_config()), sort_keys=True, default=str).encode())
            for variable in encoder.weights:
                digest.update(np.ascontiguousarray(ops.convert_to_numpy(variable)).tobytes())
        return digest.hexdigest()[:16]

    # Saving.

    def with_objective(self, objective: Objective | None) -> "Comparator":
        """Returns a copy with another objective, not compiled: to train on, or to save without the optimiser's state.

        Args:
            objective: the copy's; `self.objective` keeps it with what it has learnt.
        """
        described = None if objective is None else keras.saving.serialize_keras_object(objective)
        other = type(self).from_config({**self.get_config(), "objective": described})
        for mine, copied in zip(self.encoders, other.encoders, strict=True):
            copied.set_weights(mine.get_weights())
        if objective is not None and objective.built:
            other.objective.set_weights(objective.get_weights())
        return other

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "encoders": [serialize(encoder) for encoder in self.encoders],
            "roles": dict(self.roles),
            "objective": None if self.objective is None else serialize(self.objective),
            "threshold": None if self.threshold is None else self.threshold.to_dict(),
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "Comparator":
        model = cls(**cls.parts_from_config(config))
        for name, kind in {"threshold": Threshold, "calibration": LogisticCalibration}.items():
            setattr(model, name, None if config[name] is None else kind.from_dict(config[name]))
        return model

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        """Makes the constructor's arguments from what `get_config` returned; families and leaves add their own."""
        deserialize = keras.saving.deserialize_keras_object
        encoders = [deserialize(encoder) for encoder in config["encoders"]]
        return {
            "encoders": {role: encoders[index] for role, index in config["roles"].items()},
            "objective": None if config["objective"] is None else deserialize(config["objective"]),
            "name": config["name"],
        }


def _without_names(config):
    """Drops layer names, dtype policies and the cutting in chunks, which differ between equal models."""
    if isinstance(config, Mapping):
        if config.get("class_name") == "ChunkedEncoder":
            return _without_names(config["config"]["encoder"])
        return {k: _without_names(v) for k, v in config.items() if k not in ("name", "dtype", "shared_object_id")}
    if isinstance(config, list | tuple):
        return [_without_names(value) for value in config]
    return config
