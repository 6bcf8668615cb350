"""Times one training step of the LSTM GE2E network against hand-written PyTorch.

The network of Wan et al. as the Resemblyzer package has it: 3 LSTM layers of 256, a linear layer with ReLU, L2 norm,
GE2E softmax loss, Adam with clipped gradients, on 64 labels x 10 windows of 160 frames x 40 mels. All sides start from
the same weights and see the same batch. Each runs in a process of its own with the same number of threads, and they
take turns step by step, so that whatever else the machine does meets all of them.

    python benchmarks/ge2e_training_step.py --threads 2 --repeats 7 --output benchmarks/ge2e_training_step.md

PyTorch must be installed. Denormal numbers are flushed to zero there too, as the other two always do: gradients that
fade over 160 frames may become denormal, and a step then takes several times as long. Wall-clock seconds count; where
other work shares the cores, the processor's seconds of one thread are the steadier measure.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

LABELS, ITEMS, FRAMES, MELS = 64, 10, 160, 40
UNITS, LAYERS = 256, 3
BY_HAND = "PyTorch, by hand"
SIDES = {BY_HAND: "torch", "comparators on TensorFlow": "tensorflow", "comparators on JAX": "jax"}


def make_batch():
    """Returns features `(640, 160, 40)` of 64 distinguishable labels and the labels' codes."""
    import numpy as np

    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(LABELS), ITEMS)
    centres = rng.normal(size=(LABELS, 1, MELS))
    features = centres[labels] + rng.normal(size=(LABELS * ITEMS, FRAMES, MELS))
    return features.astype("float32"), labels.astype("int32")


def make_state():
    """Returns start weights with PyTorch's names and Keras's initial distributions."""
    import numpy as np

    rng = np.random.default_rng(1)
    state = {"linear.weight": rng.normal(0, UNITS**-0.5, (UNITS, UNITS)), "linear.bias": np.zeros(UNITS)}
    for layer in range(LAYERS):
        width = UNITS if layer else MELS
        bias = np.zeros(4 * UNITS)
        bias[UNITS : 2 * UNITS] = 1.0  # forget gates start open
        state[f"lstm.weight_ih_l{layer}"] = rng.normal(0, (2 / (width + 4 * UNITS)) ** 0.5, (4 * UNITS, width))
        state[f"lstm.weight_hh_l{layer}"] = np.linalg.qr(rng.normal(size=(4 * UNITS, UNITS)))[0]
        state[f"lstm.bias_ih_l{layer}"] = bias
        state[f"lstm.bias_hh_l{layer}"] = np.zeros(4 * UNITS)
    return {name: value.astype("float32") for name, value in state.items()}


def torch_step(threads: int):
    """Returns a function that does one training step in PyTorch and returns the loss."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(MELS, UNITS, LAYERS, batch_first=True)
            self.linear = nn.Linear(UNITS, UNITS)

        def forward(self, features):
            _, (hidden, _) = self.lstm(features)
            return functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)

    network = Network()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in make_state().items()})
    scale, bias = nn.Parameter(torch.tensor(10.0)), nn.Parameter(torch.tensor(-5.0))
    parameters = [*network.parameters(), scale, bias]
    optimizer = torch.optim.Adam(parameters, lr=1e-4)
    features, labels = (torch.from_numpy(array) for array in make_batch())
    own = torch.eye(LABELS, dtype=torch.bool)[:, None]

    def step() -> float:
        embeddings = network(features).reshape(LABELS, ITEMS, UNITS)
        total = embeddings.sum(1, keepdim=True)
        centroids = functional.normalize(total[:, 0], dim=1)
        own_cosine = (embeddings * functional.normalize(total - embeddings, dim=2)).sum(2, keepdim=True)
        cosine = (embeddings.reshape(-1, UNITS) @ centroids.T).reshape(LABELS, ITEMS, LABELS)
        similarity = scale * torch.where(own, own_cosine, cosine) + bias
        loss = functional.cross_entropy(similarity.reshape(-1, LABELS), labels.long())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 3.0)
        optimizer.step()
        return loss.item()

    return step


def keras_step():
    """Returns a function that does one training step of ours and returns the loss."""
    import keras

    from comparators.custom_layers import GE2E
    from comparators.models import Encoder
    from comparators.models.encoders import LSTMTrunk
    from comparators.models.resemblyzer import set_trunk_state

    trunk = LSTMTrunk(UNITS, LAYERS, UNITS, activation="relu")
    set_trunk_state(trunk, make_state(), MELS)
    model = Encoder(trunk, objective=GE2E())
    model.compile(optimizer=keras.optimizers.Adam(1e-4, global_clipnorm=3.0))
    features, labels = make_batch()
    return lambda: float(model.train_on_batch(features, labels, return_dict=True)["loss"])


def serve(side: str, threads: int) -> None:
    """Does one step for each line of input and prints its seconds, the processor's seconds and the loss."""
    step = torch_step(threads) if side == "torch" else keras_step()
    for _ in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        loss = step()
        cpu_seconds = time.process_time() - cpu_start
        print(
            json.dumps({"seconds": time.perf_counter() - start, "cpu_seconds": cpu_seconds, "loss": loss}), flush=True
        )


def start_worker(side: str, threads: int) -> subprocess.Popen:
    environment = os.environ | {
        "KERAS_BACKEND": side,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()} intra_op_parallelism_threads={threads}",
    }
    command = [sys.executable, __file__, "--worker", side, "--threads", str(threads)]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def take_step(worker: subprocess.Popen) -> dict:
    try:
        worker.stdin.write("step\n")
        worker.stdin.flush()
        return json.loads(worker.stdout.readline())
    except (BrokenPipeError, json.JSONDecodeError):
        command = " ".join(worker.args)
        raise SystemExit(f"A side stopped. See why with: echo step | KERAS_BACKEND=... {command}") from None


def measure(threads: int, repeats: int) -> dict[str, list[dict]]:
    """Returns the steps of each side after two that are not counted (compilation, first touches of memory)."""
    workers = {name: start_worker(side, threads) for name, side in SIDES.items()}
    try:
        steps = {name: [] for name in workers}
        for repeat in range(repeats + 2):
            for name, worker in workers.items():
                steps[name].append(take_step(worker))
                print(f"{repeat - 1:3d}  {name:26s} {steps[name][-1]['seconds']:7.2f} s", file=sys.stderr, flush=True)
    finally:
        for worker in workers.values():
            worker.terminate()
            worker.wait()
    return {name: taken[2:] for name, taken in steps.items()}


def make_table(steps: dict[str, list[dict]], threads: int) -> str:
    lines = [
        f"One training step, {LABELS} labels x {ITEMS} windows of {FRAMES} frames x {MELS} mels, {threads} thread(s), "
        f"{len(steps[BY_HAND])} steps each, taken in turns; {platform.machine()}.",
        "",
        "| side | median s | least to most s | PyTorch's time / this | processor s | PyTorch's / this | last loss |",
        "|---|---|---|---|---|---|---|",
    ]
    wall, cpu = (
        {name: [step[key] for step in taken] for name, taken in steps.items()} for key in ("seconds", "cpu_seconds")
    )
    for name in steps:
        cells = [
            name,
            f"{median(wall[name]):.2f}",
            f"{min(wall[name]):.2f} to {max(wall[name]):.2f}",
            f"{median(wall[BY_HAND]) / median(wall[name]):.2f}",
            f"{median(cpu[name]):.2f}",
            f"{median(cpu[BY_HAND]) / median(cpu[name]):.2f}",
            f"{steps[name][-1]['loss']:.4f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each side")
    parser.add_argument("--repeats", type=int, default=7, help="steps that are counted")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return serve(arguments.worker, arguments.threads)
    table = make_table(measure(arguments.threads, arguments.repeats), arguments.threads)
    print(table)
    if arguments.output:
        arguments.output.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
