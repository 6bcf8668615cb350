"""PPMI, people playing musical instruments, as a table with seen and unseen classes."""

import os
from pathlib import Path

import pandas as pd

from comparators.generators.manifest import read_manifest
from comparators.generators.zero_shot_split import ZeroShotSplit, find_split

# By the folder's name in lower case without spaces, underscores and hyphens; "horn" as in `TINYSOL_CLASSES`.
PPMI_CLASSES = {
    name.replace(" ", ""): "horn" if name == "french horn" else name
    for name in (
        "bassoon",
        "cello",
        "clarinet",
        "erhu",
        "flute",
        "french horn",
        "guitar",
        "harp",
        "recorder",
        "saxophone",
        "trumpet",
        "violin",
    )
}
PPMI_SPLITS = {
    "4/4": ZeroShotSplit(("bassoon", "flute", "trumpet", "violin"), ("cello", "clarinet", "horn", "saxophone"))
}


def read_ppmi(folder: str | os.PathLike, split: str | ZeroShotSplit = "4/4") -> pd.DataFrame:
    """Reads PPMI's images as a table for zero-shot learning.

    The class of an image is the folder nearest to it that has an instrument's name, at any depth: "bassoon/1.jpg" and
    "seen/bassoon/train/1.jpg" are both bassoons. Name the folder of the people who play (PPMI+), without those who only
    hold an instrument, and one size of the images, not several.

    Args:
        folder: with one folder for each class somewhere below.
        split: which classes are seen: `"4/4"`, as published, or a split of your own. Classes of neither part are
            left out.

    Returns:
        A table with the columns `path` (absolute), `label` (one word: "horn" for the French horn, as in `read_tinysol`)
        and `split`: "test" (seen classes, where a folder of the path is called test), "train" (their other images) or
        "unseen".

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there are no images, one lies in no folder of a class, a class of the split has none, or there is no
            such split.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("bassoon/train", "flute", "trumpet", "violin/test", "cello", "clarinet", "french_horn",
        ...                  "saxophone"):
        ...         Path(folder, name).mkdir(parents=True)
        ...         Path(folder, name, "1.jpg").touch()
        ...     table = read_ppmi(folder)
        >>> table[["label", "split"]].to_numpy().tolist()[:4]
        [['bassoon', 'train'], ['cello', 'unseen'], ['clarinet', 'unseen'], ['flute', 'train']]

    Reference:
        Yao and Fei-Fei, "Grouplet: a structured image representation for recognizing human and object interactions",
        CVPR 2010.
    """
    chosen = find_split(split, PPMI_SPLITS)
    folder = Path(folder).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`folder` must be a folder. Received: the file '{folder}'. Name PPMI's folder of classes.")
    paths = read_manifest(folder, media="image")["path"]
    folders = paths.map(lambda path: [part.lower() for part in Path(path).relative_to(folder).parts[:-1]])
    labels = folders.map(_class_of)
    if labels.isna().any():
        raise ValueError(
            f"{labels.isna().sum()} of {len(labels)} images in '{folder}' lie in no folder of an instrument, such as "
            f"'{paths[labels.isna()].iloc[0]}'. Folders must have the names {', '.join(PPMI_CLASSES)}."
        )
    absent = [name for name in chosen.classes if name not in set(labels)]
    if absent:
        raise ValueError(
            f"No images of {', '.join(absent)} in '{folder}'. Add them, or give a `ZeroShotSplit` without."
        )
    parts = chosen.parts(labels, test=folders.map(lambda names: "test" in names))
    table = pd.DataFrame({"path": paths, "label": labels, "split": parts})
    return table[parts.notna()].reset_index(drop=True)


def _class_of(folders: list[str]) -> str | None:
    """Returns the class of the innermost folder that names one."""
    plain = [name.replace(" ", "").replace("_", "").replace("-", "") for name in reversed(folders)]
    return next((PPMI_CLASSES[name] for name in plain if name in PPMI_CLASSES), None)
