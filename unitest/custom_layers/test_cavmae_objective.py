"""The objective of CAV-MAE: against plain loops, which way the contrast goes, weights, and silence."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import CAVMAEObjective


def outputs(random, batch=3, count=4, values=5):
    return {
        role: {
            "embedding": random.normal(size=(batch, 6)).astype("float32"),
            "patches": random.normal(size=(batch, count, values)).astype("float32"),
            "prediction": random.normal(size=(batch, count, values)).astype("float32"),
            "hidden": (np.arange(batch * count).reshape(batch, count) % 3 > 0).astype("float32"),
        }
        for role in ("audio", "image")
    }


def error(output, norm_pix):
    total, count = 0.0, 0
    for patches, predictions, hidden in zip(output["patches"], output["prediction"], output["hidden"], strict=True):
        for patch, prediction, is_hidden in zip(patches, predictions, hidden, strict=True):
            if is_hidden:
                target = (patch - patch.mean()) / np.sqrt(patch.var(ddof=1) + 1e-6) if norm_pix else patch
                total, count = total + np.mean((target - prediction) ** 2), count + 1
    return total / count


def contrast(audio, image, temperature=0.05):
    """Each image looks for its sound."""
    losses = []
    for i, picture in enumerate(image):
        scores = [sound @ picture / np.linalg.norm(sound) / np.linalg.norm(picture) / temperature for sound in audio]
        losses.append(-scores[i] + np.log(np.sum(np.exp(scores))))
    return np.mean(losses)


@pytest.mark.parametrize("norm_pix", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_loss_against_plain_loops(norm_pix, symmetric, random):
    made = outputs(random)
    audio, image = made["audio"]["embedding"], made["image"]["embedding"]
    expected = contrast(audio, image)
    if symmetric:
        expected = (expected + contrast(image, audio)) / 2
    expected = 2.0 * (error(made["audio"], norm_pix) + error(made["image"], norm_pix)) + 0.5 * expected
    objective = CAVMAEObjective(2.0, 0.5, norm_pix, symmetric=symmetric)
    assert float(objective(made, None)) == pytest.approx(expected, rel=1e-5)


def test_matches_are_made_alike_and_not_unlike(random):
    made, objective = outputs(random), CAVMAEObjective(reconstruction_weight=0.0, contrastive_weight=1.0)
    made["audio"]["embedding"] = np.eye(3, 6, dtype="float32")
    made["image"]["embedding"] = np.eye(3, 6, dtype="float32")
    assert float(objective(made, None)) < 1e-6
    assert float(objective.measures(made)["contrast_accuracy"]) == 1
    made["image"]["embedding"] = -made["image"]["embedding"]
    assert float(objective(made, None)) > 15
    assert float(objective.measures(made)["contrast_accuracy"]) < 1


def test_only_what_is_weighted_is_measured(random):
    assert set(CAVMAEObjective(1.0, 0.0).measures(outputs(random))) == {"audio_error", "image_error"}
    assert set(CAVMAEObjective(0.0, 1.0).measures(outputs(random))) == {"contrast", "contrast_accuracy"}
    for weights in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        objective = CAVMAEObjective(*weights)
        assert set(objective.measures(outputs(random))) == set(objective.measure_names)


def test_visible_patches_do_not_count(random):
    made, objective = outputs(random), CAVMAEObjective()
    before = float(objective(made, None))
    made["audio"]["prediction"][made["audio"]["hidden"] == 0] += 100
    assert float(objective(made, None)) == before


def test_silence_is_no_nan(random):
    made = outputs(random)
    for output in made.values():
        output["patches"][:] = 1.13
        output["embedding"][:] = 0
    assert np.isfinite(float(CAVMAEObjective()(made, None)))


def test_weights_of_rows(random):
    made, objective = outputs(random), CAVMAEObjective(1.0, 0.0)
    first = {role: {name: value[:1] for name, value in output.items()} for role, output in made.items()}
    weighted = float(objective(made, None, sample_weight=ops.array([1.0, 0.0, 0.0])))
    assert weighted == pytest.approx(float(objective(first, None)), rel=1e-5)


def test_configuration():
    objective = CAVMAEObjective(0.5, 0.2, False, 0.1, True)
    assert CAVMAEObjective.from_config(objective.get_config()).get_config() == objective.get_config()


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"must not be negative, and one positive. Received: reconstruction_weight=0"):
        CAVMAEObjective(0, 0)
    with pytest.raises(ValueError, match=r"`temperature` must be positive. Received: temperature=0"):
        CAVMAEObjective(temperature=0)
