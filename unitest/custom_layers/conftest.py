"""The one helper that tests any layer, and the golden references."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest

HERE = Path(__file__).parent


def load_module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def check_layer() -> Callable:
    """`check_layer(layer, inputs, lengths=None, ...)`: see `check_layer.py`."""
    return load_module("check_layer", HERE / "check_layer.py").check_layer


@pytest.fixture(scope="session")
def gradients() -> Callable:
    """`gradients(function, *arrays)`: the derivatives of a scalar, on any backend."""
    return load_module("gradients", HERE / "gradients.py").gradients


@pytest.fixture(scope="session")
def golden_ge2e() -> dict[str, np.ndarray]:
    with np.load(HERE.parent / "golden" / "ge2e_loss.npz") as arrays:
        return dict(arrays)


@dataclass
class Features:
    """Golden features; the waveforms are made by the rule."""

    rule: ModuleType
    info: dict
    arrays: dict[str, np.ndarray]

    def difference(self, output: str, value: np.ndarray) -> float:
        """Returns the largest absolute difference."""
        return self.rule.compare(self.info, self.arrays, output, value)[0]


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Features]:
    """`golden(case)`: golden features."""
    folder = HERE.parent / "golden"
    rule = load_module("rule", folder / "rule.py")
    return lambda case: Features(rule, *rule.load_case(case, str(folder)))


@pytest.fixture(scope="session")
def golden_losses() -> dict[str, np.ndarray]:
    """The golden losses, with their inputs drawn by the rule that is stored beside them."""
    folder = HERE.parent / "golden"
    rule = load_module("rule", folder / "rule.py")
    info, arrays = rule.load_case("metric_losses", str(folder))
    return rule.make_inputs(info["inputs"], info["seed"]) | arrays


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _fresh_names_and_seeds() -> None:
    keras.utils.set_random_seed(0)
