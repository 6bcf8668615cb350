"""Times the log-mel front end against librosa, side by side: audio seconds per second, 80 mels.

librosa computes clip by clip, as one does with it; ours in batches of 8 clips and clip by clip, in a compiled function.
All sides take turns on the same clips with the same number of threads, five calls in a row as in a training or a long
embedding run (a call after another program pays for fresh memory), and the best call counts, so that other work on the
machine meets all of them. With one thread the processor's time is taken, which other work does not lengthen; with more,
the clock's. The values are compared too.

    python benchmarks/front_end.py --threads 1 --output benchmarks/front_end.md

`KERAS_BACKEND` chooses the backend of our side (tensorflow or jax).
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

SAMPLE_RATE = 16_000
SECONDS = (2, 4, 10)
BATCH = 8
IN_A_ROW = 5


def set_threads(threads: int) -> None:
    """Limits the threads of all sides; to be called before anything numeric is imported."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    os.environ |= dict.fromkeys(names, str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"


def compiled(layer):
    """Returns the layer as a compiled function from an array to an array."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        function = tf.function(layer)
        return lambda clips: function(tf.constant(clips)).numpy()
    import jax
    import numpy as np

    function = jax.jit(lambda clips: layer.stateless_call([], [], clips)[0])
    return lambda clips: np.asarray(function(clips))


def sides(layer) -> dict:
    """Returns name -> function from clips `(batch, samples)` to log-mel spectrograms."""
    import librosa
    import numpy as np

    def by_librosa(clips):
        arguments = {"sr": SAMPLE_RATE, "n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 80}
        mels = [librosa.feature.melspectrogram(y=clip, pad_mode="constant", **arguments).T for clip in clips]
        return np.log(np.maximum(np.stack(mels), layer.floor))

    batch, single = compiled(layer), compiled(layer)
    return {
        "librosa, clip by clip": by_librosa,
        f"ours, batches of {BATCH}": batch,
        "ours, clip by clip": lambda clips: np.concatenate([single(clip[None]) for clip in clips]),
    }


def measure(turns: int, clock: Callable[[], float]) -> list[str]:
    """Returns the rows of the table."""
    import numpy as np

    from comparators.custom_layers.log_mel import LogMel

    layer = LogMel(num_mels=80, floor=1e-5)
    layer.build((None, None))
    functions = sides(layer)
    rows = []
    for seconds in SECONDS:
        clips = (0.1 * np.random.default_rng(0).normal(size=(BATCH, seconds * SAMPLE_RATE))).astype("float32")
        results = {name: function(clips) for name, function in functions.items()}
        expected = next(iter(results.values()))
        difference = max(float(abs(result - expected).max()) for result in results.values())
        best = dict.fromkeys(functions, float("inf"))
        for _ in range(turns):
            for name, function in functions.items():
                for _ in range(IN_A_ROW):
                    start = clock()
                    function(clips)
                    best[name] = min(best[name], clock() - start)
        speeds = {name: BATCH * seconds / spent for name, spent in best.items()}
        reference = next(iter(speeds.values()))
        cells = [f"{speed:,.0f} ({speed / reference:.1f}x)" for speed in speeds.values()]
        rows.append(f"| {seconds} s | {' | '.join(cells)} | {difference:.0e} |")
    return [
        f"| clips of | {' | '.join(functions)} | largest difference in log |",
        "|---|" + "---|" * (len(functions) + 1),
        *rows,
    ]


def header(arguments: argparse.Namespace) -> list[str]:
    """Returns what was run, where and when."""
    import keras
    import librosa

    backend = keras.backend.backend()
    return [
        "# Log-mel front end: audio seconds per second, 80 mels",
        "",
        f"    KERAS_BACKEND={backend} python {' '.join([Path(sys.argv[0]).as_posix(), *sys.argv[1:]])}",
        "",
        f"{date.today().isoformat()}, {platform.machine()} with {os.cpu_count()} cores, {arguments.threads} thread(s), "
        f"Python {platform.python_version()}, Keras {keras.__version__} on {backend}, librosa {librosa.__version__}.",
        f"{'Processor time' if arguments.threads == 1 else 'Time by the clock'}, the best of {arguments.turns} turns.",
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each side (default: all cores)")
    parser.add_argument("--turns", type=int, default=30, help="turns of which the best counts (default: 30)")
    parser.add_argument("--output", type=Path, help="file that the table is written to as well")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    text = "\n".join(header(arguments) + measure(arguments.turns, clock)) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
