"""What may be enrolled in a gallery."""

import json

import numpy as np
import pandas as pd

from comparators.recognition.labels import check_labels


def check_enrolled_labels(labels: list[str | int], enrolled: list[str | int]) -> None:
    """Refuses labels that a gallery cannot hold.

    Args:
        labels: new ones.
        enrolled: those that are there already.

    Raises:
        ValueError: if a label is empty, missing, or the answer for the unknown.
        TypeError: if it is a string where the others are numbers, or a number where they are strings.

    Example:
        >>> check_enrolled_labels(["ann"], ["bob"])
    """
    labels = check_labels(labels)
    if not len(labels):
        return
    is_text = labels.dtype.kind == "U"
    if enrolled and isinstance(enrolled[0], str) != is_text:
        kind = "whole numbers" if is_text else "strings"
        raise TypeError(f"The gallery's labels are {kind}. Received: {labels.tolist()[0]!r}. Convert it.")
    unknown = "unknown" if is_text else -1
    if np.any(labels == unknown):
        raise ValueError(f"{unknown!r} is the answer for the unknown. Received: label={unknown!r}. Choose another one.")


def check_speech(ids: list[str], rows: list[dict], minimum_speech_seconds: float) -> None:
    """Refuses items with too little speech: they would be like anybody.

    Args:
        ids: of the items.
        rows: their metadata; those without `speech_seconds` are taken as they are.
        minimum_speech_seconds: lowest that is enough.

    Raises:
        ValueError: if an item has less; it names the first.

    Example:
        >>> check_speech(["a.wav"], [{"speech_seconds": 2.0}], 1.0)
    """
    seconds = [row.get("speech_seconds", np.inf) for row in rows]
    short = [number for number, value in enumerate(seconds) if value < minimum_speech_seconds]
    if short:
        raise ValueError(
            f"{len(short)} of {len(ids)} items have too little speech to be enrolled. Received: {ids[short[0]]!r} with "
            f"{seconds[short[0]]:.2f} s, at least {minimum_speech_seconds:.2f} s are needed. "
            "Leave them out; they may still be asked about."
        )


def json_rows(metadata: pd.DataFrame) -> list[dict]:
    """Each row as a dict that JSON can hold.

    Args:
        metadata: a row for each item.

    Returns:
        A dict for each item, missing values left out.

    Raises:
        ValueError: if a value is neither text nor number nor made of them.

    Example:
        >>> json_rows(pd.DataFrame({"seconds": [1.5, float("nan")]}))
        [{'seconds': 1.5}, {}]
    """
    rows = [
        {name: value for name, value in row.items() if value is not None and value == value}
        for row in metadata.to_dict("records")
    ]
    for row in rows:
        try:
            json.dumps(row, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"`metadata` must be what JSON can hold. Received: {row}. Convert it to text.") from error
    return rows
