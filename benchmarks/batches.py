"""Examples per second of the batch generators, beside what one would write oneself.

    python benchmarks/batches.py [--seconds 5] [--labels 1000] [--items 100]

Arrays: labels x items of 40 frames x 40 mels in memory, batches of 64 labels with 10 items each; waveforms: short
synthetic recordings on disk, windows of half a second, decoded each time and from a filled cache. One process; the
second figure is by the processor time that it took, and hardly changes where cores are shared.
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import soundfile
import tensorflow as tf

from comparators.generators import ArrayGroups, AudioGroups, GroupSampler, read_manifest

LABELS_PER_BATCH, ITEMS_PER_LABEL = 64, 10
BATCH_SIZE = LABELS_PER_BATCH * ITEMS_PER_LABEL


def plain_generator(arrays: np.ndarray, labels: np.ndarray) -> Iterator[tuple]:
    """Draws P labels and K items of each, item by item: the loop that one writes first."""
    random = np.random.default_rng(0)
    items_of = {label: np.flatnonzero(labels == label) for label in np.unique(labels)}
    while True:
        chosen = random.choice(len(items_of), LABELS_PER_BATCH, replace=False)
        items = [item for label in chosen for item in random.choice(items_of[label], ITEMS_PER_LABEL, replace=False)]
        yield np.stack([arrays[item] for item in items]), np.array([labels[item] for item in items], np.int32)


def per_item_pipeline(arrays: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    """One dataset a label, taken from in turn and batched: the pipeline of the tf.data guides."""
    arrays, labels, by_label = tf.constant(arrays), tf.constant(labels), np.argsort(labels, kind="stable")
    table = tf.constant(by_label.reshape(len(np.unique(labels)), -1))

    def items_of(label: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(tf.random.shuffle(table[label])[:ITEMS_PER_LABEL])

    chosen = tf.data.Dataset.range(table.shape[0]).shuffle(table.shape[0]).repeat()
    items = chosen.interleave(items_of, cycle_length=LABELS_PER_BATCH, block_length=ITEMS_PER_LABEL)
    batches = items.map(lambda item: (arrays[item], labels[item])).batch(BATCH_SIZE, drop_remainder=True)
    return batches.prefetch(tf.data.AUTOTUNE)


def endless(groups: ArrayGroups | AudioGroups) -> Iterator[tuple]:
    """Takes one epoch after the other."""
    for epoch in itertools.count():
        for index in range(len(groups)):
            yield groups.batch(epoch, index)


def sampled(sampler: GroupSampler) -> Iterator[tuple]:
    """Draws indices only."""
    for epoch in itertools.count():
        for index in range(sampler.num_batches):
            yield None, sampler.batch(epoch, index)


def measure(batches_of: dict[str, Iterable[tuple]], seconds: float) -> None:
    """Prints the median of five rounds in turn of `seconds` in all for each; the first batches do not count."""
    running = {name: iter(batches) for name, batches in batches_of.items()}
    rounds = {name: [] for name in running}
    for _, (name, batches) in itertools.product(range(5), running.items()):
        for _ in range(3):
            next(batches)
        wall, processor, number = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < seconds / 5:
            next(batches)
            number += BATCH_SIZE
        rounds[name].append((number / (time.perf_counter() - wall), number / (time.process_time() - processor)))
    print("| batches of | examples a second | by processor time |\n|---|---|---|")
    for name, rates in rounds.items():
        wall, processor = np.median(rates, axis=0)
        print(f"| {name} | {wall:,.0f} | {processor:,.0f} |")


def write_recordings(folder: str, num_labels: int = 80, items: int = 12) -> pd.DataFrame:
    """Writes recordings of one to two seconds, in a folder for each label."""
    random = np.random.default_rng(0)
    for label, item in itertools.product(range(num_labels), range(items)):
        Path(folder, str(label)).mkdir(exist_ok=True)
        sound = 0.1 * random.normal(size=random.integers(16_000, 32_000))
        soundfile.write(Path(folder, str(label), f"{item}.flac"), sound, 16_000)
    return read_manifest(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--labels", type=int, default=1_000)
    parser.add_argument("--items", type=int, default=100)
    arguments = parser.parse_args()
    labels = np.repeat(np.arange(arguments.labels, dtype=np.int32), arguments.items)
    arrays = np.random.default_rng(0).normal(size=(len(labels), 40, 40)).astype("float32")
    recordings = np.arange(len(labels)) // 5
    groups = ArrayGroups(arrays, labels, LABELS_PER_BATCH, ITEMS_PER_LABEL)
    apart = GroupSampler(labels, LABELS_PER_BATCH, ITEMS_PER_LABEL, recordings=recordings)
    measure(
        {
            "GroupSampler alone (indices)": sampled(groups.sampler),
            "GroupSampler alone, items of different recordings": sampled(apart),
            "ArrayGroups": endless(groups),
            "ArrayGroups.as_tf_dataset": groups.as_tf_dataset(),
            "plain Python generator": plain_generator(arrays, labels),
            "tf.data per item": per_item_pipeline(arrays, labels),
        },
        arguments.seconds,
    )
    with tempfile.TemporaryDirectory() as folder:
        table = write_recordings(folder)
        audio = {
            size: AudioGroups(table, LABELS_PER_BATCH, ITEMS_PER_LABEL, 0.5, cache_bytes=size) for size in (0, 2**30)
        }
        for epoch in range(20):
            audio[2**30].batch(epoch, 0)
        print()
        measure(
            {"AudioGroups, decoding each": endless(audio[0]), "AudioGroups, cached": endless(audio[2**30])},
            arguments.seconds,
        )


if __name__ == "__main__":
    main()
