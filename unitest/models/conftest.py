"""What the tests of models and encoders share."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

UNITEST = Path(__file__).parents[1]


def load_module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Golden:
    """A golden case: weights and inputs by the rule, outputs to compare with.

    Args:
        rule: the module of the rule.
        info: the case's description.
        arrays: its stored outputs.
        state: PyTorch state dict.
        inputs: as stored, channels first.
    """

    rule: ModuleType
    info: dict
    arrays: dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]

    def difference(self, output: str, value: np.ndarray) -> float:
        """Returns the largest difference of channels-last values, relative to the largest one."""
        channels_first = np.moveaxis(value, -1, min(1, value.ndim - 1))
        shape = self.info["outputs"][output]["shape"]
        return self.rule.compare(self.info, self.arrays, output, channels_first.reshape(shape))[1]


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Golden]:
    """`golden(case)`: a golden case."""
    rule = load_module("golden_rule", UNITEST / "golden" / "rule.py")

    def load(case: str) -> Golden:
        info, arrays = rule.load_case(case)
        state = rule.make_state(info["state"], info["seed"], info["excluded"], info["gain"])
        return Golden(rule, info, arrays, state, rule.make_inputs(info["inputs"], info["seed"]))

    return load


@pytest.fixture(scope="session")
def gradients() -> Callable:
    """`gradients(function, *arrays)`: the derivatives of a scalar, on any backend."""
    return load_module("gradients", UNITEST / "custom_layers" / "gradients.py").gradients
