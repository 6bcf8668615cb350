"""Measures encoders of small images on MNIST and Fashion-MNIST over seeds, beside the pixels themselves.

    python benchmarks/mnist_fashion.py --data DATA --output benchmarks/mnist_fashion.md

DATA is the folder with `mnist/mnist.npz` and `fashion_mnist/fashion_mnist.npz`. The tasks:

- `mnist`: trained on the training images; EER over all 49,995,000 pairs of the test images, and KNN with 250 training
  images a class as references and the test images as queries.
- `fashion`: Fashion-MNIST, likewise, with 500 references a class.
- `unseen`: Fashion-MNIST, trained on the training images of the classes 0 to 6; EER over all pairs of the 3,000 test
  images of the classes 7 to 9, which the network never saw: as they are, and with the mean of the compared embeddings
  taken off. That mean needs no labels, but it needs the other images of the test, so it is a figure of its own.

Beside them the pixels, compared by their cosine as they are and, for the first two tasks, with the mean training image
taken off ("centred"). The predecessor's numbers are those that its notebooks print: EER on balanced, sampled pairs, KNN
on its own choice of images. The first two tasks use the recipe of `pretrained_models/digit_encoder/train.py`, which
holds every tenth training image out. The recipe of `unseen` is chosen by cross-validation over the classes 0 to 6:
`--tasks unseen --held-out 1 4 5` trains without these three and measures on training images of theirs.
"""

import argparse
import os
import platform
import runpy
import sys
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

DIGITS = Path(__file__).parents[1] / "pretrained_models/digit_encoder/train.py"
SEEN, UNSEEN, SQUEEZE = range(7), (7, 8, 9), 1.57
PREDECESSOR = {"mnist": ("2.51", "98.34"), "fashion": ("12.17", "77.19"), "unseen": ("27.53", "")}
TITLES = {
    "mnist": ("MNIST, EER %", "MNIST, KNN %, 250 a class"),
    "fashion": ("Fashion-MNIST, EER %", "Fashion-MNIST, KNN %, 500 a class"),
    "unseen": ("unseen classes, EER %", "their mean taken off, EER %"),
}
BATCHES = {"mnist": 1500, "fashion": 1500, "unseen": 300}
Images = dict[str, np.ndarray]


def cosine_error(rows: np.ndarray, labels: np.ndarray) -> float:
    """Returns the EER over all pairs, in percent."""
    from comparators.metrics import equal_error_rate, pair_scores

    return 100 * equal_error_rate(*pair_scores(rows, labels))


def pixels(images: np.ndarray, mean: np.ndarray | float = 0.0) -> np.ndarray:
    return (images - mean).astype("float32").reshape(len(images), -1)


def measure_seen(data: Images, embed, references_per_label: int, seed: int) -> list[float]:
    """Returns the EER of the test images and the accuracy of KNN among training images."""
    test, train = embed(data["x_test"]), embed(data["x_train"])
    accuracy = recipe()["knn_accuracy"](train, data["y_train"], test, data["y_test"], references_per_label, seed)
    return [cosine_error(test, data["y_test"]), 100 * accuracy]


def recipe() -> dict:
    """Returns the functions of the shipped encoder's training script."""
    return runpy.run_path(str(DIGITS))


def embedder(encoder):
    """Returns a function from images to embeddings."""
    from comparators.models import ImageEncoder

    return ImageEncoder(encoder).embed


def warped(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns images in 24 forms, each form of a class as a class of its own: 8 turns, each as it is, narrow or low.

    Seven classes of clothes teach a network those seven shapes; many more make it look at shape as such. Each image is
    taken in every third form.
    """
    from scipy.ndimage import affine_transform

    forms, codes, middle = [], [], (np.array(images.shape[1:3]) - 1) / 2
    for turn in range(8):
        angle = np.pi * turn / 4
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        for squeeze in range(3):
            matrix = rotation @ np.diag([SQUEEZE if squeeze == side else 1.0 for side in (1, 2)])
            chosen = slice((turn + squeeze) % 3, None, 3)
            whole = np.eye(3)
            whole[1:, 1:] = matrix
            offset = (0, *(middle - matrix @ middle))
            forms.append(affine_transform(images[chosen, ..., 0], whole, offset, order=1)[..., None])
            codes.append(24 * labels[chosen].astype(int) + 3 * turn + squeeze)
    return np.concatenate(forms), np.concatenate(codes)


def train_for_unseen(images: np.ndarray, labels: np.ndarray, batches: int, seed: int):
    """Trains a small network on directions of edges to tell all forms of all classes apart.

    Its embeddings are the values before the last projection, which know less of the training classes.
    """
    import keras

    from comparators.custom_layers import CosineClassifier, OrientedGradients, Projected, RandomAffine
    from comparators.generators import ArrayGroups
    from comparators.models import Encoder
    from comparators.models.encoders import ImageTrunk, PixelEncoder

    keras.utils.set_random_seed(seed)
    images, labels = warped(images, labels)
    groups = ArrayGroups(images, labels, labels_per_batch=64, items_per_label=4, seed=seed)
    affine = RandomAffine(
        15.0, scale_range=(0.86, 1.16), stretch_range=(0.86, 1.16), shear_degrees=8.0, shift_fraction=0.1
    )

    def make() -> PixelEncoder:
        trunk = ImageTrunk(channels=(64,), embedding_dim=None)
        return PixelEncoder(OrientedGradients(), trunk, (28, 28, 1), [keras.layers.RandomFlip("horizontal"), affine])

    keras.config.set_dtype_policy("mixed_bfloat16")  # several times faster where the processor has it
    trained = make()
    keras.config.set_dtype_policy("float32")
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=9 * batches // 10, warmup_target=2e-3, warmup_steps=batches // 10
    )
    objective = Projected(CosineClassifier(len(groups.label_names), margin=0.0, scale=16.0), units=(128,))
    model = Encoder(trained, objective)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.02, use_ema=True, ema_momentum=0.99))
    model.fit(groups.as_tf_dataset(), steps_per_epoch=batches, verbose=2)
    encoder = make()
    encoder.trunk.set_weights(trained.trunk.get_weights())
    return encoder


def unseen_task(data: Images, held_out: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns the training images of the seen classes with their labels, and the images to test with theirs.

    Where the held-out classes are seen ones, they are measured on training images: the test set stays for the end.
    """
    train = np.isin(data["y_train"], SEEN) & ~np.isin(data["y_train"], held_out)
    part = "test" if held_out == UNSEEN else "train"
    test = np.flatnonzero(np.isin(data[f"y_{part}"], held_out))
    test = np.concatenate([test[data[f"y_{part}"][test] == label][:1000] for label in held_out])
    return data["x_train"][train], data["y_train"][train], data[f"x_{part}"][test], data[f"y_{part}"][test]


def run_seen(task: str, data: Images, seeds: list[int], batches: int) -> dict[str, list[list[float]]]:
    references = {"mnist": 250, "fashion": 500}[task]
    mean = data["x_train"].mean(axis=0)
    rows = {
        "pixels": [measure_seen(data, pixels, references, seed) for seed in seeds[:1]],
        "centred pixels": [
            measure_seen(data, lambda images: pixels(images, mean), references, seed) for seed in seeds[:1]
        ],
        "network": [],
    }
    for seed in seeds:
        start = time.perf_counter()
        kept = ~recipe()["is_held_out"](len(data["x_train"]))
        encoder = recipe()["train_digits"](data["x_train"][kept], data["y_train"][kept], batches, seed)
        minutes = (time.perf_counter() - start) / 60
        rows["network"].append(measure_seen(data, embedder(encoder), references, seed))
        print(
            f"{task}, seed {seed}: {rows['network'][-1]}, trained in {minutes:.1f} minutes", file=sys.stderr, flush=True
        )
    return rows


def run_unseen(data: Images, seeds: list[int], batches: int, held_out: tuple[int, ...]) -> dict[str, list[list[float]]]:
    from comparators.custom_layers import OrientedGradients

    images, labels, test, test_labels = unseen_task(data, held_out)

    def errors(rows: np.ndarray) -> list[float]:
        rows = rows.reshape(len(rows), -1)
        return [cosine_error(rows, test_labels), cosine_error(rows - rows.mean(axis=0), test_labels)]

    rows = {"pixels": [errors(pixels(test))], "directions of edges": [errors(np.asarray(OrientedGradients()(test)))]}
    for seed in seeds:
        start = time.perf_counter()
        encoder = train_for_unseen(images, labels, batches, seed)
        minutes = (time.perf_counter() - start) / 60
        rows.setdefault("network", []).append(errors(embedder(encoder)(test)))
        print(f"unseen, seed {seed}: {rows['network'][-1]}, trained in {minutes:.1f} minutes", file=sys.stderr)
    return rows


def cell(values: list[float]) -> str:
    mean = f"{np.mean(values):.2f}"
    return mean if len(values) == 1 else f"**{mean}** ({min(values):.2f} to {max(values):.2f})"


def make_table(task: str, rows: dict[str, list[list[float]]]) -> str:
    """Returns the table of a task: the mean over the seeds, with the lowest and the highest."""
    titles = TITLES[task]
    lines = [f"| {task} | {' | '.join(titles)} |", f"|{'---|' * (len(titles) + 1)}"]
    lines += [f"| {name} | {' | '.join(map(cell, zip(*runs, strict=True)))} |" for name, runs in rows.items()]
    lines.append(f"| predecessor, as it printed | {' | '.join(PREDECESSOR[task])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--tasks", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--batches", type=int, help="that a network is trained on, in place of each task's own number")
    parser.add_argument("--held-out", type=int, nargs="+", default=UNSEEN, help="classes of `unseen` to measure on")
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    read, folder = recipe()["read_images"], Path(arguments.data)
    parts = [
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores; Python {platform.python_version()}; "
        f"seeds {', '.join(map(str, arguments.seeds))}.\n"
    ]
    for task in arguments.tasks:
        name = "mnist" if task == "mnist" else "fashion_mnist"
        data = read(folder / name / f"{name}.npz")
        batches = arguments.batches or BATCHES[task]
        if task == "unseen":
            rows = run_unseen(data, arguments.seeds, batches, tuple(arguments.held_out))
        else:
            rows = run_seen(task, data, arguments.seeds, batches)
        parts.append(make_table(task, rows))
        print(parts[-1], flush=True)
    if arguments.output:
        arguments.output.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
