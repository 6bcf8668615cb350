"""Whether an audio file is shorter than its own header says: decoders often return the remainder without a word."""

import os
import struct
from typing import BinaryIO

# Sizes that writers to a pipe leave in a WAV header because they cannot know the length.
_UNKNOWN_SIZES = (0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF)
_LARGEST_OGG_PAGE = 65_307


def is_truncated(path: str | os.PathLike) -> bool:
    """Says whether the end of a WAV or Ogg file is missing, from its headers alone.

    A FLAC file, and an MP3 file that states its length, need no such look: their decoder tells how many samples there
    should be.

    Args:
        path: an existing, readable file.

    Returns:
        True where the header of the WAV data chunk, or of the last Ogg page, promises more bytes than there are.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     _ = file.write(b"RIFF" + struct.pack("<I", 1036) + b"WAVEdata" + struct.pack("<I", 1000) + b"\\0" * 10)
        ...     file.flush()
        ...     is_truncated(file.name)
        True
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        magic = file.read(12)
        if magic[:4] == b"RIFF" and magic[8:] == b"WAVE":
            return _wav_lacks_data(file, size)
        if magic[:4] == b"OggS":
            return _ogg_page_is_cut(file, size)
    return False


def states_its_length(path: str | os.PathLike) -> bool:
    """Says whether a file tells how many samples it holds; an MP3 file without a Xing, Info or VBRI header does not.

    Of such a file the decoder only guesses the length from the first frames, so that fewer samples mean nothing.

    Args:
        path: an existing, readable file.
    """
    with open(path, "rb") as file:
        start = file.read(10)
        if start[:3] == b"ID3":
            high, *low = start[6:10]
            file.seek(10 + (high << 21) + (low[0] << 14) + (low[1] << 7) + low[2])
            start = b""
        elif start[:1] != b"\xff":
            return True
        start += file.read(2_048)
    return any(name in start for name in (b"Xing", b"Info", b"VBRI"))


def _wav_lacks_data(file: BinaryIO, size: int) -> bool:
    position = 12
    while position + 8 <= size:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return length not in _UNKNOWN_SIZES and position + 8 + length > size
        position += 8 + length + length % 2
    return True


def _ogg_page_is_cut(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - 2 * _LARGEST_OGG_PAGE))
    tail = file.read()
    page = tail.rfind(b"OggS")
    header = tail[page : page + 27]
    if len(header) < 27:
        return True
    lacing = tail[page + 27 : page + 27 + header[26]]
    return len(lacing) < header[26] or page + 27 + len(lacing) + sum(lacing) > len(tail)
