"""The golden references of the metrics."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture(scope="session")
def golden() -> Callable[[str], tuple[dict, dict, Callable]]:
    """`golden(case)` returns the case's inputs, its stored arrays, and `difference(name, value)` to a stored array."""
    spec = importlib.util.spec_from_file_location("golden_rule", GOLDEN / "rule.py")
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)

    def load(case: str):
        info, arrays = rule.load_case(case, GOLDEN)
        inputs = rule.make_inputs(info["inputs"], info["seed"])
        return inputs, arrays, lambda name, value: rule.compare(info, arrays, name, np.atleast_1d(value))[0]

    return load
