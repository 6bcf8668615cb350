"""A model by its shipped name or its path."""

import importlib
import os
from importlib import resources
from pathlib import Path
from zipfile import is_zipfile

import keras

# Keras finds a class in a saved file only when its module was imported.
_ROOMS = ("callbacks", "custom_layers", "losses", "models", "models.encoders")


def load(name_or_path: str | os.PathLike, compile: bool = True) -> keras.Model:
    """Loads a comparator from a `.keras` file, or one of the shipped ones by name.

    Args:
        name_or_path: a shipped name (see `pretrained_names`), or the path of a `.keras` file.
        compile: whether to compile the model as it was when it was saved, to go on with its training.

    Returns:
        The model.

    Raises:
        FileNotFoundError: if there is neither a file nor a shipped model of that name.
        ValueError: if the file is not a Keras model.

    Example:
        >>> load("speaker-encoder").embedding_dim
        256
    """
    register_classes()
    path = Path(name_or_path)
    if not path.is_file():
        path = _shipped().get(str(name_or_path))
    if path is None:
        raise FileNotFoundError(
            f"No model {str(name_or_path)!r}: neither a file nor a shipped model. "
            f"Shipped: {', '.join(pretrained_names())}. Files end in .keras."
        )
    if not is_zipfile(path):
        raise ValueError(
            f"Not a model, or a damaged one: '{path}'. Name a file that `model.save(...)` wrote, or copy it again."
        )
    try:
        return keras.saving.load_model(path, compile=compile)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"Not a readable Keras model: '{path}' ({error}). Save models with `model.save(...)`."
        ) from error


def pretrained_names() -> list[str]:
    """Returns the names of the shipped models.

    Example:
        >>> "speaker-encoder" in pretrained_names()
        True
    """
    return sorted(_shipped())


def register_classes() -> None:
    """Imports every class that a saved model may hold, so that plain `keras.saving.load_model` finds them."""
    for room in _ROOMS:
        module = importlib.import_module(f"comparators.{room}")
        for name in module.__all__:
            getattr(module, name)


def _shipped() -> dict[str, Path]:
    folder = Path(str(resources.files("comparators.pretrained_models")))
    return {path.parent.name.replace("_", "-"): path for path in folder.glob("*/*.keras")}
