"""From what a user names on the command line to video files and their labels."""

import os
from collections.abc import Sequence
from pathlib import Path

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".flv", ".wmv", ".3gp", ".ts")


def list_videos(sources: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Lists video files and, where there are such, their labels.

    Args:
        sources: files, folders (with all that is below them), or CSV files with a column `path` and perhaps `labels`.

    Returns:
        Paths, each once, and the labels of each, joined by commas; None where no source has labels.

    Raises:
        FileNotFoundError: a CSV file does not exist.
        ValueError: a folder holds no video, a CSV file cannot be read, or its one `label` of a video has a comma.

    Example:
        >>> list_videos(["b.mp4", "a.mp4", "b.mp4"])
        (['b.mp4', 'a.mp4'], None)
    """
    labels: dict[str, str] = {}
    for source in sources:
        if os.path.isdir(source):
            found = _videos_below(source)
        elif Path(source).suffix.lower() == ".csv":
            found = _videos_of_table(source)
        else:
            found = {source: ""}
        labels |= found
    return list(labels), list(labels.values()) if any(labels.values()) else None


def _videos_below(folder: str) -> dict[str, str]:
    files = sorted(
        os.path.join(parent, name)
        for parent, _, names in os.walk(folder, followlinks=True)
        for name in names
        if name.lower().endswith(VIDEO_SUFFIXES) and not name.startswith(".")
    )
    if not files:
        known = ", ".join(suffix[1:] for suffix in VIDEO_SUFFIXES)
        raise ValueError(f"No video ({known}) in folder '{folder}' or below. Name another folder, or the files.")
    return dict.fromkeys(files, "")


def _videos_of_table(path: str) -> dict[str, str]:
    from comparators.generators.label_table import as_joined
    from comparators.generators.manifest import read_manifest

    table = read_manifest(path)
    labels = [""] * len(table)
    if "labels" in table.columns:
        labels = table["labels"].fillna("")
    elif "label" in table.columns:
        labels = as_joined(table["label"].tolist(), path)
    return dict(zip(table["path"], labels, strict=True))
