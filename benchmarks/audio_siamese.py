"""Measures the siamese network of recordings on speakers that it never heard, over seeds, beside simpler systems.

    python benchmarks/audio_siamese.py --data DATA --models FOLDER --folds 0 1 2 3 --output benchmarks/audio_siamese.md

DATA is the folder of the corpora. A network is trained by `pretrained_models/audio_siamese/train.py` for each seed and
each part of the data: once on the split train, to be measured on the split val (and on `--test`, a manifest of other
speakers), and once for each fold of speakers that is held out. Networks that are in FOLDER are not trained again.

The equal error rate is over all pairs of the held-out files of a corpus. Ours is the mean over the seeds, with the
lowest and the highest. The other systems: mean log-mels (80 bands, a recording's mean) and MFCC (39 coefficients, means
and standard deviations), both z-scored with the training rows and compared by their cosine; and Resemblyzer as it
ships, where the package is installed.
"""

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

TRAIN = Path(__file__).parents[1] / "pretrained_models/audio_siamese/train.py"
CORPORA = {"an4_speakers": "AN4", "speech_commands_speakers": "Speech Commands"}
NUM_FOLDS = 4
OURS = "AudioSiamese"
Errors = dict[tuple[str, str], list[float]]  # (system, part) -> EER in percent, of each seed


def train(data: Path, folder: Path, fold: int | None, seed: int) -> Path:
    """Returns the path of a network, which is trained if it is not there."""
    path = folder / f"{'split' if fold is None else f'fold{fold}'}_seed{seed}.keras"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ["--data", data, "--output", path, "--seed", seed, *(["--fold", fold] if fold is not None else [])]
        subprocess.run([sys.executable, TRAIN, *map(str, arguments)], check=True, stdout=sys.stderr)
    return path


def parts(data: Path, folds: list[int], test: Path | None) -> dict[str, tuple]:
    """Returns name of a part -> (fold or None, rows to train on, rows held out)."""
    from comparators.generators import label_folds, read_manifest

    table = read_manifest({corpus: data / corpus / "manifest.csv" for corpus in (*CORPORA, "librispeech_small")})
    training = table[table["split"] == "train"]
    found = {"val": (None, training, table[table["split"] == "val"])}
    if test is not None:
        found["test"] = (None, training, read_manifest({"an4_speakers": test}))
    return found | {f"fold {fold}": (fold, *label_folds(table, NUM_FOLDS)[fold]) for fold in folds}


def mean_log_mel(training_paths: list[str]) -> Callable:
    """Returns a function from paths to z-scored means of 80 log-mel bands."""
    import numpy as np

    from comparators.acoustics import log_mel_spectrogram
    from comparators.generators import AudioReader

    reader = AudioReader()

    @cache
    def mean_of(path: str) -> np.ndarray:
        return log_mel_spectrogram(reader.read(path)).mean(axis=0)

    training = np.stack([mean_of(path) for path in training_paths])
    mean, deviation = training.mean(axis=0), training.std(axis=0)
    return lambda paths: (np.stack([mean_of(path) for path in paths]) - mean) / deviation


def measure(arguments: argparse.Namespace) -> tuple[dict[str, Errors], dict[str, dict[str, str]]]:
    """Returns corpus -> errors, and corpus -> part -> what is in it."""
    import speaker_verification as others  # beside this script

    import comparators
    from comparators.metrics import equal_error_rate, pair_scores

    resemblyzer = others.resemblyzer_batched() if importlib.util.find_spec("resemblyzer") else None
    errors, sizes = {corpus: {} for corpus in CORPORA}, {corpus: {} for corpus in CORPORA}
    for part, (fold, training, held_out) in parts(arguments.data, arguments.folds, arguments.test).items():
        networks = [comparators.load(train(arguments.data, arguments.models, fold, n)) for n in arguments.seeds]
        training_paths = training["path"].tolist()
        systems = {
            "mean log-mels": [(mean_log_mel(training_paths), "cosine")],
            "MFCC": [(others.mfcc(training_paths), "cosine")],
            **({"Resemblyzer": [(resemblyzer, "cosine")]} if resemblyzer else {}),
            OURS: [(network.embed, network.scorer) for network in networks],
        }
        for corpus, rows in held_out.groupby("corpus"):
            if corpus not in CORPORA:
                continue
            labels = rows["label"].to_numpy(str)
            sizes[corpus][part] = f"{rows['label'].nunique()} speakers, {len(rows)} files"
            for system, forms in systems.items():
                errors[corpus][system, part] = [
                    100 * equal_error_rate(*pair_scores(embed(rows["path"].tolist()), labels, scorer))
                    for embed, scorer in forms
                ]
            print(corpus, part, {s: e for (s, p), e in errors[corpus].items() if p == part}, file=sys.stderr)
    return errors, sizes


def cell(values: list[float]) -> str:
    mean = f"{sum(values) / len(values):.2f}"
    return mean if len(values) == 1 else f"**{mean}** ({min(values):.2f} to {max(values):.2f})"


def make_table(name: str, errors: Errors, sizes: dict[str, str]) -> list[str]:
    heads = [f"{part}: {size}" for part, size in sizes.items()]
    systems = dict.fromkeys(system for system, _ in errors)
    return [
        f"{name}, EER in percent over all pairs:",
        "",
        f"| system | {' | '.join(heads)} |",
        f"|{'---|' * (len(heads) + 1)}",
        *(f"| {system} | {' | '.join(cell(errors[system, part]) for part in sizes)} |" for system in systems),
        "",
    ]


def set_threads(threads: int) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[variable] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the corpora")
    parser.add_argument("--models", type=Path, required=True, help="folder of the trained networks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--folds", type=int, nargs="*", default=[], choices=range(NUM_FOLDS), help="also hold out these"
    )
    parser.add_argument("--test", type=Path, help="manifest of AN4 speakers who are not in the corpora")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the corpora with --data, or in the environment variable COMPARATORS_DATA")
    set_threads(arguments.threads)
    errors, sizes = measure(arguments)
    import keras

    command = ["python benchmarks/audio_siamese.py --data DATA --models FOLDER --seeds", *map(str, arguments.seeds)]
    command += ["--folds", *map(str, arguments.folds)] if arguments.folds else []
    command += ["--test MANIFEST"] if arguments.test else []
    lines = [
        "# Siamese network of recordings: speakers never heard",
        "",
        f"    {' '.join(command)}",
        "",
        f"{date.today()}, {platform.machine()}, {arguments.threads} thread(s), Python {platform.python_version()}, "
        f"Keras {keras.__version__} on {keras.backend.backend()}; {len(arguments.seeds)} seed(s): mean, and lowest to "
        "highest.",
        "",
    ]
    for corpus, name in CORPORA.items():
        lines += make_table(name, errors[corpus], sizes[corpus])
    result = "\n".join(lines)
    print(result)
    if arguments.output:
        arguments.output.write_text(result, encoding="utf-8")


if __name__ == "__main__":
    main()
