"""Trains the shipped encoder of handwritten digits. One core, a few minutes a seed.

    python pretrained_models/digit_encoder/train.py --output pretrained_models/digit_encoder/digit_encoder.keras

A small residual network learns from MNIST's training images, turned, scaled, slanted and shifted a little each time,
with the supervised contrastive loss: on the held-out images its EER was half that of a classifier with a margin, which
left some pairs of digits at an acute angle. Every tenth training image is held out; those give the threshold. The test
images are for the figures at the end, for nothing else.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from comparators.custom_layers import PixelNormalization, RandomAffine
from comparators.generators import ArrayGroups
from comparators.losses import SupConLoss
from comparators.metrics import equal_error_rate, pair_scores
from comparators.models import Encoder, ImageEncoder
from comparators.models.encoders import ImageTrunk, PixelEncoder
from comparators.recognition import KNNRecognizer

ITEMS_PER_BATCH = 250


def make_encoder(trunk: ImageTrunk, augmentation: list[keras.layers.Layer]) -> PixelEncoder:
    """Joins rescaling and trunk for images of 28 x 28 grey pixels."""
    return PixelEncoder(PixelNormalization("tf"), trunk, (28, 28, 1), augmentation)


def train_encoder(
    images: np.ndarray,
    labels: np.ndarray,
    trunk: dict,
    augmentation: list[keras.layers.Layer],
    batches: int,
    seed: int,
    learning_rate: float = 2e-3,
) -> PixelEncoder:
    """Trains an encoder of images on groups of the labels.

    Args:
        images: uint8 `(n, 28, 28, 1)`.
        labels: `(n,)`.
        trunk: arguments of `ImageTrunk`.
        augmentation: layers that change the pixels while training.
        batches: how many, each with the same number of images of every label.
        seed: of the weights and the batches.

    Returns:
        The encoder, float32.
    """
    keras.utils.set_random_seed(seed)
    num_labels = len(np.unique(labels))
    groups = ArrayGroups(images, labels, num_labels, ITEMS_PER_BATCH // num_labels, seed=seed)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=9 * batches // 10, warmup_target=learning_rate, warmup_steps=batches // 10
    )
    keras.config.set_dtype_policy("mixed_bfloat16")  # several times faster where the processor has it
    trained = make_encoder(ImageTrunk(**trunk), augmentation)
    keras.config.set_dtype_policy("float32")
    model = Encoder(trained)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.02, use_ema=True, ema_momentum=0.99)
    model.compile(optimizer, loss=SupConLoss(temperature=0.1))
    model.fit(groups.as_tf_dataset(), steps_per_epoch=batches // 5, epochs=5, verbose=2)
    encoder = make_encoder(ImageTrunk(**trunk), augmentation)
    encoder.trunk.set_weights(trained.trunk.get_weights())
    return encoder


def train_digits(images: np.ndarray, labels: np.ndarray, batches: int, seed: int) -> PixelEncoder:
    """Trains with the recipe of the shipped encoder; also used for the figures on Fashion-MNIST's seen classes."""
    augmentation = [
        RandomAffine(10.0, scale_range=(0.88, 1.14), stretch_range=(0.9, 1.1), shear_degrees=8.0, shift_fraction=0.08)
    ]
    return train_encoder(images, labels, {"channels": (16, 32, 64)}, augmentation, batches, seed)


def read_images(path: Path) -> dict[str, np.ndarray]:
    """Returns `x_train`, `y_train`, `x_test`, `y_test` of a file such as `mnist.npz`; images `(n, 28, 28, 1)`."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    return {name: array[..., None] if name.startswith("x") else array for name, array in arrays.items()}


def is_held_out(num_images: int) -> np.ndarray:
    """Returns bool `(num_images,)`: every tenth of the training images, which are in a fixed random order."""
    return np.arange(num_images) % 10 == 0


def knn_accuracy(
    references: np.ndarray, labels: np.ndarray, queries: np.ndarray, query_labels: np.ndarray, per_label: int, seed: int
) -> float:
    """Returns the share of queries that their 5 nearest of `per_label` references of each label recognise."""
    rng = np.random.default_rng(seed)
    chosen = np.concatenate(
        [rng.choice(np.flatnonzero(labels == label), per_label, replace=False) for label in np.unique(labels)]
    )
    recognizer = KNNRecognizer(k=5, threshold=None).fit(references[chosen], labels[chosen])
    return float(np.mean(recognizer.predict(queries) == query_labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder with mnist/")
    parser.add_argument("--output", type=Path, required=True, help="the .keras file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batches", type=int, default=1500)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    start = time.perf_counter()
    data = read_images(Path(arguments.data) / "mnist" / "mnist.npz")
    held_out = is_held_out(len(data["x_train"]))

    encoder = train_digits(data["x_train"][~held_out], data["y_train"][~held_out], arguments.batches, arguments.seed)
    model = ImageEncoder(encoder, name="digit_encoder")
    threshold = model.fit_threshold(
        model.embed(data["x_train"][held_out]), data["y_train"][held_out], origin="held-out training images of MNIST"
    )
    model.save(arguments.output)

    test, train = model.embed(data["x_test"]), model.embed(data["x_train"])
    error = 100 * equal_error_rate(*pair_scores(test, data["y_test"]))
    accuracy = 100 * knn_accuracy(train, data["y_train"], test, data["y_test"], 250, arguments.seed)
    print(f"EER over all pairs of the test images: {error:.2f} %; KNN, 250 training images a digit: {accuracy:.2f} %")
    print(f"threshold {threshold.value:.3f}; {(time.perf_counter() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
