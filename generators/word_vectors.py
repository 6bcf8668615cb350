"""Word vectors, such as GloVe's, and the vectors of names of several words."""

import os
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from comparators.generators.word_vector_files import read_vector_file


class WordVectors:
    """Vectors of words, read from a GloVe file, and of names made of such words.

    One rule gives the vector of a name, such as the label of a class: the name is lower-cased and split at white space,
    underscores and hyphens, and its vector is the mean of its words' vectors. A name is known only when all of its
    words are. Names that are not known have no vector, unless `drop_unknown` leaves their unknown words out.

    Args:
        words: the words, all different.
        vectors: a vector for each `(n, dim)`.

    Raises:
        ValueError: the two do not match, there are none, a word is there twice, or a value is NaN or infinite.

    Example:
        >>> vectors = WordVectors(["sea", "waves", "dog"], [[1, 0], [0, 1], [2, 2]])
        >>> vectors.vector_of("Sea-Waves").tolist(), vectors.known(["dog", "sea_lion"])
        ([0.5, 0.5], ['dog'])
        >>> vectors.missing(["dog", "sea_lion"])
        {'sea_lion': ['lion']}

    Reference:
        Pennington, Socher and Manning, "GloVe: global vectors for word representation", EMNLP 2014.
    """

    def __init__(self, words: Sequence[str], vectors: ArrayLike):
        self.words = [str(word) for word in words]
        self.vectors = np.asarray(vectors, np.float32)
        if not self.words or self.vectors.ndim != 2 or len(self.vectors) != len(self.words) or not self.dim:
            raise ValueError(
                "`vectors` must hold one row for each of `words`, `(n, dim)`, and at least one. "
                f"Received: {len(self.words)} words and vectors of shape {self.vectors.shape}."
            )
        self._row_of = {word: row for row, word in enumerate(self.words)}
        if len(self._row_of) < len(self.words):
            twice = [word for word, count in Counter(self.words).items() if count > 1]
            raise ValueError(f"`words` must differ. Received more than once: {_list(twice)}. Remove the copies.")
        finite = np.isfinite(self.vectors).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"`vectors` must be finite. Received: NaN or infinity in {np.count_nonzero(~finite)} of {len(finite)} "
                f"rows, the first is that of '{self.words[finite.argmin()]}'. Correct or remove them."
            )

    @classmethod
    def read(cls, path: str | os.PathLike, names: Sequence[str] | None = None) -> "WordVectors":
        """Reads a file of word vectors.

        Args:
            path: a GloVe text file (`word v1 v2 ...`, may be gzipped) or an `.npz` file with the arrays `words` and
                `vectors`, see `read_vector_file`.
            names: keeps only the words of these names, so that a large file takes little memory. None keeps all.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a line is wrong, a word is there twice, or none of the names' words is there.
        """
        only = None if names is None else {word for name in names for word in split_name(name)}
        words, vectors = read_vector_file(path, only)
        if only is not None and not words:
            raise ValueError(f"None of the names' words is in '{path}'. Received: names={list(names)[:5]}.")
        try:
            return cls(words, vectors)
        except ValueError as error:
            raise ValueError(f"Word vectors of '{path}' are wrong. {error}") from error

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.vectors.shape[1]

    def __len__(self) -> int:
        """Number of words."""
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        """Whether there is a vector of this very word."""
        return word in self._row_of

    def __getitem__(self, word: str) -> np.ndarray:
        """Returns the vector `(dim,)` of this very word, as it is written in the file; KeyError where there is none."""
        return self.vectors[self._row_of[word]]

    def vector_of(self, name: str, drop_unknown: bool = False) -> np.ndarray:
        """Returns the vector of a name, the mean of its words'.

        Args:
            name: one or several words.
            drop_unknown: whether words without a vector are left out of the mean; at least one must be left.

        Returns:
            `(dim,)` float32.

        Raises:
            ValueError: a word has no vector (with `drop_unknown`: none has one).
        """
        return self.matrix([name], drop_unknown)[0]

    def matrix(self, names: Sequence[str], drop_unknown: bool = False) -> np.ndarray:
        """Returns the vectors of names, see `vector_of`.

        Args:
            names: such as labels of classes.
            drop_unknown: whether words without a vector are left out of a name's mean.

        Returns:
            `(n, dim)` float32, in the order of the names.

        Raises:
            ValueError: names have no vector; all of them and their unknown words are listed.
        """
        missing = self.missing(names, drop_unknown)
        if missing:
            listed = "; ".join(f"'{name}' ({_list(words)})" for name, words in missing.items())
            raise ValueError(
                f"No word vector for {len(missing)} of {len(names)} names, unknown words in brackets: {listed}. "
                "Leave these out (`known` lists the others), rename them, or read a file with more words."
            )
        rows = [np.mean([self[word] for word in split_name(name) if word in self], axis=0) for name in names]
        return np.array(rows, np.float32).reshape(-1, self.dim)

    def known(self, names: Sequence[str], drop_unknown: bool = False) -> list[str]:
        """Returns the names that have a vector, in their order."""
        missing = self.missing(names, drop_unknown)
        return [name for name in names if name not in missing]

    def missing(self, names: Sequence[str], drop_unknown: bool = False) -> dict[str, list[str]]:
        """Returns, for each name that has no vector, those of its words that have none."""
        if isinstance(names, str):
            raise TypeError(f"`names` must be a list of names. Received: one text, {names!r}. Write [{names!r}].")
        split = {name: split_name(name) for name in names}
        unknown = {name: [word for word in words if word not in self] for name, words in split.items()}
        return {
            name: words
            for name, words in unknown.items()
            if words and (not drop_unknown or len(words) == len(split[name]))
        }

    def subset(self, names: Sequence[str]) -> "WordVectors":
        """Returns the vectors of only the words of these names, such as a saved model has to keep.

        Raises:
            ValueError: none of the names' words has a vector.
        """
        wanted = {word for name in names for word in split_name(name)}
        rows = [row for row, word in enumerate(self.words) if word in wanted]
        if not rows:
            raise ValueError(f"None of the names' words has a vector. Received: names={list(names)[:5]}.")
        return type(self)([self.words[row] for row in rows], self.vectors[rows])

    def get_config(self) -> dict:
        """Returns the words and their vectors as plain lists: call `subset` first where only some are needed."""
        return {"words": list(self.words), "vectors": self.vectors.tolist()}

    @classmethod
    def from_config(cls, config: dict) -> "WordVectors":
        """Builds the vectors from what `get_config` returned."""
        return cls(**config)


def split_name(name: str) -> list[str]:
    """Splits a name into lower-case words at white space, underscores and hyphens.

    Args:
        name: such as the label of a class.

    Returns:
        Its words, at least one.

    Raises:
        ValueError: there is no word in it.

    Example:
        >>> split_name("Vacuum_cleaner"), split_name("T-shirt")
        (['vacuum', 'cleaner'], ['t', 'shirt'])
    """
    words = [word for word in re.split(r"[\s_-]+", str(name).lower()) if word]
    if not words:
        raise ValueError(f"A name must hold at least one word. Received: {name!r}.")
    return words


def _list(words: Sequence[str]) -> str:
    return ", ".join(words[:5]) + (" ..." if len(words) > 5 else "")
