"""The training scripts of the shipped models, for benchmarks that train them again."""

import importlib.util
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).parents[1] / "pretrained_models"


def load_recipe(name: str) -> ModuleType:
    """Returns the training script of a shipped model, such as `"character_encoder"`, as a module."""
    spec = importlib.util.spec_from_file_location(f"{name}_recipe", _FOLDER / name / "train.py")
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return recipe
