"""Prototypes of classes, and classification by the nearest one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import as_embeddings

PROTOCOLS = ("mean", "tutorial")


def class_prototypes(embeddings: ArrayLike, labels: ArrayLike, classes: Sequence, protocol: str = "mean") -> np.ndarray:
    """Makes a prototype for each class from items of it.

    For classes that are described by words no items are needed: the projected word vectors are the prototypes.

    Args:
        embeddings: of the items, such as projected pictures `(n, dim)`.
        labels: class of each item `(n,)`; items of other classes are left out.
        classes: the classes, in the order of the prototypes.
        protocol: "mean" takes the mean of a class's embeddings. "tutorial" takes the first one alone, as the zero-shot
            music tutorial evaluates: where items of the same kind are then classified, a labelled example of each
            unseen class has leaked in, so this is one-shot, not zero-shot. It is here to compare with.

    Returns:
        `(classes, dim)`.

    Raises:
        ValueError: a class has no item, a shape does not match, or there is no such protocol.

    Example:
        >>> class_prototypes([[1, 0], [0, 1], [3, 3]], ["a", "a", "b"], ["b", "a"]).tolist()
        [[3.0, 3.0], [0.5, 0.5]]
    """
    embeddings, labels = as_embeddings(embeddings, "embeddings"), np.asarray(labels)
    if protocol not in PROTOCOLS:
        raise ValueError(f"`protocol` must be one of {', '.join(PROTOCOLS)}. Received: protocol={protocol!r}.")
    if labels.shape != embeddings.shape[:1]:
        raise ValueError(
            f"There must be one label for each embedding. Received: shapes {labels.shape} and {embeddings.shape}."
        )
    wanted = np.isin(labels, np.asarray(classes))
    embeddings = embeddings[wanted]
    codes = class_codes(labels[wanted], classes, len(embeddings))
    counts = np.bincount(codes, minlength=len(classes))
    if not counts.all():
        absent = [str(name) for name, count in zip(classes, counts, strict=True) if not count]
        raise ValueError(f"Each class needs an item. Received: none of {', '.join(absent)}. Leave these classes out.")
    if protocol == "tutorial":
        return embeddings[[np.argmax(codes == code) for code in range(len(classes))]]
    sums = np.zeros((len(classes), embeddings.shape[1]))
    np.add.at(sums, codes, embeddings)
    return (sums / counts[:, None]).astype(embeddings.dtype)


def nearest_prototype(scores: ArrayLike, classes: Sequence) -> np.ndarray:
    """Returns the class of each item's best prototype, of equal ones the first.

    Args:
        scores: of each item with each class's prototype `(n, classes)`, higher for more alike.
        classes: the classes, one for each column.

    Returns:
        `(n,)`.

    Raises:
        ValueError: a shape does not match, or a score is not finite.

    Example:
        >>> nearest_prototype([[0.1, 0.9], [0.4, 0.2]], ["dog", "rain"]).tolist()
        ['rain', 'dog']
    """
    return np.asarray(classes)[check_prototype_scores(scores, classes).argmax(axis=1)]


def prototype_accuracy(scores: ArrayLike, labels: ArrayLike, classes: Sequence) -> float:
    """Share of items whose class has the best prototype; of t equal best ones the right one counts 1 / t.

    So scores that are all equal get the accuracy of guessing.

    Args:
        scores: of each item with each class's prototype `(n, classes)`, higher for more alike.
        labels: class of each item `(n,)`.
        classes: the classes, one for each column.

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: a shape does not match, a score is not finite, a label is not among the classes, or there are no
            items.

    Example:
        >>> prototype_accuracy([[0.1, 0.9], [0.4, 0.2]], ["rain", "rain"], ["dog", "rain"])
        0.5
    """
    scores = check_prototype_scores(scores, classes)
    return float(np.mean(prototype_hits(scores, class_codes(labels, classes, len(scores)))))


def prototype_hits(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Says how much of each item's answer is right: 1 / t where the right class is one of t equal best ones, else 0.

    Args:
        scores: of each item with each class's prototype `(n, classes)`.
        codes: column of each item's class `(n,)`.

    Returns:
        `(n,)`.

    Example:
        >>> prototype_hits(np.array([[1.0, 2.0], [3.0, 3.0]]), np.array([1, 0])).tolist()
        [1.0, 0.5]
    """
    best = scores == scores.max(axis=1, keepdims=True)
    return best[np.arange(len(codes)), codes] / np.count_nonzero(best, axis=1)


def check_prototype_scores(scores: ArrayLike, classes: Sequence) -> np.ndarray:
    """Returns scores as a matrix of finite floats with a column for each class, or says what is wrong with them.

    Args:
        scores: of each item with each class's prototype `(n, classes)`.
        classes: the classes, all different.

    Returns:
        `(n, classes)`, float64 stays float64, all else becomes float32.

    Raises:
        ValueError: they are not as above.

    Example:
        >>> check_prototype_scores([[1, 2]], ["a", "b"]).dtype
        dtype('float32')
    """
    scores = as_embeddings(scores, "scores")
    if scores.shape[1] != len(classes) or not len(scores) or len(set(classes)) < len(classes):
        raise ValueError(
            "`scores` must be `(n, classes)`, not empty, with one of `classes`, all different, for each column. "
            f"Received: shape {scores.shape} and {len(classes)} classes, {len(set(classes))} of them different."
        )
    return scores


def class_codes(labels: ArrayLike, classes: Sequence, num_items: int) -> np.ndarray:
    """Returns the column of each label's class.

    Args:
        labels: `(num_items,)`.
        classes: the classes, all different.
        num_items: how many labels there must be.

    Returns:
        `(num_items,)` integers.

    Raises:
        ValueError: there are more or fewer labels, or one is not among the classes.

    Example:
        >>> class_codes(["rain", "dog"], ["dog", "rain"], 2).tolist()
        [1, 0]
    """
    labels = np.asarray(labels)
    if labels.shape != (num_items,):
        raise ValueError(
            f"There must be one label for each item, {num_items}. Received: labels of shape {labels.shape}."
        )
    column = {name: number for number, name in enumerate(classes)}
    codes = np.array([column.get(label, -1) for label in labels.tolist()], int)
    if (codes < 0).any():
        strange = np.unique(labels[codes < 0])
        raise ValueError(
            f"Each label must be one of `classes`. Received: {', '.join(map(str, strange[:5]))}"
            f"{' ...' if len(strange) > 5 else ''}. Leave these items out, or add the classes' prototypes."
        )
    return codes
