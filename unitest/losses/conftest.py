"""What the tests of losses share: derivatives, labelled batches, distances in plain loops."""

import importlib.util
from collections.abc import Callable
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
def gradients() -> Callable:
    """`gradients(function, *arrays)`: the derivatives of a scalar, on any backend."""
    return load_module("gradients", HERE.parent / "custom_layers" / "gradients.py").gradients


@pytest.fixture(scope="session")
def precision() -> tuple[str, float]:
    """The finest dtype of the backend and the tolerance that it allows."""
    return ("float32", 2e-5) if keras.backend.backend() == "jax" else ("float64", 1e-6)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(params=[0, 1, 2])
def batch(request, precision) -> tuple[np.ndarray, np.ndarray]:
    """Labels of unequal counts, some alone, in any order, and embeddings of different lengths."""
    random = np.random.default_rng(request.param)
    counts = [(3, 2, 4, 1), (5, 1, 1, 2, 3), (2, 6)][request.param]
    labels = random.permutation(np.repeat(random.permutation(len(counts) + 3)[: len(counts)], counts))
    embeddings = random.normal(size=(len(labels), 4)) + 0.7 * random.normal(size=(12, 4))[labels]
    return labels, embeddings.astype(precision[0])


@pytest.fixture(scope="session")
def distance_loops() -> Callable:
    """`distance_loops(a, b, name)`: the distances `(n, m)` one by one."""
    measures = {
        "euclidean": lambda a, b: np.sqrt(np.sum((a - b) ** 2)),
        "squared_euclidean": lambda a, b: np.sum((a - b) ** 2),
        "cosine": lambda a, b: 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b),
        "manhattan": lambda a, b: np.sum(np.abs(a - b)),
        "dot": lambda a, b: -(a @ b),
    }
    return lambda a, b, name: np.array([[measures[name](one, other) for other in b] for one in a])


@pytest.fixture(scope="session")
def value() -> Callable:
    """`value(loss, labels, embeddings)`: the loss as a float."""
    return lambda loss, labels, embeddings, **kwargs: float(
        keras.ops.convert_to_numpy(loss(labels, embeddings, **kwargs))
    )


@pytest.fixture(scope="session")
def pairs() -> Callable:
    """`pairs(labels)`: for each item the places of its positives and of its negatives."""

    def split(labels):
        return [
            (
                [j for j in range(len(labels)) if labels[j] == labels[i] and j != i],
                [j for j in range(len(labels)) if labels[j] != labels[i]],
            )
            for i in range(len(labels))
        ]

    return split
