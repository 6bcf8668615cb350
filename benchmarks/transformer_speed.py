"""Times the transformers against the published structures, written by hand in PyTorch.

    python benchmarks/transformer_speed.py --output benchmarks/transformer_speed.md

AST small (`AST.small`: 498 frames x 128 bands, 589 tokens of 768 values, 2 blocks; the published recipe has batches of
4) and CAV-MAE tiny (`CAVMAE.tiny`: 16 + 16 patches, tokens of 48 values), in float32. A training step is forward,
backward and Adam; a forward pass is what evaluation runs, and of CAV-MAE the masked pass through encoder and decoder.
Both sides start from normalised spectrograms and images that are in memory, draw masks and dropout themselves, and get
the same cores and threads. Each runs in a process of its own, and they take turns, so that whatever else the machine
does meets both. Tracing and compiling are in the first turn, which does not count.

The PyTorch side is what the published code does, in plain modules, see `torch_transformers.py`; both train equally
many weights, which is checked. Last, a process of each side takes one training step of CAV-MAE base with a batch of 4
and tells its peak resident memory. PyTorch must be installed.
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

HEADER = "| model | batch | | PyTorch, ms | ours, ms | PyTorch's time / ours | processor's, PyTorch / ours |"
SIDES = ("PyTorch", "ours")
MODES = {"step": "training step", "forward": "forward"}
# Of each model: rows of a batch, and how often a turn runs a training step and a forward pass.
SIZES = {"AST small": {4: (1, 2), 16: (1, 1)}, "CAV-MAE tiny": {16: (40, 80), 64: (20, 40)}}
AST_SHAPE, CLASSES = (498, 128), 50
CAVMAE_SIZES = {
    "CAV-MAE tiny": {
        "spectrogram": (64, 32),
        "image": (28, 28, 1),
        "patches": ((16, 8), (7, 7)),
        "encoder": (48, 4),
        "depths": (1, 1),
        "decoder": (32, 4, 1),
    },
    "CAV-MAE base": {
        "spectrogram": (1024, 128),
        "image": (224, 224, 3),
        "patches": ((16, 16), (16, 16)),
        "encoder": (768, 12),
        "depths": (11, 1),
        "decoder": (512, 16, 8),
    },
}


def make_batch(model: str, rows: int) -> tuple:
    """Returns spectrograms and labels, or spectrograms and images."""
    import numpy as np

    rng = np.random.default_rng(0)
    if model == "AST small":
        return rng.normal(size=(rows, *AST_SHAPE)).astype("float32"), rng.integers(0, CLASSES, rows)
    shapes = (CAVMAE_SIZES[model][name] for name in ("spectrogram", "image"))
    return tuple(rng.normal(size=(rows, *shape)).astype("float32") for shape in shapes)


def our_calls(model: str, rows: int) -> dict[str, Callable]:
    """Returns a training step, a forward pass and the number of weights in training, each as a function."""
    import keras

    from comparators.models import AST, CAVMAE

    class OnFeatures(CAVMAE):
        """A CAV-MAE whose inputs have been through the front ends."""

        def features(self, inputs, training=None):
            return inputs

    first, second = (keras.ops.convert_to_tensor(array) for array in make_batch(model, rows))
    if model == "AST small":
        network, inputs, labels = AST.small(CLASSES), first, second
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    else:
        network = OnFeatures.base() if model == "CAV-MAE base" else OnFeatures.tiny()
        inputs, labels, loss = {"audio": first, "image": second}, keras.ops.arange(rows), None
    network.compile(keras.optimizers.Adam(1e-5), loss=loss)
    return {
        "step": lambda: network.train_on_batch(inputs, labels),
        "forward": lambda: network.predict_on_batch(inputs),
        "weights": lambda: sum(int(keras.ops.size(weight)) for weight in network.trainable_weights),
    }


def torch_calls(model: str, rows: int) -> dict[str, Callable]:
    """Returns the same of PyTorch; after a step, the weights in training are those with a gradient."""
    import torch
    from torch.nn import functional
    from torch_transformers import AST, CAVMAE

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    first, second = (torch.from_numpy(array) for array in make_batch(model, rows))
    network = AST(CLASSES, *AST_SHAPE) if model == "AST small" else CAVMAE(**CAVMAE_SIZES[model])
    inputs = (first,) if model == "AST small" else (first, second)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-5)

    def step() -> float:
        network.train()
        outputs = network(*inputs)
        loss = functional.cross_entropy(outputs, second) if model == "AST small" else network.loss(*inputs, *outputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    def forward() -> None:
        network.eval()
        with torch.inference_mode():
            network(*inputs)

    trained = lambda: sum(weight.numel() for weight in network.parameters() if weight.grad is not None)  # noqa: E731
    return {"step": step, "forward": forward, "weights": trained}


def serve(side: str, model: str, rows: int) -> None:
    """Takes turns: for each line `[mode, runs]`, so many runs, and prints the seconds of one of them."""
    calls = (torch_calls if side == "PyTorch" else our_calls)(model, rows)
    for line in sys.stdin:
        mode, runs = json.loads(line)
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(runs):
            calls[mode]()
        turn = {
            "seconds": (time.perf_counter() - start) / runs,
            "cpu_seconds": (time.process_time() - cpu_start) / runs,
            "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "weights": calls["weights"](),
        }
        print(json.dumps(turn), flush=True)


def start_worker(side: str, model: str, rows: int, threads: int) -> subprocess.Popen:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    environment |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--threads", str(threads), "--worker", side, model, str(rows)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)


def take_turn(worker: subprocess.Popen, mode: str, runs: int) -> dict:
    message = json.dumps([mode, runs])
    try:
        worker.stdin.write(f"{message}\n")
        worker.stdin.flush()
        return json.loads(worker.stdout.readline())
    except (BrokenPipeError, json.JSONDecodeError):
        raise SystemExit(f"A side stopped. See why with: echo '{message}' | {worker.args}") from None


def take_turns(model: str, rows: int, plan: dict[str, int], threads: int, repeats: int) -> dict[str, dict]:
    """Returns mode -> side -> its turns, all of them, in processes of their own."""
    workers = {side: start_worker(side, model, rows, threads) for side in SIDES}
    try:
        turns = {mode: {side: [] for side in SIDES} for mode in plan}
        for mode, runs in plan.items():
            for _ in range(repeats):
                for side, worker in workers.items():
                    turns[mode][side].append(take_turn(worker, mode, runs))
                    seconds = turns[mode][side][-1]["seconds"]
                    print(f"{model:13s} {rows:3d} {mode:8s} {side:8s} {seconds:9.4f} s", file=sys.stderr, flush=True)
        trained = {side: turns["step"][side][-1]["weights"] for side in SIDES}
        if len(set(trained.values())) > 1:
            raise SystemExit(f"The sides must train equally many weights. Received: {trained}.")
        return turns
    finally:
        for worker in workers.values():
            worker.terminate()
            worker.wait()


def make_rows(model: str, rows: int, turns: dict[str, dict]) -> list[str]:
    """Returns the table's lines of one model and batch; the first turn of each does not count."""
    lines = []
    for mode, sides in turns.items():
        wall, cpu = (
            {side: [1000 * turn[key] for turn in taken[1:]] for side, taken in sides.items()}
            for key in ("seconds", "cpu_seconds")
        )
        cells = [f"{median(wall[side]):.1f} ({min(wall[side]):.1f} to {max(wall[side]):.1f})" for side in SIDES]
        cells += [f"{median(times['PyTorch']) / median(times['ours']):.2f}" for times in (wall, cpu)]
        lines.append(f"| {model} | {rows} | {MODES[mode]} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, os.cpu_count()], help="cores and threads of each side"
    )
    parser.add_argument("--repeats", type=int, default=5, help="turns that are counted")
    parser.add_argument("--models", nargs="+", choices=[*SIZES], default=[*SIZES])
    parser.add_argument("--no-memory", action="store_true", help="leave out CAV-MAE base")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        side, model, rows = arguments.worker
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads[0]])
        return serve(side, model, int(rows))
    machine = f"{platform.machine()} with {os.cpu_count()} cores"
    versions = ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow", "torch"))
    lines = [
        "# Transformers beside the published structures in PyTorch",
        "",
        "    python benchmarks/transformer_speed.py --output benchmarks/transformer_speed.md",
        "",
        f"{date.today()}, {machine}; float32; Python {platform.python_version()}, {versions}.",
        f"Milliseconds: median (lowest to highest) of {arguments.repeats} turns; the processor's seconds are of all "
        "threads together.",
    ]
    for threads in arguments.threads:
        lines += ["", f"## Threads of each side: {threads}", "", HEADER, f"|{'---|' * (HEADER.count('|') - 1)}"]
        for model in arguments.models:
            for rows, runs in SIZES[model].items():
                plan = dict(zip(MODES, runs, strict=True))
                lines += make_rows(model, rows, take_turns(model, rows, plan, threads, arguments.repeats + 1))
    if not arguments.no_memory:
        turns = take_turns("CAV-MAE base", 4, {"step": 1}, arguments.threads[-1], 1)["step"]
        peaks = " and ".join(f"{turns[side][0]['peak_gigabytes']:.1f} GB ({side})" for side in reversed(SIDES))
        lines += ["", f"Peak resident memory of a process with one training step of CAV-MAE base, batch 4: {peaks}."]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
