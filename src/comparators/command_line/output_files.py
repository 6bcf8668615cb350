"""Files that commands write: looked at before long work begins, and written as a whole or not at all."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    import numpy as np
    import pandas as pd

    from comparators.recognition.embedding_table import EmbeddingTable

PICTURES = (".png", ".pdf", ".svg", ".jpg")
"""Suffixes of the pictures that can be written."""


def check_output(path: Path, suffixes: tuple[str, ...] = ()) -> None:
    """Raises now what would go wrong after the work.

    Args:
        path: file to be written.
        suffixes: that its name may end in; none allows any.

    Raises:
        ValueError: if the suffix is another one.
        FileNotFoundError: if its folder does not exist.
        PermissionError: if its folder may not be written to.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ValueError(f"The output's name must end in {' or '.join(suffixes)}. Received: '{path}'.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder '{folder}' does not exist. Create it first, or write elsewhere.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"No permission to write into folder '{folder}'. Change its permissions or write elsewhere."
        )


def save_model(model: "keras.Model", path: Path) -> None:
    """Saves a model as one .keras file that is there whole or not at all."""
    from comparators.recognition.atomic_file import replaced_path

    with replaced_path(path) as partial:
        model.save(partial)


def save_scatter(
    table: "EmbeddingTable", labels: "Sequence | np.ndarray", path: Path, projection: str, seed: int, title: str
) -> None:
    """Writes a picture of a table's embeddings in the plane, coloured by label; few items are drawn by PCA."""
    from comparators import plots
    from comparators.plots.projection import MIN_ITEMS

    method = projection if len(table) >= MIN_ITEMS[projection] else "pca"
    ax = plots.embedding_scatter(table.vectors, labels, method=method, seed=seed)
    ax.set_title(title)
    ax.figure.savefig(path, dpi=120)


def save_csv(table: "pd.DataFrame", path: Path) -> None:
    """Writes a table as one CSV file that is there whole or not at all."""
    from comparators.recognition.atomic_file import replaced_file

    with replaced_file(path) as file:
        file.write(table.to_csv(index=False).encode())
