"""Hard negatives: of many candidates those that are most alike to an anchor and not its answer."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import Similarity, compare, prepare
from comparators.recognition.labels import check_labels
from comparators.recognition.similarity import best_of_blocks, paired_similarity

# Embeddings of one text differ by rounding, where it was embedded in batches of other sizes.
_ROUNDING = 1e-4


def mine_hard_negatives(
    anchors: ArrayLike,
    positives: ArrayLike,
    candidates: ArrayLike | None = None,
    num_negatives: int = 1,
    skip_most_similar: int = 0,
    margin: float | None = None,
    maximum_score: float | None = None,
    sample_from: int | None = None,
    labels: ArrayLike | None = None,
    candidate_labels: ArrayLike | None = None,
    similarity: Similarity = "cosine",
    block_size: int = 2048,
    seed: int = 0,
) -> np.ndarray:
    """Finds for each anchor the candidates that a model takes for its answer though they are none.

    Mined with the model as it is, they go into rows of texts (`Rows`, with `InfoNCE`) for the next training. An
    anchor's own positive never comes, and neither does a candidate with the embedding of the positive or of the anchor
    itself: the same text, listed again. What nobody wrote down as an answer may be one all the same:
    `skip_most_similar`, `margin`, `maximum_score` and `labels` are there to leave such candidates out.

    Exact, and by blocks: memory is bounded whatever the numbers of anchors and candidates are.

    Args:
        anchors: embeddings `(n, dim)`, such as questions.
        positives: embeddings of the answers, one for each anchor `(n, dim)`.
        candidates: embeddings to choose from `(m, dim)`; None takes the positives.
        num_negatives: how many to find for each anchor.
        skip_most_similar: how many of the most similar ones are passed over.
        margin: a negative's score is to be lower by this than that of the anchor's own positive, or by more; 0 for
            none that scores higher. None looks at no such margin.
        maximum_score: a negative's score is to be this or lower. None sets no such bound.
        sample_from: draws the negatives at random from so many of the most similar ones (after those passed over). None
            takes the most similar ones.
        labels: of the anchors `(n,)`, such as the question's number: candidates of the anchor's label are answers to it
            too and never come. None where each anchor has one answer.
        candidate_labels: of the candidates `(m,)`; None for those of the anchors, where the candidates are positives.
        similarity: "cosine", "dot", "euclidean" or a function, see `similarity_matrix`.
        block_size: at most this many anchors are scored with this many candidates at a time.
        seed: of the random choice.

    Returns:
        Positions of the negatives among the candidates, int64 `(n, num_negatives)`: the most similar first, or in a
        random order with `sample_from`. -1, after all others, stands for no negative, where too few are left; `Rows`
        refuses such rows: keep those with `(negatives >= 0).all(axis=1)`.

    Raises:
        ValueError: if embeddings are not finite matrices of one dimension, there is not one positive for each anchor,
            there are labels of one side only, or a number is out of its range.

    Example:
        >>> questions = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
        >>> answers = [[1.0, 0.1], [0.2, 1.0], [1.0, 0.9]]
        >>> mine_hard_negatives(questions, answers).tolist()
        [[2], [2], [1]]
        >>> mine_hard_negatives(questions, answers, num_negatives=2, maximum_score=0.7).tolist()
        [[1, -1], [2, 0], [-1, -1]]

    Reference:
        Karpukhin et al. 2020, Dense passage retrieval; Moreira et al. 2024, NV-Retriever: effective hard-negative
        mining (bounds that go by the positive's score).
    """
    for name, value, least in (
        ("num_negatives", num_negatives, 1),
        ("skip_most_similar", skip_most_similar, 0),
        ("block_size", block_size, 1),
        ("sample_from", num_negatives if sample_from is None else sample_from, num_negatives),
    ):
        if value < least:
            raise ValueError(f"`{name}` must be at least {least}. Received: {name}={value}.")
    anchors, positives = prepare(anchors, similarity, "anchors"), prepare(positives, similarity, "positives")
    if anchors.shape != positives.shape:
        raise ValueError(
            "There must be one positive for each anchor, of its dimension. "
            f"Received: shapes {anchors.shape} and {positives.shape}."
        )
    are_positives = candidates is None
    candidates = positives if are_positives else prepare(candidates, similarity, "candidates")
    codes = _label_codes(labels, candidate_labels, len(anchors), len(candidates), are_positives)
    choice = num_negatives if sample_from is None else sample_from
    found = np.full((len(anchors), choice), -1)
    for start in range(0, len(anchors), block_size):
        rows = slice(start, min(start + block_size, len(anchors)))
        block = _Anchors(anchors[rows], positives[rows], similarity, margin, maximum_score)
        own = np.arange(rows.start, rows.stop) if are_positives else None
        blocks = block.scores_of(candidates, own, (codes[0][rows], codes[1]) if codes else None, block_size)
        _, best = best_of_blocks(blocks, rows.stop - rows.start, skip_most_similar + choice)
        found[rows] = best[:, skip_most_similar:]
    return found if sample_from is None else _sampled(found, num_negatives, np.random.default_rng(seed))


class _Anchors:
    """Some anchors, their positives, and what a candidate may score.

    Args:
        anchors: as `prepare` returns them `(n, dim)`.
        positives: likewise.
        similarity: scores them.
        margin: see `mine_hard_negatives`.
        maximum_score: likewise.
    """

    def __init__(
        self,
        anchors: np.ndarray,
        positives: np.ndarray,
        similarity: Similarity,
        margin: float | None,
        maximum_score: float | None,
    ):
        self.anchors, self.positives, self.similarity = anchors, positives, similarity
        self._of_positives = paired_similarity(anchors, positives, similarity)
        self._of_anchors = paired_similarity(anchors, anchors, similarity)
        self._most = np.full(len(anchors), np.inf)
        if maximum_score is not None:
            self._most = np.minimum(self._most, maximum_score)
        if margin is not None:
            self._most = np.minimum(self._most, self._of_positives - margin)

    def scores_of(
        self,
        candidates: np.ndarray,
        own: np.ndarray | None,
        codes: tuple[np.ndarray, np.ndarray] | None,
        block_size: int,
    ) -> Iterator[np.ndarray]:
        """Yields the scores of blocks of candidates, minus infinity for those that are no negatives.

        Args:
            candidates: as `prepare` returns them `(m, dim)`.
            own: position of each anchor's positive among them `(n,)`, where it is known.
            codes: of the labels of anchors `(n,)` and candidates `(m,)`.
            block_size: candidates at a time.
        """
        for start in range(0, len(candidates), block_size):
            block = candidates[start : start + block_size]
            scores = compare(self.anchors, block, self.similarity)
            never = scores > self._most[:, None]
            for items, their_scores in ((self.positives, self._of_positives), (self.anchors, self._of_anchors)):
                rows, columns = np.nonzero(np.abs(scores - their_scores[:, None]) <= _near(their_scores)[:, None])
                same = _are_same(items[rows], block[columns])
                never[rows[same], columns[same]] = True
            if own is not None:
                rows = np.flatnonzero((own >= start) & (own < start + len(block)))
                never[rows, own[rows] - start] = True
            if codes is not None:
                never |= codes[0][:, None] == codes[1][start : start + len(block)]
            yield np.where(never, np.float32(-np.inf), scores)


def _near(scores: np.ndarray) -> np.ndarray:
    """How far the score of an equal item may be off by rounding."""
    return _ROUNDING * np.maximum(1.0, np.abs(scores))


def _are_same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Tells which rows are equal but for rounding."""
    return np.abs(a - b).max(axis=1, initial=0) <= _ROUNDING / 10 * np.abs(a).max(axis=1, initial=0)


def _label_codes(
    labels: ArrayLike | None,
    candidate_labels: ArrayLike | None,
    num_anchors: int,
    num_candidates: int,
    are_positives: bool,
) -> tuple[np.ndarray, np.ndarray] | None:
    if labels is None and candidate_labels is None:
        return None
    if are_positives and candidate_labels is None:
        candidate_labels = labels
    if labels is None or candidate_labels is None:
        raise ValueError(
            "Labels must be given for anchors and candidates, or for neither. "
            f"Received: `{'candidate_labels' if labels is None else 'labels'}` alone."
        )
    labels, candidate_labels = check_labels(labels, num_anchors), check_labels(candidate_labels, num_candidates)
    if (labels.dtype.kind == "U") != (candidate_labels.dtype.kind == "U"):
        raise ValueError("`labels` and `candidate_labels` must be both strings or both numbers. Received: one of each.")
    codes = np.unique(np.concatenate([labels, candidate_labels]), return_inverse=True)[1].ravel()
    return codes[:num_anchors], codes[num_anchors:]


def _sampled(found: np.ndarray, num_negatives: int, random: np.random.Generator) -> np.ndarray:
    """Draws `num_negatives` of each row without replacement; -1 comes last."""
    keys = np.where(found < 0, 2.0, random.random(found.shape))
    return np.take_along_axis(found, np.argsort(keys, axis=1, kind="stable")[:, :num_negatives], axis=1)
