"""The JSON manifests of AST and CAV-MAE: one list of clips."""

import json
from pathlib import Path

import pandas as pd

from comparators.generators.row_names import name_rows

CLIP_COLUMNS = ("video_id", "wav", "video_path", "labels")
"""What a clip's entries are called."""


def read_clip_json(path: Path) -> pd.DataFrame:
    """Reads the clips of a JSON manifest as they stand there; paths may be relative.

    Args:
        path: of the file.

    Returns:
        A row for each clip: `path` (its `wav`), `labels`, and whatever else the file says.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: see `read_manifest`.

    Example:
        >>> _ = Path("clips.json").write_text('{"data": [{"wav": "x.wav", "labels": "/m/09x0r,/m/04rlf"}]}')
        >>> read_clip_json(Path("clips.json")).to_dict("records")
        [{'path': 'x.wav', 'labels': '/m/09x0r,/m/04rlf'}]
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(f"No such manifest: '{path}'. Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"Not a readable manifest: '{path}' ({error}). Save it as text, in UTF-8.") from error
    if not text.strip():
        raise ValueError(f"Empty manifest: '{path}'. Write it again, or copy it again.")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        comma = _trailing_comma(text, error.pos)
        if comma:
            raise ValueError(f"Trailing comma in line {comma} of '{path}'. Remove the comma.") from None
        raise ValueError(f"Not JSON: '{path}' ({error}). Correct line {error.lineno}.") from error
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(
            'A manifest must be {"data": [{"video_id", "wav", "video_path", "labels"}, ...]} with at least one clip. '
            f"Received: {type(content).__name__} in '{path}'."
        )
    for name in CLIP_COLUMNS:
        wrong = [number for number, row in enumerate(rows) if not isinstance(row.get(name, ""), str)]
        if wrong:
            raise ValueError(
                f"`{name}` must be text. Received: {rows[wrong[0]][name]!r} in {name_rows(wrong)} of '{path}' (from 0)."
            )
    empty = [number for number, row in enumerate(rows) if not row.get("wav", "").strip()]
    if empty:
        raise ValueError(f"No `wav` in {name_rows(empty)} of '{path}' (from 0). Name the sound of each clip.")
    some = [name for name in ("video_id", "video_path") if 0 < sum(name in row for row in rows) < len(rows)]
    if some:
        raise ValueError(f"`{some[0]}` must be in all clips of '{path}' or in none. Received: in some. Add it.")
    table = pd.DataFrame(rows).rename(columns={"wav": "path"})
    return table.fillna({"labels": ""}) if "labels" in table else table.assign(labels="")


def _trailing_comma(text: str, place: int) -> int | None:
    """Returns the line of a comma before a closing bracket; Python up to 3.12 points behind it, later ones at it."""
    before = text[:place].rstrip()
    comma = len(before) - 1 if before.endswith(",") else place
    if text[comma : comma + 1] == "," and text[comma + 1 :].lstrip()[:1] in ("]", "}"):
        return text.count("\n", 0, comma) + 1
    return None
