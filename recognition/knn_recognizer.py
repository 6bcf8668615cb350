"""Recognition of known labels, and of the unknown, by the most similar enrolled items."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from comparators.metrics.similarity import Similarity, check_similarity
from comparators.recognition.labels import check_labels
from comparators.recognition.logistic_calibration import LogisticCalibration
from comparators.recognition.similarity import top_k
from comparators.recognition.templates import leave_one_out_scores, make_templates
from comparators.recognition.threshold import Threshold, fit_threshold


class KNNRecognizer(ClassifierMixin, BaseEstimator):
    """Says whose embedding it is, or that it is nobody's who was enrolled. A scikit-learn classifier.

    The `k` most similar templates vote, but only those that reach the threshold; where none does, the answer is
    `unknown_label`. The threshold is fitted on the enrolled items alone: each label is left out in turn and its items
    asked about as unknown, and each item is asked about as known with itself left out. All of that comes from one
    similarity matrix, computed by blocks.

    A label with a single item is recognised like any other. It gives the fit an unknown item but no known one, so at
    least one label needs two items, and there must be two labels; else give `threshold` as a number, or None.

    Args:
        k: how many templates vote.
        similarity: "cosine", "euclidean", or a function from `(n, dim)` and `(m, dim)` to `(n, m)` scores, higher for
            more alike, such as a model's `similarity_matrix`.
        weights: "similarity": a vote counts as much as the template is alike, one below zero nothing; "uniform": all
            the same. Of labels with equal votes the one with the more similar templates wins.
        templates: "all": each enrolled item; "centroid": their mean for each label; a number: at most so many a label,
            found by k-means. A mean counts each item with length 1 when the similarity is the cosine.
        unknown_label: answer for an item of no enrolled label; "auto" is -1 for whole numbers, as scikit-learn marks
            outliers, and "unknown" for strings. It must not be an enrolled label, unless threshold=None.
        threshold: "fit"; None, to never answer `unknown_label`; or a number or `Threshold`, the lowest similarity that
            counts.
        target_fpir: the highest share of unknown items to take for known ones, for threshold="fit"; None is where as
            many unknown items are taken for known ones as known ones for unknown.
        seed: of k-means.

    Attributes:
        classes_: the enrolled labels, sorted `(num_labels,)`.
        n_features_in_: dimension of the embeddings.
        templates_: vectors of the templates `(num_templates, dim)`; with "all" in the order of the items.
        template_codes_: of which of `classes_` each template is `(num_templates,)`.
        threshold_: a `Threshold` with its origin and error rates, or None.
        calibration_: from the highest similarity to the probability of being known; None unless threshold="fit".
        unknown_label_: the answer for the unknown.

    Example:
        >>> vectors = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]
        >>> recognizer = KNNRecognizer(k=1).fit(vectors, ["ann", "ann", "bob", "bob"])
        >>> recognizer.predict([[0.8, 0.1], [-1.0, -1.0]]).tolist()
        ['ann', 'unknown']
    """

    def __init__(
        self,
        k: int = 5,
        similarity: Similarity = "cosine",
        weights: str = "similarity",
        templates: str | int = "all",
        unknown_label: str | int = "auto",
        threshold: str | float | Threshold | None = "fit",
        target_fpir: float | None = None,
        seed: int = 0,
    ):
        self.k = k
        self.similarity = similarity
        self.weights = weights
        self.templates = templates
        self.unknown_label = unknown_label
        self.threshold = threshold
        self.target_fpir = target_fpir
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> "KNNRecognizer":
        """Enrols items and, with threshold="fit", fits the threshold on them.

        Args:
            X: embeddings `(n, dim)`.
            y: their labels `(n,)`, strings or whole numbers.

        Returns:
            This recogniser.

        Raises:
            ValueError: if an argument is not as described, a label is empty or missing, or the items are too few to fit
            a
                threshold.
        """
        self._check_arguments()
        vectors = validate_data(self, X, dtype=[np.float32, np.float64])
        labels = _check_targets(y, len(vectors))
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.unknown_label_ = self._check_unknown_label()
        made = make_templates(vectors, codes, self.templates, self.similarity, self.seed)
        self.templates_, self.template_codes_ = made.vectors, made.codes
        self.threshold_ = self.calibration_ = None
        if self.threshold == "fit":
            known, unknown = leave_one_out_scores(vectors, codes, made, self.similarity)
            self._fit_threshold(known, unknown)
        elif isinstance(self.threshold, Threshold):
            self.threshold_ = self.threshold
        elif self.threshold is not None:
            self.threshold_ = Threshold(float(self.threshold), "given by the user")
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Says the label of each item, or that it is of none.

        Args:
            X: embeddings `(n, dim)`.

        Returns:
            `(n,)` of `classes_`, or `unknown_label_`.
        """
        scores, codes = self._neighbours(X)
        weights = self._vote_weights(scores)
        votes = np.einsum("nj,nij->ni", weights, codes[:, :, None] == codes[:, None, :])
        codes = codes[np.arange(len(codes)), votes.argmax(axis=1)]
        known = np.ones(len(codes), bool) if self.threshold_ is None else self.threshold_.accepts(scores[:, 0])
        return np.append(self.classes_, self.unknown_label_)[np.where(known, codes, len(self.classes_))]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Probability of each enrolled label. What a row lacks to 1 is the probability that the item is unknown.

        The columns are those of `classes_`, as scikit-learn's measures expect, so there is none for the unknown. The
        probability of being known comes from `calibration_`, at even odds; it is shared out as the votes are. With a
        threshold given as a number it is 1 or 0, without a threshold it is 1. `predict` goes by the threshold, which
        may be stricter than even odds.

        Args:
            X: embeddings `(n, dim)`.

        Returns:
            `(n, num_labels)` in [0, 1], rows add up to at most 1.
        """
        scores, codes = self._neighbours(X)
        weights = self._vote_weights(scores)
        weights = weights / weights.sum(axis=1, keepdims=True)
        rows = np.arange(len(codes))[:, None]
        shares = np.bincount(
            (rows * len(self.classes_) + codes).ravel(), weights.ravel(), minlength=len(codes) * len(self.classes_)
        )
        return shares.reshape(len(codes), len(self.classes_)) * self._probability_known(scores[:, 0])[:, None]

    def best_similarity(self, X: ArrayLike) -> np.ndarray:
        """Similarity to the most similar template, which the threshold is compared with.

        Args:
            X: embeddings `(n, dim)`.

        Returns:
            `(n,)`, higher for more likely known.
        """
        return self.kneighbors(X, k=1)[0][:, 0]

    def kneighbors(self, X: ArrayLike, k: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Finds the most similar templates.

        Args:
            X: embeddings `(n, dim)`.
            k: how many; None is the `k` of the recogniser. There are at most as many as templates.

        Returns:
            similarities: `(n, k)`, falling along each row.
            indices: which of `templates_` `(n, k)`; with templates="all" the number of the enrolled item.
        """
        check_is_fitted(self)
        vectors = validate_data(self, X, dtype=[np.float32, np.float64], reset=False)
        return top_k(vectors, self.templates_, self.k if k is None else k, self.similarity)

    def _neighbours(self, X: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        scores, indices = self.kneighbors(X)
        return scores, self.template_codes_[indices]

    def _vote_weights(self, scores: np.ndarray) -> np.ndarray:
        """Weight of each neighbour `(n, k)`: 0 below the threshold, unless all are; never all 0."""
        votes = np.ones(scores.shape, bool)
        if self.threshold_ is not None:
            reaches = self.threshold_.accepts(scores)
            votes = reaches | ~reaches[:, :1]
        weights = np.maximum(scores, 0) if self.weights == "similarity" else np.ones_like(scores)
        weights = np.where(votes, weights, 0).astype(np.float64)
        weights[weights.sum(axis=1) <= 0, 0] = 1
        # A hair more for the more similar ones, which decides between equal votes here and in the probabilities alike.
        return weights * (1 + 1e-9 * np.arange(scores.shape[1], 0, -1))

    def _probability_known(self, best: np.ndarray) -> np.ndarray:
        if self.calibration_ is not None:
            return self.calibration_.probability(best)
        return np.ones(len(best)) if self.threshold_ is None else self.threshold_.accepts(best).astype(np.float64)

    def _fit_threshold(self, known: np.ndarray, unknown: np.ndarray) -> None:
        if not len(known) or not len(unknown):
            what = "one label (one class)" if not len(unknown) else "one item of each label"
            raise ValueError(
                f"A threshold is fitted on at least two labels, one of them with two items. Received: {what}. "
                "Enrol more, or give `threshold` as a number, or None to never answer that an item is unknown."
            )
        scores, is_known = np.concatenate([known, unknown]), np.arange(len(known) + len(unknown)) < len(known)
        origin = "known against unknown, each enrolled label left out in turn"
        self.threshold_ = fit_threshold(scores, is_known, target_far=self.target_fpir, origin=origin)
        self.calibration_ = LogisticCalibration().fit(scores, is_known)

    def _check_arguments(self) -> None:
        check_similarity(self.similarity)
        if not isinstance(self.k, int | np.integer) or self.k < 1:
            raise ValueError(f"`k` must be a positive whole number. Received: k={self.k!r}.")
        if self.weights not in ("similarity", "uniform"):
            raise ValueError(f'`weights` must be "similarity" or "uniform". Received: weights={self.weights!r}.')
        is_count = isinstance(self.templates, int | np.integer) and self.templates >= 1
        if not is_count and self.templates not in ("all", "centroid"):
            raise ValueError(
                '`templates` must be "all", "centroid" or a positive whole number. '
                f"Received: templates={self.templates!r}."
            )
        if isinstance(self.threshold, str) and self.threshold != "fit":
            raise ValueError(
                f'`threshold` must be "fit", None, a number or a Threshold. Received: threshold={self.threshold!r}.'
            )

    def _check_unknown_label(self) -> str | int:
        is_text = self.classes_.dtype.kind == "U"
        label = self.unknown_label
        if label == "auto":
            label = "unknown" if is_text else -1
        if isinstance(label, str) != is_text:
            kind = "string" if is_text else "whole number"
            raise ValueError(f"`unknown_label` must be a {kind}, as the labels are. Received: unknown_label={label!r}.")
        if self.threshold is not None and label in self.classes_.tolist():
            raise ValueError(
                f"`unknown_label` must not be an enrolled label. Received: unknown_label={label!r}. Choose another one."
            )
        return label


def _check_targets(y: ArrayLike, num_items: int) -> np.ndarray:
    if y is None:
        raise ValueError("KNNRecognizer requires y to be passed, but the target y is None. Give a label for each item.")
    if isinstance(y, list | tuple):
        y = np.array(y, dtype=object)
    y = column_or_1d(y, warn=True)
    if y.dtype.kind == "f" and np.isfinite(y).all():
        check_classification_targets(y)
    return check_labels(y, num_items)
