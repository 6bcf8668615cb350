"""One-shot classification: one example of each class, never seen before, has to be enough."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import Similarity, compare, prepare


def one_shot_error(
    embeddings: ArrayLike,
    labels: ArrayLike,
    drawers: ArrayLike,
    alphabets: ArrayLike | None = None,
    num_ways: int = 20,
    num_runs: int = 400,
    similarity: Similarity = "cosine",
    seed: int = 0,
) -> float:
    """Share of the wrong answers of one-shot classification within an alphabet, as Omniglot's evaluation has it.

    A run draws `num_ways` characters of one alphabet and two of its drawers. The first one's drawings are the
    references, one for each character; each of the second one's drawings (a trial) is given the character of the most
    similar reference. Runs go round the alphabets; an alphabet with fewer characters takes part with all of them.
    For other data, characters are classes, a drawer is who or what the item comes from, an alphabet is what a class
    can be confused with.

    Args:
        embeddings: one row an item `(n, dim)`.
        labels: character of each item `(n,)`, strings or integers; those of two alphabets have different labels.
        drawers: drawer of each item `(n,)`; counted for each alphabet by itself. Of several drawings of one character
            by one drawer, the first is used.
        alphabets: alphabet of each item `(n,)`; None takes all items for one.
        num_ways: characters in a run.
        num_runs: how many runs; Omniglot's own evaluation has 20, and so an error that is uncertain by some percent.
        similarity: "cosine", "dot", "euclidean", or a function, as elsewhere in this room.
        seed: of the draw of characters and drawers, a non-negative integer.

    Returns:
        The error, between 0 and 1, the mean over all runs; guessing has `1 - 1 / num_ways`.

    Raises:
        ValueError: if lengths differ, `num_ways` is below 2, there is no run, or an alphabet has no two drawers who
            drew enough of the same characters.

    Example:
        >>> labels, drawers = ["alpha", "beta", "alpha", "beta"], [1, 1, 2, 2]
        >>> one_shot_error([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.2, 0.8]], labels, drawers, num_ways=2)
        0.0

    Reference:
        Lake, Salakhutdinov and Tenenbaum 2015, Human-level concept learning through probabilistic program induction;
        2019, The Omniglot challenge: a 3-year progress report.
    """
    if num_ways < 2 or num_runs < 1:
        raise ValueError(
            "`num_ways` must be at least 2 and `num_runs` at least 1. "
            f"Received: num_ways={num_ways}, num_runs={num_runs}."
        )
    embeddings = prepare(embeddings, similarity, "embeddings")
    labels, drawers = np.asarray(labels), np.asarray(drawers)
    alphabets = np.zeros(len(embeddings), np.int32) if alphabets is None else np.asarray(alphabets)
    if not labels.shape == drawers.shape == alphabets.shape == embeddings.shape[:1]:
        raise ValueError(
            "`labels`, `drawers` and `alphabets` must have one value for each row of `embeddings`. "
            f"Received: shapes {labels.shape}, {drawers.shape}, {alphabets.shape} for {len(embeddings)} rows."
        )
    random = np.random.default_rng(seed)
    tables = [
        _DrawingTable(np.flatnonzero(alphabets == name), labels, drawers, num_ways, name)
        for name in np.unique(alphabets)
    ]
    errors = np.empty(num_runs)
    for run in range(num_runs):
        references, queries = tables[run % len(tables)].draw(random)
        scores = compare(embeddings[queries], embeddings[references], similarity)
        errors[run] = np.mean(scores.argmax(axis=1) != np.arange(len(queries)))
    return float(errors.mean())


class _DrawingTable:
    """The items of one alphabet by character and drawer, `-1` where a drawing is missing."""

    def __init__(self, items: np.ndarray, labels: np.ndarray, drawers: np.ndarray, num_ways: int, name: object):
        characters, rows = np.unique(labels[items], return_inverse=True)
        people, columns = np.unique(drawers[items], return_inverse=True)
        self.items = np.full((len(characters), len(people)), -1)
        self.items[rows[::-1], columns[::-1]] = items[::-1]  # the first of several is written last
        self.num_ways = min(num_ways, len(characters))
        drawn = (self.items >= 0).astype(np.int64)
        shared = drawn.T @ drawn
        np.fill_diagonal(shared, 0)
        self.pairs = np.argwhere(shared >= self.num_ways)
        if not len(self.pairs) or self.num_ways < 2:
            raise ValueError(
                f"An alphabet needs two characters, and two drawers who drew {self.num_ways} of the same ones. "
                f"Received: alphabet {name!r} with {len(characters)} characters by {len(people)} drawers, no two of "
                f"whom share more than {shared.max()}. Lower `num_ways`, or leave this alphabet out."
            )

    def draw(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a run: references and queries, both `(num_ways,)`, in the same order of characters."""
        pair = self.items[:, self.pairs[random.integers(len(self.pairs))]]
        both = np.flatnonzero((pair >= 0).all(axis=1))
        chosen = pair[random.choice(both, self.num_ways, replace=False)]
        return chosen[:, 0], chosen[:, 1]
