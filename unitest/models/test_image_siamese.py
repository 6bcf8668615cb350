import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from comparators.custom_layers import InBatchPairs, RandomAffine
from comparators.generators import ArrayGroups, ArrayItems, Pairs
from comparators.models import ImageSiamese

RNG = np.random.default_rng(0)
GREYS = RNG.integers(0, 256, (12, 12, 12), dtype=np.uint8)
LABELS = np.repeat(np.arange(4), 3)


def tiny_siamese(form: str = "cosine", **more) -> ImageSiamese:
    return ImageSiamese.default(form, (12, 12), "grey", embedding_dim=6, channels=(4, 8), **more)


def test_default_parts():
    model = tiny_siamese("l1", name="small")
    assert model.name == "small"
    assert model.head.form == "l1"
    assert isinstance(model.objective, InBatchPairs)
    assert model.media == "image"


def test_scores_are_probabilities_of_the_head():
    model = tiny_siamese()
    scores = model.similarity_matrix(GREYS)
    assert scores.shape == (12, 12)
    assert ((scores >= 0) & (scores <= 1)).all()
    np.testing.assert_allclose(np.diag(scores), model.similarity(GREYS, GREYS), atol=1e-5)
    pairs = np.asarray(model.predict((GREYS[..., None], GREYS[::-1][..., None]), verbose=0))
    np.testing.assert_allclose(pairs, model.similarity(GREYS, GREYS[::-1]), atol=1e-5)


def test_trains_on_groups_and_on_pairs():
    model = tiny_siamese(augmentation=[RandomAffine(seed=0)])
    model.compile(optimizer="adam")
    batches = ArrayGroups(GREYS[..., None], LABELS, labels_per_batch=4, items_per_label=3)
    assert np.isfinite(model.fit(batches, verbose=0).history["loss"]).all()
    pairs = model.with_objective(None)
    pairs.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    history = pairs.fit(Pairs(ArrayItems(GREYS[..., None]), LABELS, batch_size=8), verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_saved_and_loaded_in_a_fresh_process(tmp_path):
    model = tiny_siamese("learnt")
    model.fit_threshold(model.embed(GREYS), LABELS)
    model.save(tmp_path / "model.keras")
    paths = []
    for number in range(2):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(GREYS[number]).save(paths[-1])
    code = (
        "import comparators\n"
        f"model = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        f"result = model.verify(*{paths!r})\n"
        "print(result.score, result.decision)\n"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    result = model.verify(*paths)
    assert float(printed[0]) == pytest.approx(result.score, abs=1e-5)
    assert printed[1] == str(result.decision)


def test_bulk(tmp_path):
    for number, image in enumerate(GREYS):
        (tmp_path / str(number % 2)).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / str(number % 2) / f"{number}.png")
    table, failures = tiny_siamese().embed_files(tmp_path, progress=False)
    assert table.vectors.shape == (12, 6)
    assert not failures


def test_application(tmp_path):
    model = ImageSiamese.from_application(
        "MobileNetV2", "cosine", (32, 32), 8, weights=None, trainable=True, options={"alpha": 0.35}
    )
    assert model.similarity(GREYS[:2], GREYS[:2]).shape == (2,)
