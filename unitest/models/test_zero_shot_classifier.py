"""Classes known by their names: by hand, several templates, other systems, bad input."""

import numpy as np
import pytest

from comparators.custom_layers import SigLIP, SymmetricInfoNCE
from comparators.generators import TextTokenizer, WordVectors
from comparators.models import CLIP, WordAudio, ZeroShotClassifier

pytest.importorskip("tokenizers", reason="needs the package `tokenizers`")

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 12, 12), dtype="uint8")
TEMPLATES = ["a photo of a {}.", "{}", "the {} or the {}"]


@pytest.fixture(scope="module")
def model() -> CLIP:
    tokenizer = TextTokenizer.of_words(["a", "photo", "of", "cat", "dog", "big", "the", "or"], max_tokens=16)
    return CLIP.small(tokenizer, (12, 12), embedding_dim=8, width=16, objective=SymmetricInfoNCE(temperature=0.1))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_by_hand(model):
    labels = ["cat", "dog", "big dog"]
    classifier = model.zero_shot_classifier(labels, TEMPLATES)
    rows = []
    for label in labels:
        texts = [f"a photo of a {label}.", label, f"the {label} or the {label}"]
        rows.append(unit(unit(model.embed(texts, "text")).mean(axis=0)))
    np.testing.assert_allclose(classifier.embeddings, rows, atol=1e-5)
    cosines = unit(model.embed(PICTURES, "image")) @ np.array(rows).T
    np.testing.assert_allclose(classifier.decision_function(PICTURES), cosines, atol=1e-5)
    assert classifier.predict(PICTURES).tolist() == [labels[best] for best in cosines.argmax(axis=1)]
    powers = np.exp(10 * cosines)
    probabilities = classifier.predict_proba(PICTURES)
    np.testing.assert_allclose(probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-4)
    assert classifier.labels == labels


def test_texts_are_embedded_once(model, monkeypatch):
    classifier = model.zero_shot_classifier(["cat", "dog"])
    monkeypatch.setattr(model.encoder_of("text"), "embed", None)
    assert len(classifier.predict(PICTURES)) == 5


def test_scale(model):
    assert model.zero_shot_classifier(["cat"]).scale == pytest.approx(10.0)
    assert model.zero_shot_classifier(["cat"], scale=3).scale == 3.0
    assert model.with_objective(None).zero_shot_classifier(["cat"]).scale == 100.0
    assert model.with_objective(SigLIP(scale=7.0)).zero_shot_classifier(["cat"]).scale == pytest.approx(7.0)
    np.testing.assert_array_equal(model.zero_shot_classifier(["cat"]).predict_proba(PICTURES), np.ones((5, 1)))


def test_labels_with_braces(model):
    """They are written as they are, and never looked up."""
    assert model.zero_shot_classifier(["{0.__class__}", "{}"], ["a {}"]).labels == ["{0.__class__}", "{}"]


@pytest.mark.parametrize(
    ("labels", "templates", "message"),
    [
        ([], TEMPLATES, r"`labels` must be the names of the classes, at least one. Received: labels=\[\]"),
        ("cat", TEMPLATES, r"`labels` must be the names.*Received: labels='cat'"),
        (["cat", " "], TEMPLATES, r"`labels` must not be empty texts"),
        (["cat", "dog", "cat"], TEMPLATES, r"`labels` must be distinct. Received twice: cat"),
        (["cat"], [], r"`templates` must be a list of texts.*Received: templates=\[\]"),
        (["cat"], "a {}", r"`templates` must be a list of texts.*Received: templates='a {}'"),
        (["cat"], ["a {}", "a photo"], r"must have a place {} for the label. Received: 'a photo'"),
    ],
)
def test_bad_labels_and_templates(model, labels, templates, message):
    with pytest.raises(ValueError, match=message):
        model.zero_shot_classifier(labels, templates)


def test_bad_models_and_scales(model):
    with pytest.raises(ValueError, match=r"`scale` must be positive. Received: scale=0"):
        model.zero_shot_classifier(["cat"], scale=0)
    others = WordAudio.default(WordVectors(["rain"], np.ones((1, 3))), embedding_dim=8, channels=(4, 4, 4, 8))
    with pytest.raises(ValueError, match=r"must have a role 'text'. Received: roles \['audio', 'word'\]"):
        ZeroShotClassifier(others, ["rain"])
