"""Measures 20-way one-shot classification of characters, within alphabets that were not trained on.

    python benchmarks/omniglot_one_shot.py --output omniglot_one_shot.md

The eight alphabets of Omniglot's two small background sets are held out in four folds of two; Greek and Latin, which
share characters, in one. For each seed and fold the recipe of the shipped `character-encoder` is trained on the other
six. A run draws 20 characters of one alphabet (Tagalog has 17 in all) and two drawers: one gives the references, the
other the queries (`comparators.metrics.one_shot_error`). Omniglot's own 20 runs of 20 trials are of ten other
alphabets, which are not in this data; how far 20 runs alone would be off is told in the last line.
"""

import argparse
import importlib.util
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

RECIPE = Path(__file__).parents[1] / "pretrained_models" / "character_encoder" / "train.py"
PUBLISHED = (
    ("people", 4.5, "(all their lives)"),
    ("hierarchical Bayesian program learning", 3.3, "30, with the order of strokes"),
    ("deep siamese network", 8.0, "30"),
    ("convolutional network", 13.5, "30"),
)


def load_recipe() -> ModuleType:
    """Returns the training script of the shipped encoder as a module."""
    spec = importlib.util.spec_from_file_location("character_encoder_recipe", RECIPE)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return recipe


def uncertainty_of_twenty_runs(embeddings: np.ndarray, table: pd.DataFrame) -> float:
    """Returns the standard deviation, in percent, of the mean of 20 runs, drawn a hundred times."""
    from comparators.metrics import one_shot_error

    columns = [table[name].to_numpy() for name in ("label", "drawer", "alphabet")]
    return float(100 * np.std([one_shot_error(embeddings, *columns, num_runs=20, seed=seed) for seed in range(100)]))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows, the first of them the heads, as a table."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--plain-seeds", type=int, nargs="*", default=[0], help="of the rows without augmentation")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(4)))
    parser.add_argument("--steps", type=int, help="of each training; by default those of the recipe")
    parser.add_argument("--output", type=Path, help="a Markdown file to write")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")

    recipe = load_recipe()
    steps = arguments.steps or recipe.STEPS
    images, table = recipe.read_drawings(arguments.data)
    pixels = {
        "raw pixels": 255.0 - images.astype(np.float32),
        "raw pixels, ink centred and of one size": np.asarray(recipe.CenteredInk(recipe.SPREAD)(images)),
    }
    plans = [("ours", seed) for seed in arguments.seeds]
    plans += [("without augmentation", seed) for seed in arguments.plain_seeds]
    errors, seconds, uncertainty = [], [], []
    for fold in arguments.folds:
        held_out = table["alphabet"].isin(recipe.FOLDS[fold]).to_numpy()
        rows = table[held_out].reset_index(drop=True)
        for system, values in pixels.items():
            found = recipe.held_out_error(values[held_out].reshape(len(rows), -1), rows)
            errors += [(system, 0, alphabet, error) for alphabet, error in found.items()]
        for system, seed in plans:
            start = time.process_time()
            model = recipe.train_encoder(images[~held_out], table[~held_out], seed, steps, augmented=system == "ours")
            seconds.append(time.process_time() - start)
            embeddings = model.embed(images[held_out])
            found = recipe.held_out_error(embeddings, rows)
            if system == "ours":
                uncertainty.append(uncertainty_of_twenty_runs(embeddings, rows))
            errors += [(system, seed, alphabet, error) for alphabet, error in found.items()]
            told = ", ".join(f"{alphabet} {error:.1f}" for alphabet, error in found.items())
            print(f"fold {fold}, {system}, seed {seed}: {told} ({seconds[-1]:.0f} s of processor time)", flush=True)

    report = _report(pd.DataFrame(errors, columns=["system", "seed", "alphabet", "error"]))
    report += (
        f"\n\n{platform.processor() or platform.machine()}, {np.mean(seconds):.0f} s of processor time a training; "
        f"{steps} steps; 400 runs an alphabet. Standard deviation of the mean of 20 runs alone: "
        f"{np.mean(uncertainty):.1f} %.\n"
    )
    print(report)
    if arguments.output:
        arguments.output.write_text(report, encoding="utf-8")


def _report(errors: pd.DataFrame) -> str:
    """Returns the table: error of each alphabet, and the mean over alphabets with its spread over seeds."""
    alphabets = sorted(errors["alphabet"].unique())
    rows = [["error in %", *alphabets, "mean", "deviation over seeds (lowest to highest)"]]
    for system in errors["system"].unique():
        part = errors[errors["system"] == system]
        by_alphabet, by_seed = part.groupby("alphabet")["error"].mean(), part.groupby("seed")["error"].mean()
        spread = f"{by_seed.std():.2f} ({by_seed.min():.1f} to {by_seed.max():.1f})" if len(by_seed) > 1 else ""
        rows.append([system, *(f"{by_alphabet[name]:.1f}" for name in alphabets), f"{by_alphabet.mean():.1f}", spread])
    published = [["published, on Omniglot's own runs", "error in %", "alphabets learnt from"]]
    published += [[name, f"{error:.1f}", alphabet_count] for name, error, alphabet_count in PUBLISHED]
    return markdown(rows) + "\n\n" + markdown(published)


if __name__ == "__main__":
    main()
