"""Which part of a clip's files a network sees: a window of the sound, a frame of the video."""

from collections.abc import Collection

import pandas as pd

from comparators.generators.audio_items import AudioItems
from comparators.generators.audio_reader import AudioReader
from comparators.generators.file_items import FileItems
from comparators.generators.frame_items import FrameItems, count_frames
from comparators.generators.image_items import ImageItems
from comparators.generators.image_reader import ImageReader
from comparators.generators.table_columns import check_columns

_FRAMES = ["video_path", "video_id"]


class ClipReader:
    """Reads clips as a network was trained on them: a window of their sound, and a frame of their video.

    Args:
        clip_seconds: of the window.
        audio_reader: from files to waveforms.
        image_reader: from files to pictures.

    Attributes:
        clip_seconds: as given.
        audio_reader: as given.
        image_reader: as given.

    Raises:
        ValueError: `clip_seconds` is not positive.

    Example:
        >>> clips = pd.DataFrame({"path": ["/s/x.wav"], "image": ["/s/x.jpg"]})
        >>> reader = ClipReader(10.0, AudioReader(), ImageReader((224, 224)))
        >>> {role: type(items).__name__ for role, items in reader.items(clips).items()}
        {'audio': 'AudioItems', 'image': 'ImageItems'}
    """

    def __init__(self, clip_seconds: float, audio_reader: AudioReader, image_reader: ImageReader):
        if not clip_seconds > 0:
            raise ValueError(f"`clip_seconds` must be positive. Received: clip_seconds={clip_seconds}.")
        self.clip_seconds = float(clip_seconds)
        self.audio_reader, self.image_reader = audio_reader, image_reader

    def items(
        self, clips: pd.DataFrame, roles: Collection[str] = ("audio", "image"), training: bool = False
    ) -> dict[str, FileItems]:
        """Returns clips as the items of batches, by role.

        Args:
            clips: as `read_clip_manifest` returns them; or with the columns `audio` and `image`, of one picture each.
            roles: which of `"audio"` and `"image"`.
            training: whether windows and frames are drawn at random; else a window is the beginning of the sound, and a
                frame is the middle one.

        Raises:
            ValueError: a column is missing, or there are no frames.
        """
        makers = {"audio": self._sounds, "image": self._pictures}
        return {role: makers[role](clips, training) for role in roles}

    def get_config(self) -> dict:
        """Returns the constructor's arguments, as plain values."""
        return {
            "clip_seconds": self.clip_seconds,
            "audio_reader": self.audio_reader.get_config(),
            "image_reader": self.image_reader.get_config(),
        }

    @classmethod
    def from_config(cls, config: dict) -> "ClipReader":
        """Builds the reader from what `get_config` returned."""
        return cls(
            config["clip_seconds"],
            AudioReader.from_config(config["audio_reader"]),
            ImageReader.from_config(config["image_reader"]),
        )

    def _sounds(self, clips: pd.DataFrame, training: bool) -> AudioItems:
        sounds = _with_files(clips, "audio") if "audio" in clips else clips
        place = "random" if training else "start"
        return AudioItems(sounds, self.clip_seconds, self.audio_reader, place=place)

    def _pictures(self, clips: pd.DataFrame, training: bool) -> ImageItems:
        if set(_FRAMES) <= set(clips) and not clips[_FRAMES].isna().any(axis=None):
            frame = "random" if training else "middle"
            return FrameItems(clips, frame, self.image_reader, count_frames(clips))
        check_columns(clips, ["image"], "read_clip_manifest")
        return ImageItems(_with_files(clips, "image"), self.image_reader)


def _with_files(clips: pd.DataFrame, role: str) -> pd.DataFrame:
    """Returns the clips with a role's files in the column `path`."""
    return clips.drop(columns="path", errors="ignore").rename(columns={role: "path"})
