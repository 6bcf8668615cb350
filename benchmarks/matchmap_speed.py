"""Scores of all pictures with all captions through matchmaps: one operation, beside a loop and PyTorch's einsum.

    python benchmarks/matchmap_speed.py --output benchmarks/matchmap_speed.md

1,000 pictures and 1,000 captions with tiny maps (7 x 7 places, 16 moments, 64 values), captions of 4 to 16 moments.
"Loop" is what the published code does: for each caption and each picture, one product and one maximum. PyTorch's
einsum makes the matchmaps of one caption with all pictures at once, which is the most of it that fits in memory; it
is measured where PyTorch is installed. Each figure is the median of some runs, with the lowest and the highest; the
loop is measured on a part of the captions and scaled up.
"""

import argparse
import importlib.util
import os
import platform
import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

SIDE, MOMENTS, DIM, LOOP_CAPTIONS = 7, 16, 64, 20


def make_maps(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns maps of pictures and of captions, and the captions' lengths."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(count, SIDE, SIDE, DIM)).astype("float32")
    sounds = rng.normal(size=(count, MOMENTS, DIM)).astype("float32")
    return images, sounds, rng.integers(4, MOMENTS + 1, count)


def looped(images: np.ndarray, sounds: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Scores with one small product for each pair."""
    scores = np.empty((len(images), len(sounds)), np.float32)
    for row, image in enumerate(images.reshape(len(images), -1, DIM)):
        for column, (sound, length) in enumerate(zip(sounds, lengths, strict=True)):
            scores[row, column] = (image @ sound[:length].T).max(axis=0).mean()
    return scores


def torch_einsum(images: np.ndarray, sounds: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    import torch

    torch.set_num_threads(1)
    places, moments = torch.from_numpy(images), torch.from_numpy(sounds)
    columns = []
    with torch.no_grad():
        for sound, length in zip(moments, lengths, strict=True):
            heat = torch.einsum("nhwd,td->nhwt", places, sound[: int(length)])
            columns.append(heat.amax(dim=(1, 2)).mean(dim=1))
    return torch.stack(columns, dim=1).numpy()


def ours(images: np.ndarray, sounds: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    from keras import ops

    from comparators.custom_layers import MatchmapSimilarity

    inputs = {"map": ops.convert_to_tensor(sounds), "lengths": ops.convert_to_tensor(lengths.astype("int32"))}
    return ops.convert_to_numpy(MatchmapSimilarity("misa").pairwise(ops.convert_to_tensor(images), inputs))


def seconds(function: Callable, maps: tuple, runs: int) -> list[float]:
    """Returns the time of each run, after one that does not count."""
    function(*maps)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function(*maps)
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="of pictures and of captions")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    arguments = parser.parse_args()
    maps = make_maps(arguments.count)
    images, sounds, lengths = maps
    part = (images, sounds[:LOOP_CAPTIONS], lengths[:LOOP_CAPTIONS])
    np.testing.assert_allclose(ours(*part), looped(*part), rtol=1e-4, atol=1e-4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = {"ours": seconds(ours, maps, arguments.runs)}
    held = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if importlib.util.find_spec("torch"):
        times["PyTorch, einsum of one caption with all pictures"] = seconds(torch_einsum, maps, arguments.runs)
    scale = arguments.count / len(part[1])
    times["loop over pairs"] = [scale * value for value in seconds(looped, part, 2)]
    import keras

    lines = [
        "# Matchmap scores of all pictures with all captions",
        "",
        "    python benchmarks/matchmap_speed.py --output benchmarks/matchmap_speed.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores, one thread; Python "
        f"{platform.python_version()}, Keras {keras.__version__} on {keras.backend.backend()}.",
        f"{arguments.count:,} pictures x {arguments.count:,} captions, {SIDE} x {SIDE} places, up to {MOMENTS} "
        f"moments, {DIM} values, MISA. Our peak memory over the maps: {held:.0f} MB.",
        "",
        "| | seconds, median (lowest to highest) | pairs a second | times the loop |",
        "|---|---|---|---|",
    ]
    slowest = float(np.median(times["loop over pairs"]))
    for name, values in times.items():
        median = float(np.median(values))
        lines.append(
            f"| {name} | {median:.2f} ({min(values):.2f} to {max(values):.2f}) | {arguments.count**2 / median:,.0f} | "
            f"{slowest / median:.1f} |"
        )
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
