"""Measures encoders of small images on MNIST and Fashion-MNIST over seeds, beside the pixels themselves.

    python benchmarks/mnist_fashion.py --data DATA --output benchmarks/mnist_fashion.md

DATA is the folder with `mnist/mnist.npz` and `fashion_mnist/fashion_mnist.npz`. The tasks:

- `mnist`: trained on the training images; EER over all 49,995,000 pairs of the test images, and KNN with 250 training
  images a class as references and the test images as queries.
- `fashion`: Fashion-MNIST, likewise, with 500 references a class.
- `unseen`: trained on the training images of the classes 0 to 6; EER over all pairs of the 3,000 test images of the
  classes 7 to 9, which the encoder never saw.

Beside them the pixels, compared by their cosine as they are and with the mean training image taken off ("centred"). The
predecessor's numbers are those that its notebooks print: EER on balanced, sampled pairs, KNN on its own choice of
images. The first two tasks use the recipe of `pretrained_models/digit_encoder/train.py`. The recipe of `unseen` was
chosen by cross-validation over the classes 0 to 6 (`--held-out 1 4 5` trains without these and measures on them).
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
SEEN, UNSEEN = range(7), (7, 8, 9)
PREDECESSOR = {"mnist": ("2.51", "98.34"), "fashion": ("12.17", "77.19"), "unseen": ("27.53", "")}
TITLES = {
    "mnist": ("MNIST, EER %", "MNIST, KNN %, 250 a class"),
    "fashion": ("Fashion-MNIST, EER %", "Fashion-MNIST, KNN %, 500 a class"),
    "unseen": ("Fashion-MNIST, unseen classes, EER %",),
}
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


def turned(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images in four turns, each turn of a class as a class of its own."""
    images = np.concatenate([np.rot90(images, turns, axes=(1, 2)) for turns in range(4)])
    return images, np.concatenate([4 * labels.astype(int) + turns for turns in range(4)])


def fit_gradients(images: np.ndarray, labels: np.ndarray):
    """Fits directions of edges, whitened within the classes and their turns."""
    from comparators.custom_layers import OrientedGradients
    from comparators.models.encoders import PixelEncoder, WhiteningTrunk

    images, labels = turned(images, labels)
    front_end = OrientedGradients()
    features = np.concatenate(
        [np.asarray(front_end(images[start : start + 1000])) for start in range(0, len(images), 1000)]
    )
    trunk = WhiteningTrunk(embedding_dim=features[0].size).adapt(features, labels)
    return PixelEncoder(front_end, trunk, (28, 28, 1))


def train_on_turns(images: np.ndarray, labels: np.ndarray, batches: int, seed: int):
    """Trains the network of the other tasks, with the turns as classes of their own."""
    return recipe()["train_digits"](*turned(images, labels), batches, seed)


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
        encoder = recipe()["train_digits"](data["x_train"], data["y_train"], batches, seed)
        minutes = (time.perf_counter() - start) / 60
        rows["network"].append(measure_seen(data, embedder(encoder), references, seed))
        print(
            f"{task}, seed {seed}: {rows['network'][-1]}, trained in {minutes:.1f} minutes", file=sys.stderr, flush=True
        )
    return rows


def run_unseen(data: Images, seeds: list[int], batches: int, held_out: tuple[int, ...]) -> dict[str, list[list[float]]]:
    images, labels, test, test_labels = unseen_task(data, held_out)
    encoders = {"directions of edges, whitened": [fit_gradients(images, labels)]}
    mean = images.mean(axis=0)
    rows = {
        "pixels": [[cosine_error(pixels(test), test_labels)]],
        "centred pixels": [[cosine_error(pixels(test, mean), test_labels)]],
    }
    if batches:
        encoders["network"] = [train_on_turns(images, labels, batches, seed) for seed in seeds]
    for name, made in encoders.items():
        rows[name] = [[cosine_error(embedder(encoder)(test), test_labels)] for encoder in made]
        print(f"unseen, {name}: {rows[name]}", file=sys.stderr, flush=True)
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
    parser.add_argument("--batches", type=int, default=1500, help="that a network is trained on; 0 for no network")
    parser.add_argument("--held-out", type=int, nargs="+", default=UNSEEN, help="classes of `unseen` to measure on")
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    read, folder = recipe()["read_images"], Path(arguments.data)
    parts = [
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores; Python {platform.python_version()}; "
        f"seeds {', '.join(map(str, arguments.seeds))}; {arguments.batches} batches of 250 images.\n"
    ]
    for task in arguments.tasks:
        name = "mnist" if task == "mnist" else "fashion_mnist"
        data = read(folder / name / f"{name}.npz")
        if task == "unseen":
            rows = run_unseen(data, arguments.seeds, arguments.batches, tuple(arguments.held_out))
        else:
            rows = run_seen(task, data, arguments.seeds, arguments.batches)
        parts.append(make_table(task, rows))
        print(parts[-1], flush=True)
    if arguments.output:
        arguments.output.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
