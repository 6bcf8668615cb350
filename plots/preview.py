"""What is in a batch: its images as a picture, its recordings as a table to listen to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from comparators.plots.audio_table import AudioTable
from comparators.plots.image_cells import Cell, draw_cells
from comparators.plots.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAME, DIFFERENT = COLOURS[2], COLOURS[1]
COLUMNS = {2: ("a", "b"), 3: ("anchor", "positive", "negative")}
KINDS = {2: "pairs", 3: "triplets"}


class Row(NamedTuple):
    """One row of a preview: its name and colour, and (view, position in the batch) of its items."""

    name: str
    colour: str | None
    items: list[tuple[int, int]]


def preview(
    batch,
    label_names: Sequence | None = None,
    sample_rate: int = 16000,
    num_rows: int = 8,
    ax: Axes | None = None,
) -> Axes | AudioTable:
    """Shows the first rows of a batch, as a look at what a network is trained on.

    A row is a pair with "same" or "different" (or its score), a triplet with the label of its anchor, two views with
    the number of their item, or, in batches of single items, a label with its items.

    Args:
        batch: as the datasets of `comparators.generators` return them: `(inputs, labels)`, where `inputs` are images
            `(batch, height, width, channels)` of uint8; waveforms `(batch, samples)` or a dict
            `{"waveforms", "lengths"}`; or a tuple of two or three of these. Inputs alone are shown without labels. Of
            inputs by role, as those of `Matches`, give one role: `(inputs["image"], labels)`.
        label_names: name of each label code; None writes the codes.
        sample_rate: of waveforms, in Hz.
        num_rows: most rows, and most items of one label.
        ax: Axes to draw images in; None makes a new figure.

    Returns:
        For images the Axes; for waveforms an `AudioTable`, which a notebook shows with players.

    Raises:
        ValueError: if the batch is not as above (features, for one, cannot be shown), or a code has no name.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> images = np.zeros((4, 8, 8, 1), "uint8")
        >>> ax = preview(((images, images), np.array([1.0, 0.0, 1.0, 1.0])), num_rows=2)
        >>> ax.get_title(), [text.get_text() for text in ax.texts]
        ('2 of 4 pairs', ['same', 'different', 'a', 'b'])
        >>> plt.close(ax.figure)
        >>> preview((np.zeros((4, 8000)), np.array([0, 0, 1, 1])), label_names=["ann", "bob"])
        AudioTable(2 rows, 4 recordings, 16000 Hz)
    """
    if num_rows < 1:
        raise ValueError(f"`num_rows` must be positive. Received: num_rows={num_rows}.")
    inputs, labels = batch[:2] if isinstance(batch, tuple) and len(batch) > 1 else (batch, None)
    views = [_items(view) for view in (inputs if isinstance(inputs, tuple) else (inputs,))]
    labels = None if labels is None else _one_label_each(labels)
    sizes = [len(items) for items, _ in views] + ([] if labels is None else [len(labels)])
    if len(set(sizes)) > 1 or not sizes[0]:
        raise ValueError(f"All parts of a batch must have one length, at least 1. Received: {sizes}.")
    if len(views) == 1:
        rows, title = _rows_of_labels(labels, sizes[0], label_names, num_rows)
    else:
        names = _names_of_tuples(labels, sizes[0], len(views), label_names)
        rows = [
            Row(name, {"same": SAME, "different": DIFFERENT}.get(name), [(view, i) for view in range(len(views))])
            for i, name in enumerate(names[:num_rows])
        ]
        title = f"{len(rows)} of {sizes[0]} {KINDS.get(len(views), 'rows')}"
    return _show(rows, views, title, COLUMNS.get(len(views), ()), sample_rate, ax)


def _one_label_each(labels) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim > 1 and labels.shape[1:] != (1,):
        raise ValueError(
            f"Labels must be one of each item. Received: shape {labels.shape}. Of targets (batch, classes), give "
            "`targets.argmax(axis=1)`, or show the inputs alone."
        )
    return labels.reshape(-1)


def _items(inputs) -> tuple[np.ndarray, np.ndarray | None]:
    """The images or waveforms of one view, with the lengths of waveforms."""
    lengths = None
    if isinstance(inputs, Mapping):
        lengths = inputs.get("lengths")
        others = [name for name in inputs if name != "lengths"]
        if "waveforms" not in inputs and len(others) != 1:
            raise ValueError(
                f"Inputs must be of one role. Received: {others}. Show one after the other: "
                "`preview((inputs[role], labels))`."
            )
        inputs = inputs["waveforms" if "waveforms" in inputs else others[0]]
    if not (isinstance(inputs, list) or hasattr(inputs, "__array__")):
        raise ValueError(
            f"A batch must hold arrays. Received: {type(inputs).__name__}. Of a dataset, give a batch: `dataset[0]`."
        )
    items = np.asarray(inputs)
    is_image = items.dtype == np.uint8 and items.ndim in (3, 4)
    is_waveform = items.dtype.kind == "f" and items.ndim == 2
    if not (is_image or is_waveform):
        raise ValueError(
            "A batch must hold images, `(batch, height, width, channels)` of uint8, or waveforms, `(batch, samples)` "
            f"of floats, to be shown. Received: shape {items.shape}, {items.dtype}."
        )
    return items, np.full(len(items), items.shape[1]) if is_waveform and lengths is None else lengths


def _names_of_tuples(
    labels: np.ndarray | None, size: int, num_views: int, label_names: Sequence | None
) -> Sequence[str]:
    if labels is None:
        return [""] * size
    # Numbers of items are all different; whole flags are not, beyond two of them.
    flags = np.isin(labels, (0, 1)).all() and (labels.dtype.kind in "fb" or len(np.unique(labels)) < len(labels))
    if num_views == 2 and flags:
        return ["same" if label else "different" for label in labels]
    if labels.dtype.kind == "f":
        return [f"score {label:.2f}" for label in labels]
    if num_views == 2 and label_names is None:
        return [f"item {label}" for label in labels]
    return [_name(label, label_names) for label in labels]


def _rows_of_labels(
    labels: np.ndarray | None, size: int, label_names: Sequence | None, num_rows: int
) -> tuple[list[Row], str]:
    if labels is None:
        shown = np.arange(min(size, num_rows**2))
        chunks = [shown[start : start + num_rows] for start in range(0, len(shown), num_rows)]
        return [Row("", None, [(0, i) for i in chunk]) for chunk in chunks], f"{len(shown)} of {size} items"
    names, first = np.unique(labels, return_index=True)
    names = names[np.argsort(first)]
    rows = [
        Row(_name(name, label_names), None, [(0, i) for i in np.flatnonzero(labels == name)[:num_rows]])
        for name in names[:num_rows]
    ]
    return rows, f"{sum(len(row.items) for row in rows)} of {size} items, {len(rows)} of {len(names)} labels"


def _name(label, label_names: Sequence | None) -> str:
    if label_names is None or isinstance(label, str):
        return str(label)
    if not 0 <= label < len(label_names):
        raise ValueError(
            f"`label_names` must name each code from 0. Received: {len(label_names)} names, and a code {label}."
        )
    return str(label_names[int(label)])


def _show(
    rows: list[Row], views: list, title: str, columns: Sequence[str], sample_rate: int, ax: Axes | None
) -> Axes | AudioTable:
    names, colours = [row.name for row in rows], [row.colour for row in rows]
    if views[0][1] is not None:
        waveforms = [[views[view][0][i, : int(views[view][1][i])] for view, i in row.items] for row in rows]
        return AudioTable(waveforms, names, colours, columns, sample_rate, title)
    cells = [[Cell(views[view][0][i]) for view, i in row.items] for row in rows]
    ax = draw_cells(cells, names, [colour or "black" for colour in colours], columns, ax=ax)
    ax.set_title(title, fontsize=10)
    return ax
