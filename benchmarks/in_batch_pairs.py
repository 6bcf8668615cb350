"""Counts the pairs a second that a siamese network trains on: pairs encoded two by two, and all pairs of a batch.

Both sides encode 64 items a step with the same encoder: as 32 pairs, with binary cross-entropy; and as 16 labels x 4
items, whose 2,016 pairs `InBatchPairs` scores from one encoding of each. They take turns, step by step, with the same
number of threads. With one thread the processor's time is taken, which other work on the machine does not lengthen;
with more, the clock's. The median of the steps counts. Reading files is no part of it.

    python benchmarks/in_batch_pairs.py --threads 1 --output benchmarks/in_batch_pairs.md

The pairs of a batch share their items, so a thousand of them teach less than a thousand of fresh items would.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

LABELS, ITEMS = 16, 4
ENCODED = LABELS * ITEMS
PAIRS = ENCODED * (ENCODED - 1) // 2


def set_threads(threads: int) -> None:
    """Limits the threads; to be called before anything numeric is imported."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    os.environ |= dict.fromkeys(names, str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"


def recordings() -> tuple:
    """Returns a siamese network of recordings and 64 windows of a second and a half."""
    import numpy as np

    from comparators.models import AudioSiamese

    windows = np.random.default_rng(0).normal(0, 0.1, size=(ENCODED, 24_000)).astype("float32")
    return AudioSiamese.default(embedding_dim=128, channels=128), windows


def images() -> tuple:
    """Returns a siamese network of small images and 64 images of 28 x 28 pixels."""
    import keras
    import numpy as np

    from comparators.models import Siamese
    from comparators.models.encoders import ImageTrunk, PixelEncoder

    encoder = PixelEncoder(keras.layers.Rescaling(1 / 127.5, offset=-1), ImageTrunk(), image_shape=(28, 28, 1))
    pixels = np.random.default_rng(0).integers(0, 256, size=(ENCODED, 28, 28, 1)).astype("uint8")
    return Siamese.for_groups(encoder), pixels


def steps(model, items) -> dict[str, tuple[int, Callable[[], None]]]:
    """Returns side -> (pairs of a step, function that does a step)."""
    import numpy as np

    apart = model.with_objective(None)
    model.compile(optimizer="adam")
    apart.compile(optimizer="adam", loss="binary_crossentropy")
    codes = np.repeat(np.arange(LABELS), ITEMS)
    half = ENCODED // 2
    same = (np.arange(half) % 2).astype("float32")
    return {
        "pairs, two encodings each": (half, lambda: apart.train_on_batch((items[:half], items[half:]), same)),
        "all pairs of a batch": (PAIRS, lambda: model.train_on_batch(items, codes)),
    }


def measure(sides: dict, repeats: int, threads: int) -> dict[str, float]:
    """Returns side -> median seconds of a step, after two that are not counted."""
    clock = time.process_time if threads == 1 else time.perf_counter
    seconds = {name: [] for name in sides}
    for _ in range(repeats + 2):
        for name, (_, step) in sides.items():
            start = clock()
            step()
            seconds[name].append(clock() - start)
    return {name: median(taken[2:]) for name, taken in seconds.items()}


def make_rows(title: str, sides: dict, seconds: dict[str, float]) -> list[str]:
    rates = {name: pairs / seconds[name] for name, (pairs, _) in sides.items()}
    first = next(iter(rates.values()))
    return [
        f"| {title} | {name} | {1000 * seconds[name]:,.0f} | {sides[name][0]:,} | {rate:,.0f} | {rate / first:,.1f}x |"
        for name, rate in rates.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads of both sides")
    parser.add_argument("--repeats", type=int, default=20, help="steps of each side that are counted")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    arguments = parser.parse_args()
    set_threads(arguments.threads)

    import keras

    rows = []
    for title, make in {"recordings, 1.5 s": recordings, "images, 28 x 28": images}.items():
        sides = steps(*make())
        rows += make_rows(title, sides, measure(sides, arguments.repeats, arguments.threads))
    command = f"python {' '.join(['benchmarks/in_batch_pairs.py', *sys.argv[1:]])}"
    result = "\n".join(
        [
            "# Pairs a second in training a siamese network",
            "",
            f"    {command}",
            "",
            f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores, {arguments.threads} thread(s), "
            f"Python {platform.python_version()}, Keras {keras.__version__} on {keras.backend.backend()}.",
            f"{'Processor time' if arguments.threads == 1 else 'Time by the clock'}, the median of "
            f"{arguments.repeats} steps of each side in turns; every step encodes {ENCODED} items.",
            "",
            "| items | a step trains on | ms a step | pairs a step | pairs a second | |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "The pairs of a batch share their items: they teach less than as many pairs of fresh items would.",
        ]
    )
    print(result)
    if arguments.output:
        arguments.output.write_text(result + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
