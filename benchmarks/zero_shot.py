"""Zero-shot recognition of sounds by the words for them, on classes that were never heard in training.

    python benchmarks/zero_shot.py --data DATA --output benchmarks/zero_shot.md

DATA is the folder with `esc10`, `fsdd_digits` and `glove_small`. The tasks:

- `esc10`: sounds and the names of their classes. Of the ten names, `sneezing` and `chainsaw` have no vector at all and
  are left out; of names of two words, the words that are known count (`crackling_fire` is "fire"). Three of the eight
  classes are unseen, in eight choices, so that each class is unseen three times. Trained on the folds 1 to 3; seen
  classes are tested on fold 4, unseen ones on all of their clips.
- `digits`: spoken digits and their words, of which `zero` has no vector. Three of the nine are unseen, in five choices;
  in each, another one of the five speakers is held out, who is the test for seen and unseen digits alike.

Both forms of the projections are trained, `linear` (length one) and `sigmoid` (as the tutorial prints it), over seeds:
seen, ZSL, GZSL and its harmonic mean, see `comparators.metrics.zero_shot_report`. The interval is the bootstrap's over
the choices of unseen classes, each with the mean of its seeds: classes differ far more than seeds or clips do.
"""

import argparse
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pandas as pd
from kept_results import run_all

from comparators.generators import WordVectors
from comparators.generators.word_vectors import split_name

TASKS = {"esc10": "glove_6b_50d_3091.npz", "digits": "glove_6b_50d_3091.npz"}
NUM_UNSEEN = 3
CLIP_SECONDS = {"esc10": 3.0, "digits": 1.04}
CHANNELS = {"esc10": (32, 64, 64, 64), "digits": (16, 32, 32, 32)}
EPOCHS = {"esc10": 25, "digits": 10}
REMARKS = {
    "esc10": "Some choices stay near chance. A likely reason: words and sounds have other neighbours. Next to *baby* "
    "is *dog*, next to *helicopter* are *fire* and *sea*; rain, sea and helicopter are three noises. Among all words "
    "(GZSL) unseen classes are hardly ever named: in training every sound was pulled towards a seen word.",
    "digits": "Number words stand in the same texts, so that their vectors are nearly one, and nothing in them says "
    "how a word sounds: *six* is next to *seven* because one counts. There is nothing to carry over from seen digits "
    "to unseen ones, and guessing is what one must expect.",
}
KEYS = ["task", "form", "unseen", "seed"]
MEASURES = ("seen", "zsl", "gzsl_seen", "gzsl_unseen", "gzsl_harmonic")


def read_task(data: Path, task: str):
    """Returns word vectors, and a table of `path`, `label` (those words of its name that are known) and `part`.

    Sounds of classes without a known word are left out. A `part` is what may be held out: a fold, or a speaker.
    """
    if task == "esc10":
        table = pd.read_csv(data / "esc10/manifest.csv")
        table["path"] = [str(data / "esc10" / path) for path in table["path"]]
        table["part"] = table["fold"].astype(str)
    else:
        table = pd.read_csv(data / "fsdd_digits/manifest.csv")
        table["path"] = [str(data / "fsdd_digits" / path) for path in table["path"]]
        table["label"], table["part"] = table["word"], table["speaker"]
    vectors = WordVectors.read(data / "glove_small" / TASKS[task], names=sorted(set(table["label"])))
    table["label"] = [" ".join(word for word in split_name(label) if word in vectors) for label in table["label"]]
    return vectors, table[table["label"] != ""].reset_index(drop=True)


def choices(classes: list[str], parts: list[str], task: str) -> list[tuple[list[str], str]]:
    """Returns unseen classes and the held-out part, of each choice: a pattern that goes round the classes."""
    count = len(classes)
    return [
        ([classes[(first + step) % count] for step in (0, 1, 3)], "4" if task == "esc10" else parts[first])
        for first in range(count if task == "esc10" else len(parts))
    ]


def run(data: Path, task: str, form: str, unseen: list[str], held_out: str, seed: int, epochs: int) -> dict[str, float]:
    """Trains one network and returns its accuracies."""
    import keras

    from comparators.generators import ArrayItems, AudioItems, Matches
    from comparators.metrics import zero_shot_report
    from comparators.models import WordAudio

    keras.utils.set_random_seed(seed)
    vectors, table = read_task(data, task)
    classes = sorted(set(table["label"]))
    is_unseen = table["label"].isin(unseen).to_numpy()
    is_held_out = (table["part"] == held_out).to_numpy()
    train = table[~is_unseen & ~is_held_out].reset_index(drop=True)
    test = table[is_held_out if task == "digits" else is_unseen | is_held_out]
    keras.config.set_dtype_policy("mixed_bfloat16")  # several times faster where the processor has it
    model = WordAudio.default(vectors, form, clip_seconds=CLIP_SECONDS[task], channels=CHANNELS[task], seed=seed)
    items = {
        "audio": AudioItems(train, CLIP_SECONDS[task]),
        "word": ArrayItems(vectors.matrix(train["label"].tolist())),
    }
    batches = Matches(items, 16 if task == "esc10" else 32, labels={"audio": train["label"]}, seed=seed)
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=2e-3, warmup_steps=steps // 10)
    model.compile(keras.optimizers.Adam(rate))
    model.fit(batches, epochs=epochs, verbose=0)
    scores = model.similarity_matrix(test["path"].tolist(), classes)
    report = zero_shot_report(scores, test["label"].to_numpy(), classes, unseen, num_draws=2)
    return {name: report[name]["accuracy"] for name in MEASURES} | {
        "zsl_chance": report["zsl"]["chance"],
        "seen_chance": report["seen"]["chance"],
    }


def key(arguments: tuple) -> tuple:
    """Returns what names a training in the store, in the order of `KEYS`."""
    _, task, form, (unseen, _), seed, _ = arguments
    return task, form, "+".join(unseen), seed


def job(arguments: tuple) -> list[dict]:
    data, task, form, (unseen, held_out), seed, epochs = arguments
    start = time.perf_counter()
    found = run(data, task, form, unseen, held_out, seed, epochs)
    print(
        task, form, unseen, held_out, seed, f"{time.perf_counter() - start:.0f} s", found, file=sys.stderr, flush=True
    )
    return [dict(zip(KEYS, key(arguments), strict=True)) | found]


def interval(values: np.ndarray) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of the mean over choices."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, (2000, len(values))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def make_table(results: pd.DataFrame, task: str) -> list[str]:
    rows = results[results["task"] == task]
    lines = [
        f"| {task} | seen | ZSL | GZSL, seen | GZSL, unseen | harmonic mean |",
        "|---|---|---|---|---|---|",
        f"| chance | {100 * rows['seen_chance'].iloc[0]:.1f} | {100 * rows['zsl_chance'].iloc[0]:.1f} | | | |",
    ]
    for form, part in rows.groupby("form"):
        cells = []
        for name in MEASURES:
            means = 100 * part.groupby("unseen")[name].mean().to_numpy()
            low, high = interval(means)
            cells.append(f"{means.mean():.1f} ({low:.1f} to {high:.1f})")
        lines.append(f"| {form} | {' | '.join(cells)} |")
    lines += ["", f"| {task}, ZSL by unseen classes | {' | '.join(sorted(set(rows['form'])))} |", "|---|---|---|"]
    for unseen, part in rows.groupby("unseen"):
        means = part.groupby("form")["zsl"].agg(["mean", "min", "max"]) * 100
        cells = [f"{row['mean']:.1f} ({row['min']:.1f} to {row['max']:.1f})" for _, row in means.iterrows()]
        lines.append(f"| {unseen} | {' | '.join(cells)} |")
    return [*lines, ""]


def describe_words(data: Path, task: str) -> list[str]:
    """Returns which names have vectors, from which file, and how like each other these are."""
    vectors, table = read_task(data, task)
    folder = data / ("esc10" if task == "esc10" else "fsdd_digits")
    everything = pd.read_csv(folder / "manifest.csv")["label" if task == "esc10" else "word"]
    classes = sorted(set(table["label"]))
    left_out = sorted(name for name in set(everything) if not any(word in vectors for word in split_name(name)))
    units = vectors.matrix(classes)
    units = units / np.linalg.norm(units, axis=1, keepdims=True)
    cosines = (units @ units.T)[np.triu_indices(len(classes), 1)]
    return [
        f"{', '.join(classes)}: by the vectors of `{TASKS[task]}`; without a vector and left out: "
        f"{', '.join(left_out) or 'none'}. Cosines between two classes' vectors: median {np.median(cosines):.2f}, "
        f"lowest {cosines.min():.2f}, highest {cosines.max():.2f}.",
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--forms", nargs="+", default=["linear", "sigmoid"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--epochs", type=int, help="in place of each task's own number")
    parser.add_argument("--choices", type=int, help="how many choices of unseen classes; all of them by default")
    parser.add_argument("--workers", type=int, default=2, help="trainings at once, one thread each")
    parser.add_argument("--results", type=Path, help="CSV file of each training's figures: a stopped run goes on")
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    data = Path(arguments.data)
    jobs = []
    for task in arguments.tasks:
        _, table = read_task(data, task)
        classes, parts = sorted(set(table["label"])), sorted(set(table["part"]))
        jobs += [
            (data, task, form, choice, seed, arguments.epochs or EPOCHS[task])
            for seed in arguments.seeds
            for choice in choices(classes, parts, task)[: arguments.choices]
            for form in arguments.forms
        ]
    results = run_all(job, jobs, key, KEYS, arguments.workers, arguments.results)
    lines = [
        "# Zero-shot recognition of sounds by words",
        "",
        "    python benchmarks/zero_shot.py --data DATA --output benchmarks/zero_shot.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores, one thread for a training; "
        f"Python {platform.python_version()}; seeds {', '.join(map(str, arguments.seeds))}.",
        "Accuracies in percent: means over choices of unseen classes and seeds, and the 95 % bootstrap interval over "
        "the choices.",
        "",
    ]
    for task in arguments.tasks:
        lines += [f"## {task}", "", *describe_words(data, task), *make_table(results, task), REMARKS[task], ""]
    text = "\n".join(lines)
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
