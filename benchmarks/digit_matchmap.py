"""Spoken digits and written digits through matchmaps, for speakers who were never heard.

    python benchmarks/align_words.py --data DATA --output WORDS
    python benchmarks/digit_matchmap.py --data DATA --words WORDS --output benchmarks/digit_matchmap.md

DATA is the folder with `digit_pairs`, `fsdd_digits`, `mnist`, `an4_speakers` and `speech_commands_30words`. In each
fold one of the five speakers is held out: a small DAVEnet learns from the other four (split train), and is tested on
all recordings of the one, and on the split test of the four. Pictures of test recordings are of MNIST's test images
where the list says so; none of a held-out speaker's pictures was trained on.

Four speakers are few. With `--words` the network starts from the sound trunk that `align_words.py` trained on the
sentences of 67 others, and learns from the digits in those sentences too, from those that 30 speakers of Speech
Commands say, and from MNIST's other training pictures. Beside it stands what the pairs alone give.

Recall@1 of classes, both ways: a recording asks ten pictures, one of each digit, and a picture ten recordings, one of
each digit by the same speaker(s); the mean over many draws of the ten. And the same against all of them at once.
"""

import argparse
import os
import platform
import sys
import time
from datetime import date
from itertools import chain, product
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pandas as pd
from kept_results import run_all

CLIP_SECONDS, BATCH_SIZE, EPOCHS, DRAWS = 1.3, 60, 20, 200
KEYS = ["words", "speaker", "seed"]
MEASURES = ("recording, 10 pictures", "picture, 10 recordings", "recording, all pictures", "picture, all recordings")


def read_pairs(data: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Returns the rows, and the picture of each `(n, 28, 28, 1)`."""
    table = pd.read_csv(data / "digit_pairs/manifest.csv")
    table["path"] = [os.path.normpath(data / "digit_pairs" / path) for path in table["path"]]
    with np.load(data / "mnist/mnist.npz") as file:
        arrays = {name: file[name] for name in ("x_train", "x_test")}
    pictures = [arrays[name][row] for name, row in zip(table["image_array"], table["image_index"], strict=True)]
    return table, np.stack(pictures)[..., None]


def read_more(data: Path, words: Path, table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Returns the digits of other speakers; MNIST's training pictures not in `table`; their labels."""
    from align_words import DIGITS

    found = pd.read_csv(words / "digits.csv")
    alone = pd.read_csv(data / "speech_commands_30words/manifest.csv").rename(columns={"word": "label"})
    alone = alone[alone["label"].isin(DIGITS)].assign(start=0.0, end=alone["seconds"])
    alone["path"] = [str(data / "speech_commands_30words" / path) for path in alone["path"]]
    # Some digits are rare in house numbers: as many rows of each, repeated where it must be; likewise of single words,
    # which are more like the recordings that are asked for, so each counts for several.
    rows = [
        part.groupby("label").sample(count, replace=True, random_state=0)
        for part, count in ((found, len(found) // len(DIGITS)), (alone, len(alone)))
    ]
    digits = pd.concat(rows)[["path", "start", "end", "label", "speaker"]].astype({"speaker": str})
    digits["label"] = digits["label"].map(DIGITS.index)
    with np.load(data / "mnist/mnist.npz") as file:
        pictures, labels = file["x_train"], file["y_train"].astype(int)
    others = np.setdiff1d(np.arange(len(labels)), table["image_index"][table["image_array"] == "x_train"])
    return digits, pictures[others][..., None], labels[others]


def train(
    table: pd.DataFrame, pictures: np.ndarray, picture_labels: np.ndarray, words: Path | None, seed: int, epochs: int
):
    """Returns a network trained on recordings and pictures; a picture of its digit is drawn anew for each recording."""
    import keras
    from align_words import make_network

    from comparators.custom_layers import RandomAffine
    from comparators.generators import ArrayItems, AudioItems, Matches

    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("mixed_bfloat16")  # several times faster where the processor has it
    affine = RandomAffine(
        10.0, scale_range=(0.9, 1.1), stretch_range=(0.9, 1.1), shear_degrees=8.0, shift_fraction=0.06
    )
    model = make_network(CLIP_SECONDS, seed, image_augmentation=[affine])
    if words is not None:
        model.encoder_of("audio").encoder.trunk.load_weights(words / "trunk.weights.h5")
    items = {"audio": AudioItems(table, CLIP_SECONDS), "image": ArrayItems(pictures)}
    batches = Matches(items, BATCH_SIZE, labels={"audio": table["label"], "image": picture_labels}, seed=seed)
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=2e-3, warmup_steps=steps // 10)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.02))
    model.fit(batches, epochs=epochs, verbose=0)
    return model


def recalls(model, table: pd.DataFrame, pictures: np.ndarray) -> list[float]:
    """Returns the four measures in percent."""
    labels = table["label"].to_numpy()
    scores = model.score(model.encode(pictures, "image"), model.encode(table["path"].tolist(), "audio"))
    rng, drawn = np.random.default_rng(0), []
    for _ in range(DRAWS):
        ten = np.array([rng.choice(np.flatnonzero(labels == label)) for label in np.unique(labels)])
        of_recordings = labels[ten][scores[ten].argmax(axis=0)] == labels
        of_pictures = labels[ten][scores[:, ten].argmax(axis=1)] == labels
        drawn.append([of_recordings.mean(), of_pictures.mean()])
    everything = [labels[scores.argmax(axis=axis)] == labels for axis in (0, 1)]
    return [100 * float(value) for value in (*np.mean(drawn, axis=0), *(hits.mean() for hits in everything))]


def key(arguments: tuple) -> tuple:
    """Returns what names a training in the store, in the order of `KEYS`."""
    _, words, speaker, seed, _ = arguments
    return words is not None, speaker, seed


def job(arguments: tuple) -> list[dict]:
    data, words, speaker, seed, epochs = arguments
    table, pictures = read_pairs(data)
    other, in_test = (table["speaker"] != speaker).to_numpy(), (table["split"] == "test").to_numpy()
    start = time.perf_counter()
    pairs, shown, shown_labels = table[other & ~in_test], pictures[other & ~in_test], table["label"][other & ~in_test]
    if words is not None:
        digits, more, more_labels = read_more(data, words, table)
        pairs, shown, shown_labels = pd.concat([pairs, digits]), np.r_[shown, more], np.r_[shown_labels, more_labels]
    model = train(pairs.reset_index(drop=True), shown, shown_labels, words, seed, epochs)
    minutes = (time.perf_counter() - start) / 60
    found = []
    for kind, rows in {"unseen": ~other, "known": other & in_test}.items():
        values = recalls(model, table[rows].reset_index(drop=True), pictures[rows])
        values = dict(zip(MEASURES, values, strict=True)) | {"words": words is not None}
        found.append({"speaker": speaker, "seed": seed, "kind": kind, "minutes": minutes} | values)
        print(found[-1], file=sys.stderr, flush=True)
    return found


def make_table(results: pd.DataFrame, kind: str, title: str) -> list[str]:
    rows = results[results["kind"] == kind]
    lines = [f"| {title} | {' | '.join(MEASURES)} |", f"|{'---|' * (1 + len(MEASURES))}"]
    for speaker, part in rows.groupby("speaker"):
        means = part[list(MEASURES)].mean()
        lines.append(f"| {speaker} | {' | '.join(f'{value:.1f}' for value in means)} |")
    of_seeds = rows.groupby("seed")[list(MEASURES)].mean()
    spread = [f" ({c.min():.1f} to {c.max():.1f})" if len(c) > 1 else "" for _, c in of_seeds.items()]
    cells = [f"**{c.mean():.1f}**{text}" for (_, c), text in zip(of_seeds.items(), spread, strict=True)]
    return [*lines, f"| mean{' (seeds, lowest to highest)' if len(of_seeds) > 1 else ''} | {' | '.join(cells)} |", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--words", type=Path, help="folder that align_words.py wrote; without, only the pairs alone")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--speakers", nargs="+", help="to hold out; each in turn by default")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--workers", type=int, default=2, help="trainings at once, one thread each")
    parser.add_argument("--results", type=Path, help="CSV file of each training's figures: a stopped run goes on")
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    data = Path(arguments.data)
    speakers = arguments.speakers or sorted(set(read_pairs(data)[0]["speaker"]))
    # The pairs alone are there to compare with, and cost as much: the first seed does.
    runs = product([None], arguments.seeds[:1], speakers)
    if arguments.words is not None:
        runs = chain(product([arguments.words], arguments.seeds, speakers), runs)
    jobs = [(data, words, speaker, seed, arguments.epochs) for words, seed, speaker in runs]
    results = run_all(job, jobs, key, KEYS, arguments.workers, arguments.results)
    import keras

    lines = [
        "# Spoken digits and written digits",
        "",
        "    python benchmarks/align_words.py --data DATA --output WORDS",
        "    python benchmarks/digit_matchmap.py --data DATA --words WORDS --output benchmarks/digit_matchmap.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores, one thread for a training, at once: "
        f"{arguments.workers}; Python {platform.python_version()}, Keras {keras.__version__} on "
        f"{keras.backend.backend()}.",
        f"Recall@1 of classes in percent; seeds: {', '.join(map(str, arguments.seeds))} (the pairs alone: the first); "
        f"a training took {results['minutes'].min():.1f} to {results['minutes'].max():.1f} minutes.",
        "Front end, warping and what else to learn from were chosen on these speakers, most of it on george, so the",
        "figures of the unseen favour the recipe a little.",
        "",
    ]
    for with_words, rows in results.groupby("words", sort=False):
        lines += ["## The pairs and the words of other speakers" if with_words else "## The pairs alone", ""]
        lines += make_table(rows, "unseen", "held-out speaker, 500 recordings")
        lines += make_table(rows, "known", "known speakers (all but), 200 recordings")
    text = "\n".join(lines)
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
