"""Manifests of clips as tables of matches: the sound of a clip belongs to its frames."""

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from comparators.command_line.video_files import VIDEO_SUFFIXES
from comparators.generators.frame_items import count_frames, frame_path

CLIP_COLUMNS = ("video_path", "video_id", "labels")
"""Columns of a manifest of clips that say where all its frames are, and what is heard and seen."""


def with_roles(table: pd.DataFrame, roles: Mapping[str, str], folder: Path) -> pd.DataFrame:
    """Gives a manifest of clips a column for each role: its sounds, and its middle frames; other tables stay.

    Args:
        table: with the column `path` and some of `CLIP_COLUMNS`, where it is one of clips.
        roles: role -> `"audio"`, `"image"`, or another kind.
        folder: that paths are relative to.

    Raises:
        ValueError: an image is asked for, and there are no frames; or the table is one of videos.

    Example:
        >>> clips = pd.DataFrame({"path": ["/s/x.wav"], "video_path": ["frames"], "video_id": ["x"]})
        >>> with_roles(clips, {"audio": "audio"}, Path("/data"))[["audio", "video_path"]].values.tolist()
        [['/s/x.wav', '/data/frames']]
    """
    videos = [name for name in table.get("path", ()) if str(name).lower().endswith(VIDEO_SUFFIXES)]
    if videos:
        raise ValueError(
            f"Clips are files of sound and of frames. Received: video '{videos[0]}'. Take both out of videos with "
            "`comparators extract-video`, and name the manifest that it writes."
        )
    if "path" not in table.columns or not set(CLIP_COLUMNS) & set(table.columns):
        return table
    if "video_path" in table.columns:
        names = table.get("video_id", table["path"].map(lambda path: Path(path).stem))
        folders = [os.path.normpath(folder / str(path)) for path in table["video_path"]]
        table = table.assign(video_path=folders, video_id=names)
    for role, media in roles.items():
        if role not in table.columns and media == "audio":
            table = table.assign(**{role: table["path"]})
        elif role not in table.columns and media == "image" and "video_path" in table.columns:
            middle = count_frames(table) // 2
            clips = zip(table["video_path"], table["video_id"], strict=True)
            table = table.assign(**{role: [frame_path(path, name, middle) for path, name in clips]})
    return table
