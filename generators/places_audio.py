"""The Places audio captions: recordings that describe pictures."""

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

_KEYS = ("uttid", "wav", "image")


def read_places_audio(
    source: str | os.PathLike,
    audio_folder: str | os.PathLike | None = None,
    image_folder: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Reads a JSON file of the Places audio captions, or one of the same form.

    Args:
        source: a JSON file with `audio_base_path`, `image_base_path` and `data`, a list of entries with `uttid`, `wav`
            and `image`.
        audio_folder: where the recordings are. None takes the file's `audio_base_path`, relative to its own folder.
        image_folder: where the images are. None takes the file's `image_base_path`.

    Returns:
        A table with a row for each caption: `path`, the recording, and `image`, its picture (both absolute); `uttid`;
        `label`, the class of the scene, for the warm-up classifier: the folders of the image's path without the one of
        its first letter ("a/abbey/1.jpg" is an abbey); and what else the entries hold, such as `speaker`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such JSON file. The message names the line, or the entry, counted from 0.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     data = [{"uttid": "s1-7", "wav": "7.wav", "image": "a/airport/outdoor/1.jpg"}]
        ...     places = {"audio_base_path": "wavs", "image_base_path": "/images", "data": data}
        ...     _ = Path(folder, "train.json").write_text(json.dumps(places))
        ...     row = read_places_audio(Path(folder, "train.json")).iloc[0]
        >>> Path(row["path"]).parts[-2:], row["image"], row["label"]
        (('wavs', '7.wav'), '/images/a/airport/outdoor/1.jpg', 'airport/outdoor')

    Reference:
        Harwath, Torralba and Glass, "Unsupervised learning of spoken language with visual context", NIPS 2016.
    """
    source = Path(source).expanduser().absolute()
    places = _read_json(source)
    entries = places.get("data")
    if not isinstance(entries, list) or not entries:
        raise ValueError(
            f"`data` must be a list of entries with {', '.join(_KEYS)}. Received: {_kind(entries)} in '{source}', "
            f"whose keys are {', '.join(places) or 'none'}. Name a JSON file of the Places audio captions."
        )
    labels = [_check_entry(entry, number, source) for number, entry in enumerate(entries)]
    audio = _folder(audio_folder, places, "audio_base_path", source)
    images = _folder(image_folder, places, "image_base_path", source)
    table = pd.DataFrame(
        {
            # Some lists write "/a/abbey/1.jpg": below the folder all the same.
            "path": [os.path.normpath(audio / entry["wav"].lstrip("/")) for entry in entries],
            "image": [os.path.normpath(images / entry["image"].lstrip("/")) for entry in entries],
            "uttid": [entry["uttid"] for entry in entries],
            "label": labels,
        }
    )
    _check_distinct(table["uttid"], source)
    others = pd.DataFrame([{key: entry[key] for key in entry if key not in _KEYS} for entry in entries])
    return table.join(others.rename(columns={key: f"{key}_of_source" for key in table.columns}))


def _read_json(source: Path) -> dict:
    try:
        places = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"No such JSON file: '{source}'. Check the path.") from None
    except json.JSONDecodeError as error:
        hint = "A comma after the last entry of a list, such as this, must go." if _ends_in_comma(error) else ""
        raise ValueError(
            f"Not JSON: '{source}', line {error.lineno}, column {error.colno} ({error.msg}). {hint or 'Correct it.'}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"Not a readable JSON file: '{source}' ({error}). Check the path.") from error
    if not isinstance(places, Mapping):
        raise ValueError(f"A JSON object with the key `data` is expected. Received: {_kind(places)} in '{source}'.")
    return places


def _ends_in_comma(error: json.JSONDecodeError) -> bool:
    """Whether a list or an object ends in a comma: some versions of Python point at the comma, others at the end."""
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip(", \t\r\n")
    return after[:1] in ("]", "}") and ("," in (before[-1:], error.doc[error.pos : error.pos + 1]))


def _check_entry(entry: object, number: int, source: Path) -> str:
    """Returns the class of an entry's image, or says what is wrong with the entry."""
    if not isinstance(entry, Mapping):
        raise ValueError(f"Entry {number} of `data` must be an object. Received: {_kind(entry)} in '{source}'.")
    for key in _KEYS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise ValueError(
                f"`{key}` must be a text. Received: {entry.get(key)!r} in entry {number} of `data` in '{source}'. "
                "Fill it in, or remove the entry."
            )
    folders = PurePosixPath(entry["image"].lstrip("/")).parts[:-1]
    label = "/".join(folders[1:] if len(folders) > 1 and len(folders[0]) == 1 else folders)
    if not label:
        raise ValueError(
            f"`image` must lie in the folder of its class. Received: '{entry['image']}' in entry {number} of `data` in "
            f"'{source}'. Correct it, or remove the entry."
        )
    return label


def _folder(given: str | os.PathLike | None, places: Mapping, key: str, source: Path) -> Path:
    folder = places.get(key) if given is None else given
    if not isinstance(folder, str | os.PathLike):
        argument = key.replace("_base_path", "_folder")
        raise ValueError(f"`{key}` must be a folder. Received: {folder!r} in '{source}'. Give `{argument}` instead.")
    base = source.parent if given is None else Path.cwd()
    return base / Path(folder).expanduser()


def _check_distinct(names: pd.Series, source: Path) -> None:
    again = names.duplicated()
    if again.any():
        first = names[again].iloc[0]
        raise ValueError(
            f"`uttid` must differ. Received: '{first}' in entry {again.argmax()} of `data` in '{source}', and "
            f"{again.sum() - 1} more that came before. Remove the copies."
        )


def _kind(value: object) -> str:
    return "an empty list" if value == [] else type(value).__name__
