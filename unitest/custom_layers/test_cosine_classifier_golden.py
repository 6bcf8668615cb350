"""The golden ArcFace, AAM and CosFace: logits, terms, values and gradients."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.cosine_classifier import CosineClassifier

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    "arcface_s30_m05": {"margin": 0.5},
    "aam_s30_m02": {"margin": 0.2},
    "cosface_s30_m035": {"margin": 0.35, "margin_on": "cosine"},
}


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    spec = importlib.util.spec_from_file_location("rule", GOLDEN / "rule.py")
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    info, arrays = rule.load_case("metric_losses", GOLDEN)
    return arrays | rule.make_inputs(info["inputs"], info["seed"]) | {"labels": np.array(info["constructor"]["labels"])}


@pytest.mark.parametrize("case", CASES)
def test_logits_terms_value_and_gradients_are_the_golden_ones(golden, gradients, case):
    exact = keras.backend.backend() == "tensorflow"  # the others fall back to float32 somewhere
    dtype, tolerance = ("float64", 1e-6) if exact else ("float32", 3e-5)
    objective = CosineClassifier(4, scale=30.0, dtype=dtype, **CASES[case])
    objective.build((10, 6))
    objective.centers.assign(golden["class_weights"])
    embeddings, labels = golden["embeddings"].astype(dtype), golden["labels"]

    def close(value, output):
        expected = golden[f"{case}.{output}"].astype("float64")
        np.testing.assert_allclose(
            ops.convert_to_numpy(value), np.squeeze(expected), rtol=0, atol=tolerance * max(1.0, np.abs(expected).max())
        )

    close(objective.logits(embeddings, labels), "logits")
    close(objective(embeddings, labels), "value")
    terms = [ops.convert_to_numpy(objective(embeddings, labels, sample_weight=one)) for one in np.eye(10)]
    close(np.array(terms), "terms")

    def loss(embeddings, centers):
        with keras.StatelessScope([(objective.centers, centers)]):
            return objective(embeddings, labels)

    slopes = gradients(loss, embeddings, golden["class_weights"].astype(dtype))
    close(slopes[0], "grad")
    close(slopes[1], "grad_weights")
