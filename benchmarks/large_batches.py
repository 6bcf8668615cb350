"""Measures memory and time of training steps on large batches: whole, and cut in chunks by `ChunkedEncoder`.

An encoder of 28 x 28 images (`ImageTrunk`) with `SupConLoss`, on batches with 8 items of a label; then each in-batch
loss alone, value and gradient, on 4,096 embeddings of 128 values. Every row is a process of its own. Memory is the
largest resident size less that before the first step (the program, its libraries and the weights). Time is the
processor's, the median of the steps after the first, so that other work on the machine lengthens it little.

    python benchmarks/large_batches.py --output benchmarks/large_batches.md
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

ITEMS_PER_LABEL = 8
BATCHES_AND_CHUNKS = ((1024, None), (1024, 256), (1024, 64), (4096, 64))
NUM_EMBEDDINGS, DIM = 4096, 128
LOSSES = {
    "NTXent": "losses.NTXent()",
    "SupConLoss": "losses.SupConLoss()",
    "ContrastiveLoss": "losses.ContrastiveLoss()",
    "TripletLoss, semi-hard": "losses.TripletLoss()",
    "TripletLoss, batch-hard": "losses.TripletLoss(mining='batch_hard')",
    "MultiSimilarityLoss": "losses.MultiSimilarityLoss()",
    "CircleLoss": "losses.CircleLoss()",
    "SoftNearestNeighborLoss": "losses.SoftNearestNeighborLoss()",
    "LiftedStructureLoss": "losses.LiftedStructureLoss()",
    "PNLoss": "losses.PNLoss()",
    "InBatchPairs": "custom_layers.InBatchPairs(custom_layers.SimilarityHead())",
    "GE2E": "custom_layers.GE2E()",
    "ProxyAnchor, 512 labels": "custom_layers.ProxyAnchor(512)",
    "CrossBatchMemory of 4,096 more": "custom_layers.CrossBatchMemory(losses.ContrastiveLoss(), memory_size=4096)",
}


def peak_megabytes() -> float:
    """Returns the largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def training_step(batch_size: int, chunk_size: int | None) -> Callable[[], float]:
    """Returns a function that trains on one batch of images and returns the loss."""
    import keras
    import numpy as np

    from comparators.losses import SupConLoss
    from comparators.models import Encoder
    from comparators.models.encoders import ChunkedEncoder, ImageTrunk, PixelEncoder

    keras.utils.set_random_seed(0)
    trunk = ImageTrunk()
    trunk.build((None, 28, 28, 1))
    if chunk_size is not None:
        trunk = ChunkedEncoder(trunk, chunk_size)
    encoder = PixelEncoder(keras.layers.Rescaling(1 / 127.5, offset=-1), trunk, image_shape=(28, 28, 1))
    model = Encoder(encoder)
    model.compile(optimizer="adam", loss=SupConLoss())
    labels = np.repeat(np.arange(batch_size // ITEMS_PER_LABEL), ITEMS_PER_LABEL)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (len(labels) // ITEMS_PER_LABEL, 28, 28, 1))[labels]
    pixels = np.clip(pixels + random.normal(0, 60, pixels.shape), 0, 255).astype("uint8")
    return lambda: float(model.train_on_batch(pixels, labels))


def loss_step(expression: str) -> Callable[[], float]:
    """Returns a function that computes a loss, its gradient for the embeddings and, of an objective, its measures."""
    import numpy as np
    import tensorflow as tf

    from comparators import custom_layers, losses

    loss = eval(expression, {"custom_layers": custom_layers, "losses": losses})
    labels = tf.constant(np.repeat(np.arange(NUM_EMBEDDINGS // ITEMS_PER_LABEL), ITEMS_PER_LABEL).astype("int32"))
    embeddings = tf.constant(np.random.default_rng(0).normal(size=(NUM_EMBEDDINGS, DIM)).astype("float32"))
    is_objective = isinstance(loss, custom_layers.Objective)
    if is_objective:
        loss.build((None, DIM))

    @tf.function
    def step(embeddings, labels):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            value = loss(embeddings, labels, training=True) if is_objective else loss(labels, embeddings)
        measures = loss.measures(embeddings, labels) if is_objective else {}
        return value, tf.reduce_sum(tf.abs(tape.gradient(value, embeddings))), measures

    if "NTXent" in expression:
        embeddings, labels = tf.reshape(embeddings, (-1, 2, DIM)), labels[::2]
    return lambda: float(step(embeddings, labels)[0])


def serve(task: dict) -> None:
    """Does one row's steps in this process and prints what they took."""
    step = loss_step(task["loss"]) if "loss" in task else training_step(task["batch_size"], task["chunk_size"])
    before, seconds, values = peak_megabytes(), [], []
    for _ in range(1 + task["repeats"]):
        start = time.process_time()
        values.append(step())
        seconds.append(time.process_time() - start)
    row = {"megabytes": peak_megabytes() - before, "seconds": median(seconds[1:]), "loss": values[0]}
    print(json.dumps(row))


def measure(task: dict, threads: int) -> dict:
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, __file__, "--worker", json.dumps(task)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(result.stderr)
    row = json.loads(result.stdout.splitlines()[-1])
    print(f"{task}: {row}", file=sys.stderr, flush=True)
    return row


def make_tables(threads: int, repeats: int) -> str:
    lines = [
        "# Large batches in bounded memory",
        "",
        "    python benchmarks/large_batches.py --output benchmarks/large_batches.md",
        "",
        f"{date.today()}, {platform.machine()}, {threads} thread(s), Python {platform.python_version()}, "
        f"Keras {version('keras')} on TensorFlow {version('tensorflow')}. Memory is what the steps add to the process.",
        "",
        "One training step of `ImageTrunk` with `SupConLoss`; batch normalisation takes the statistics of a chunk, so "
        "the losses differ a little.",
        "",
        "| images | encoded | memory, MB | processor ms an image | first loss |",
        "|---|---|---|---|---|",
    ]
    for batch_size, chunk_size in BATCHES_AND_CHUNKS:
        row = measure({"batch_size": batch_size, "chunk_size": chunk_size, "repeats": repeats}, threads)
        name = "as a whole" if chunk_size is None else f"in chunks of {chunk_size}"
        milliseconds = 1000 * row["seconds"] / batch_size
        cells = [f"{batch_size:,}", name, f"{row['megabytes']:,.0f}", f"{milliseconds:.2f}", f"{row['loss']:.3f}"]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        f"One loss and its gradient (of an objective its measures too) on {NUM_EMBEDDINGS:,} embeddings of {DIM} "
        f"values. A float32 matrix of all pairs is {NUM_EMBEDDINGS**2 * 4 / 2**20:.0f} MB; with a value for each "
        f"dimension it would be {NUM_EMBEDDINGS**2 * DIM * 4 / 2**20:,.0f} MB.",
        "",
        "| loss | memory, MB | processor s |",
        "|---|---|---|",
    ]
    for name, expression in LOSSES.items():
        row = measure({"loss": expression, "repeats": repeats}, threads)
        lines.append(f"| {name} | {row['megabytes']:,.0f} | {row['seconds']:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads of each process")
    parser.add_argument("--repeats", type=int, default=3, help="steps that are counted")
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return serve(json.loads(arguments.worker))
    tables = make_tables(arguments.threads, arguments.repeats)
    print(tables)
    if arguments.output:
        arguments.output.write_text(tables, encoding="utf-8")


if __name__ == "__main__":
    main()
