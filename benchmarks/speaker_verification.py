"""Measures speaker encoders side by side on the recordings of a manifest: errors, and files embedded a second.

    python benchmarks/speaker_verification.py path/to/manifest.csv --split val --output speaker_verification.md

In one run, on the same files: a comparator (the shipped one by default), the MFCC baseline (40 coefficients without the
first, mean and standard deviation over time, z-scored with the statistics of the training rows, cosine), and, where the
package Resemblyzer is installed (it needs torch and `setuptools<81`), Resemblyzer as it ships, with the windows of many
files in one batch, and its weights converted to a comparator.

EER and minDCF are over all pairs of files; the interval comes from a bootstrap over speakers. For the open-set EER half
of the speakers are enrolled with 3 files each, the score of a probe is that of its best template, and known probes are
set against unknown ones; it is the mean of 10 random halves. Files a second are taken from path to row: decoding,
resampling and trimming included; each system embeds some files beforehand, uncounted, to load and compile.
"""

import argparse
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

TEMPLATES, HALVES = 3, 10
COLUMNS = ("system", "EER %", "95 % interval", "minDCF .01", "minDCF .05", "P@1 %", "open-set EER %", "files/s")
Embed = Callable[[list[str]], np.ndarray]


def comparator(name: str) -> Embed:
    """Returns a function from paths to rows with a comparator: a shipped name, a `.keras` or a `.pt` file."""
    import pandas as pd

    import comparators
    from comparators.models import AudioEncoder

    model = AudioEncoder.from_resemblyzer(name) if name.endswith(".pt") else comparators.load(name)

    def embed(paths: list[str]) -> np.ndarray:
        table, failures = model.embed_files(pd.DataFrame({"path": paths}), progress=False)
        for path, reason in failures.items():
            print(f"{path}: {reason}", file=sys.stderr)
        rows = np.full((len(paths), model.embedding_dim), np.nan, np.float32)
        places = {path: place for place, path in enumerate(paths)}
        rows[[places[path] for path in table.metadata["path"]]] = table.vectors
        return rows

    return embed


def mfcc(training_paths: list[str]) -> Embed:
    """Returns a function from paths to z-scored means and standard deviations of 39 MFCC."""
    import librosa

    from comparators.generators import AudioReader

    reader = AudioReader()

    def statistics(path: str) -> np.ndarray:
        coefficients = librosa.feature.mfcc(y=reader.read(path), sr=reader.sample_rate, n_mfcc=40)[1:]
        return np.concatenate([coefficients.mean(axis=1), coefficients.std(axis=1)])

    training = np.stack([statistics(path) for path in training_paths])
    mean, deviation = training.mean(axis=0), training.std(axis=0)
    return lambda paths: (np.stack([statistics(path) for path in paths]) - mean) / deviation


def resemblyzer_as_it_ships() -> Embed:
    from resemblyzer import VoiceEncoder, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)
    return lambda paths: np.stack([encoder.embed_utterance(preprocess_wav(path)) for path in paths])


def resemblyzer_batched(batch_files: int = 64) -> Embed:
    """Returns Resemblyzer with the windows of many files in one batch, which the package itself does not offer."""
    import torch
    from resemblyzer import VoiceEncoder, audio, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)

    def windows(path: str) -> np.ndarray:
        waveform = preprocess_wav(path)
        samples, frames = encoder.compute_partial_slices(len(waveform), rate=1.3, min_coverage=0.75)
        padding = max(0, samples[-1].stop - len(waveform))
        mels = audio.wav_to_mel_spectrogram(np.pad(waveform, (0, padding)))
        return np.stack([mels[part] for part in frames])

    def embed(paths: list[str]) -> np.ndarray:
        rows = []
        for start in range(0, len(paths), batch_files):
            parts = [windows(path) for path in paths[start : start + batch_files]]
            with torch.no_grad():
                embeddings = encoder(torch.from_numpy(np.concatenate(parts))).numpy()
            ends = np.cumsum([len(part) for part in parts])
            rows += [part.mean(axis=0) for part in np.split(embeddings, ends[:-1])]
        return np.stack(rows)

    return embed


def systems(model: str, training_paths: list[str]) -> dict[str, Callable[[], Embed]]:
    """Returns name -> function that makes the system."""
    found = {Path(model).name: lambda: comparator(model), "MFCC baseline": lambda: mfcc(training_paths)}
    package = importlib.util.find_spec("resemblyzer")
    if package is not None:
        weights = os.path.join(package.submodule_search_locations[0], "pretrained.pt")
        found |= {
            "Resemblyzer, as it ships": resemblyzer_as_it_ships,
            "Resemblyzer, windows batched": resemblyzer_batched,
            "Resemblyzer's weights, converted": lambda: comparator(weights),
        }
    return found


def open_set_error(embeddings: np.ndarray, labels: np.ndarray) -> float:
    """Returns the mean EER of known against unknown probes over random halves of the speakers."""
    from comparators.metrics import open_set_equal_error_rate
    from comparators.recognition import cosine_similarity_matrix

    similarity = cosine_similarity_matrix(embeddings)
    names, counts = np.unique(labels, return_counts=True)
    enough = names[counts > TEMPLATES]  # who is enrolled must have a probe left
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(HALVES):
        enrolled = rng.choice(enough, min(len(enough), len(names) // 2), replace=False)
        templates = np.concatenate(
            [rng.choice(np.flatnonzero(labels == name), TEMPLATES, replace=False) for name in enrolled]
        )
        best = similarity[:, templates].max(axis=1)
        known = np.isin(labels, enrolled)
        probe = ~np.isin(np.arange(len(labels)), templates)
        errors.append(open_set_equal_error_rate(best[known & probe], best[~known]))
    return float(np.mean(errors))


def measure(embeddings: np.ndarray, labels: np.ndarray) -> list[str]:
    """Returns the cells of a system's row, without its name and its speed."""
    from comparators.metrics import equal_error_rate, equal_error_rate_interval, min_dcf, pair_scores, precision_at_1

    scores, same = pair_scores(embeddings, labels)
    low, high = equal_error_rate_interval(embeddings, labels)
    return [
        f"{100 * equal_error_rate(scores, same):.2f}",
        f"{100 * low:.2f} to {100 * high:.2f}",
        f"{min_dcf(scores, same, p_target=0.01):.3f}",
        f"{min_dcf(scores, same, p_target=0.05):.3f}",
        f"{100 * precision_at_1(embeddings, labels):.1f}",
        f"{100 * open_set_error(embeddings, labels):.2f}",
    ]


def embed_all(makers: dict[str, Callable[[], Embed]], paths: list[str], num_warm_up: int) -> dict[str, tuple]:
    """Returns name -> (rows, files a second)."""
    embedded = {}
    for name, make in makers.items():
        embed = make()
        embed(paths[:num_warm_up])
        start = time.perf_counter()
        rows = embed(paths)
        embedded[name] = rows, len(paths) / (time.perf_counter() - start)
        print(f"{name}: {embedded[name][1]:.1f} files/s", file=sys.stderr, flush=True)
    return embedded


def make_table(embedded: dict[str, tuple], labels: np.ndarray, title: str, threads: int) -> str:
    finite = np.all([np.isfinite(rows).all(axis=1) for rows, _ in embedded.values()], axis=0)
    left_out = (
        "" if finite.all() else f" {np.count_nonzero(~finite)} file(s) that a system could not embed are left out."
    )
    lines = [
        f"{title}: {np.count_nonzero(finite)} files of {len(np.unique(labels[finite]))} speakers, "
        f"{threads} thread(s).{left_out}",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
    ]
    for name, (rows, speed) in embedded.items():
        lines.append(f"| {' | '.join([name, *measure(rows[finite], labels[finite]), f'{speed:.1f}'])} |")
    return "\n".join(lines) + "\n"


def set_threads(threads: int) -> None:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", help="CSV with the columns `path` and `speaker` (or `label`)")
    parser.add_argument("--model", default="speaker-encoder", help="a shipped name, a .keras file or Resemblyzer's .pt")
    parser.add_argument("--split", help="rows to take; all without it")
    parser.add_argument(
        "--train", help="manifest whose rows scale the baseline; else the manifest's rows of split train"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each system")
    parser.add_argument("--warm-up", type=int, default=64, help="files that each system embeds beforehand")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    arguments = parser.parse_args()
    set_threads(arguments.threads)

    from comparators.generators import read_manifest

    table = read_manifest(arguments.manifest, split=arguments.split)
    training = read_manifest(arguments.train or arguments.manifest)
    if "split" in training and (training["split"] == "train").any():
        training = training[training["split"] == "train"]
    paths, labels = table["path"].tolist(), table["label"].to_numpy(str)
    embedded = embed_all(systems(arguments.model, training["path"].tolist()), paths, arguments.warm_up)
    title = " ".join(filter(None, [Path(arguments.manifest).absolute().parent.name, arguments.split]))
    result = make_table(embedded, labels, title, arguments.threads)
    print(result)
    if arguments.output:
        arguments.output.write_text(result, encoding="utf-8")


if __name__ == "__main__":
    main()
