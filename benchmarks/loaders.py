"""Times the datasets of arrays and image files against plain tf.data pipelines of the same job: images a second.

    python benchmarks/loaders.py --data DATA --output benchmarks/loaders.md

DATA is the folder with `mnist/mnist.npz`. Every side hands out batches of 64 rows as `fit` takes them; a pair counts
as two images. Sides of one table take turns, each of `--seconds`, after its first batches; the median of three turns
counts. Images a second by processor time, and the cores kept busy (processor time by clock time), are named beside, as
other work on the machine shortens what is left for all. Ours decodes with a thread for each core; tf.data is left to
choose (AUTOTUNE).
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from PIL import Image

from comparators.generators import ArrayGroups, ArrayItems, ImageGroups, ImageItems, ImageReader, Pairs, PairSampler
from comparators.generators.ordered_batches import OrderedBatches

BATCH, LABELS_PER_BATCH, TURNS, WARM_UP = 64, 8, 3, 4
PER_LABEL = BATCH // LABELS_PER_BATCH
Sides = dict[str, Callable[[], Iterable[tuple]]]


def in_fit(batches: OrderedBatches) -> Callable[[], Iterator[tuple]]:
    """Returns what gives the batches as `fit` gets them, one epoch after the other."""

    def run() -> Iterator[tuple]:
        dataset = batches.get_tf_dataset()
        while True:
            yield from dataset
            batches.on_epoch_end()

    return run


def plain(columns: tuple, load: Callable, keep: bool = False) -> Callable[[], Iterator[tuple]]:
    """Returns the pipeline of the tf.data guides: shuffle rows, load each, batch; decoded rows are kept if asked."""
    rows = tf.data.Dataset.from_tensor_slices(columns)
    if keep:
        rows = rows.map(load, num_parallel_calls=tf.data.AUTOTUNE).cache().shuffle(len(columns[0]))
    else:
        rows = rows.shuffle(len(columns[0])).map(load, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = rows.batch(BATCH).prefetch(tf.data.AUTOTUNE)

    def run() -> Iterator[tuple]:
        while True:
            yield from dataset

    return run


def drawn_pairs(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns pairs for the plain pipelines, drawn once: first items, second items, whether they are the same."""
    a, b = PairSampler(labels, len(labels)).batch(0, 0)
    return a, b, (labels[a] == labels[b]).astype("float32")


def of_arrays(images: np.ndarray, labels: np.ndarray) -> dict[str, Sides]:
    """Returns the jobs on arrays in memory."""
    groups = ArrayGroups(images, labels, LABELS_PER_BATCH, PER_LABEL, passes_per_epoch=len(images) // BATCH)
    pairs = Pairs(ArrayItems(images), labels, BATCH)
    tensor = tf.constant(images)
    first, second, same = drawn_pairs(labels)
    return {
        "Arrays in memory (28 x 28), images with labels": {
            "`ArrayGroups`": in_fit(groups),
            "`ArrayGroups.as_tf_dataset()`": groups.as_tf_dataset,
            "tf.data": plain((images, labels), lambda image, label: (image, label)),
        },
        "Arrays in memory (28 x 28), pairs": {
            "`Pairs`": in_fit(pairs),
            "`Pairs.as_tf_dataset()`": pairs.as_tf_dataset,
            "tf.data, pairs drawn once": plain(
                (first, second, same), lambda a, b, is_same: ((tensor[a], tensor[b]), is_same)
            ),
        },
    }


def of_files(table: pd.DataFrame, size: int, mode: str, kind: str) -> dict[str, Sides]:
    """Returns the jobs on image files."""
    reader = ImageReader((size, size), mode)
    labels, channels = table["label"].to_numpy(np.int32), reader.channels
    per_epoch = {"passes_per_epoch": 100}

    def load(path: tf.Tensor) -> tf.Tensor:
        image = tf.io.decode_image(tf.io.read_file(path), channels=channels, expand_animations=False)
        return tf.ensure_shape(image, (size, size, channels))

    def load_row(path: tf.Tensor, label: tf.Tensor) -> tuple:
        return load(path), label

    def load_pair(a: tf.Tensor, b: tf.Tensor, is_same: tf.Tensor) -> tuple:
        return (load(a), load(b)), is_same

    paths = table["path"].to_numpy(str)
    first, second, same = drawn_pairs(labels)
    cold, warm = (
        ImageGroups(table, LABELS_PER_BATCH, PER_LABEL, reader, cache_bytes=budget, **per_epoch)
        for budget in (0, 2**31)
    )
    items = ImageItems(table, reader)
    for one in (warm.items, items):
        one.take(np.arange(len(table)), np.random.default_rng(0))
    return {
        f"{kind}, decoded each time": {"`ImageGroups`": in_fit(cold), "tf.data": plain((paths, labels), load_row)},
        f"{kind}, kept in memory": {
            "`ImageGroups`": in_fit(warm),
            "tf.data with `cache()`": plain((paths, labels), load_row, keep=True),
        },
        f"{kind}, pairs": {
            "`Pairs`, images kept in memory": in_fit(Pairs(items, labels, BATCH)),
            "tf.data, pairs drawn once, decoded each time": plain((paths[first], paths[second], same), load_pair),
        },
    }


def measure(sides: Sides, seconds: float) -> list[str]:
    """Returns the rows of a table: images a second, by processor time, and cores kept busy."""
    rounds: dict[str, list] = {name: [] for name in sides}
    for _ in range(TURNS):
        for name, run in sides.items():
            batches = iter(run())
            for _ in range(WARM_UP):
                next(batches)
            number, wall, processor = 0, time.perf_counter(), time.process_time()
            while time.perf_counter() - wall < seconds:
                inputs, _ = next(batches)
                number += sum(len(view) for view in (inputs if isinstance(inputs, tuple) else (inputs,)))
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            rounds[name].append((number / wall, number / processor, processor / wall))
            del batches
    medians = {name: np.median(values, axis=0) for name, values in rounds.items()}
    return [f"| {name} | {fast:,.0f} | {lean:,.0f} | {busy:.1f} |" for name, (fast, lean, busy) in medians.items()]


def write_images(folder: Path, images: np.ndarray, labels: np.ndarray, suffix: str) -> pd.DataFrame:
    """Writes images and returns their manifest."""
    folder.mkdir()
    paths = [str(folder / f"{number}.{suffix}") for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return pd.DataFrame({"path": paths, "label": labels})


def photographs(images: np.ndarray, size: int) -> np.ndarray:
    """Makes coloured images of some size, with the detail of a photograph, from grey ones."""
    large = [np.asarray(Image.fromarray(image).resize((size, size))) for image in images]
    noise = np.random.default_rng(0).integers(0, 40, (len(images), size, size, 3), dtype="uint8")
    return np.stack(large)[..., None] // 2 + noise


def header() -> list[str]:
    """Returns what was run, where and when."""
    return [
        "# Loaders: images a second, beside plain tf.data",
        "",
        f"    python {' '.join([Path(sys.argv[0]).as_posix(), *sys.argv[1:]])}",
        "",
        f"{date.today().isoformat()}, {platform.machine()} with {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} "
        f"when it began, Python {platform.python_version()}, Keras {keras.__version__}, TensorFlow {tf.__version__}.",
        "Images a second by the clock; by processor time, which other work on the machine hardly changes; and how many",
        "cores were kept busy. `ArrayGroups`, `ImageGroups`, `Pairs` are measured as `fit` takes them, through Keras.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds mnist/mnist.npz")
    parser.add_argument("--seconds", type=float, default=0.7, help="length of a turn (default: 0.7)")
    parser.add_argument("--output", type=Path, help="file that the tables are written to as well")
    arguments = parser.parse_args()
    lines = header()
    with np.load(arguments.data / "mnist" / "mnist.npz") as arrays, tempfile.TemporaryDirectory() as folder:
        images, labels = arrays["x_train"], arrays["y_train"]
        small = write_images(Path(folder, "small"), images[:4_000], labels[:4_000], "png")
        large = write_images(Path(folder, "large"), photographs(images[:800], 224), labels[:800], "jpg")
        jobs = of_arrays(images[..., None], labels)
        jobs |= of_files(small, 28, "grey", "4,000 PNG files of 28 x 28")
        jobs |= of_files(large, 224, "rgb", "800 JPEG files of 224 x 224")
        for job, sides in jobs.items():
            rows = measure(sides, arguments.seconds)
            table = ["", f"| {job} | images a second | by processor time | cores busy |", "|---|---|---|---|", *rows]
            print("\n".join(table), flush=True)
            lines += table
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
