"""Manifests of clips, sound and frames of one video each, in the JSON of AST and CAV-MAE and in CSV."""

import json
import os
from pathlib import Path

import pandas as pd

from comparators.generators.clip_json import CLIP_COLUMNS
from comparators.generators.label_table import as_joined
from comparators.generators.manifest import read_manifest


def read_clip_manifest(source: str | os.PathLike) -> pd.DataFrame:
    """Reads a manifest of clips: `{"data": [{"video_id", "wav", "video_path", "labels"}, ...]}`, or our CSV.

    Paths are taken relative to the manifest's folder. `video_path` is the folder with the frames, see `FrameItems`;
    manifests of sounds alone, as AST's, have none.

    Args:
        source: a `.json` file; or a CSV file with the column `path` (the sound) and, where there are such, `video_id`,
            `video_path` and `labels` (joined by commas).

    Returns:
        A table with the columns `path` (the sound), `video_id`, `labels` (joined by commas) and, where the source has
        it, `video_path`; paths absolute.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON (a trailing comma is told with its line), a clip has no sound, something else than
            text is given, or the column `label`, taken where there is no `labels`, has one with a comma.

    Example:
        >>> clips = [{"video_id": "x", "wav": "/sounds/x.wav", "video_path": "/frames", "labels": "/m/09x0r"}]
        >>> _ = Path("clips.json").write_text(json.dumps({"data": clips}))
        >>> read_clip_manifest("clips.json").to_dict("records")
        [{'path': '/sounds/x.wav', 'video_id': 'x', 'video_path': '/frames', 'labels': '/m/09x0r'}]
    """
    table = read_manifest(source)
    table = table.fillna({name: "" for name in CLIP_COLUMNS if name in table.columns})
    if "video_id" not in table.columns:
        table["video_id"] = [Path(name).stem for name in table["path"]]
    if "labels" not in table.columns:
        table["labels"] = as_joined(table["label"].tolist(), source) if "label" in table.columns else ""
    first = [name for name in ("path", "video_id", "video_path", "labels") if name in table.columns]
    return table[first + [name for name in table.columns if name not in first]]


def write_clip_manifest(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Writes a table of clips as JSON, which AST's and CAV-MAE's own programs read, or as CSV, by the suffix.

    Args:
        table: as `read_clip_manifest` returns it.
        path: of a `.json` or `.csv` file, replaced as a whole. Paths in its folder or below are written relative to it,
            so that the folder can be moved.

    Raises:
        FileNotFoundError: its folder does not exist.
        ValueError: the suffix is another one.

    Example:
        >>> write_clip_manifest(pd.DataFrame({"path": ["/a/x.wav"], "video_id": ["x"], "labels": ["dog"]}), "c.json")
        >>> json.loads(Path("c.json").read_text())
        {'data': [{'wav': '/a/x.wav', 'video_id': 'x', 'labels': 'dog'}]}
    """
    path = Path(path).expanduser().absolute()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder '{path.parent}' does not exist. Received: '{path}'. Create it first.")
    columns = [column for column in ("path", "video_path") if column in table.columns]
    table = table.assign(**{column: [_relative(name, path.parent) for name in table[column]] for column in columns})
    if path.suffix.lower() == ".json":
        rows = table.rename(columns={"path": "wav"}).to_dict("records")
        text = json.dumps({"data": rows}, indent=1, ensure_ascii=False) + "\n"
    elif path.suffix.lower() == ".csv":
        text = table.to_csv(index=False)
    else:
        raise ValueError(f"A manifest of clips must end in .json or .csv. Received: '{path}'.")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _relative(name: str, folder: Path) -> str:
    return os.path.relpath(name, folder) if Path(name).is_relative_to(folder) else str(name)
