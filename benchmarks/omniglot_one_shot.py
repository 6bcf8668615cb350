"""Measures 20-way one-shot classification of characters, within alphabets that were not trained on.

    python benchmarks/omniglot_one_shot.py --output omniglot_one_shot.md

The eight alphabets of Omniglot's two small background sets are held out in four folds of two; Greek and Latin, which
share characters, in one. For each seed and fold the recipe of the shipped `character-encoder` is trained on the other
six. A run draws 20 characters of one alphabet (Tagalog has 17 in all) and two drawers: one gives the references, the
other the queries (`comparators.metrics.one_shot_error`). Omniglot's own 20 runs of 20 trials are of ten other
alphabets, which are not in this data; how far 20 runs alone would be off is told in the last line.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from shipped_recipe import load_recipe

OURS, PLAIN = "ours", "ours, without augmentation"
PUBLISHED = (
    ("people", 4.5, ""),
    ("Bayesian program learning", 3.3, "30, and the order of the strokes"),
    ("deep siamese network", 8.0, "30"),
    ("convolutional network", 13.5, "30"),
)


def uncertainty_of_twenty_runs(embeddings: np.ndarray, table: pd.DataFrame) -> float:
    """Returns the standard deviation, in percent, of the mean of 20 runs, drawn a hundred times."""
    from comparators.metrics import one_shot_error

    columns = [table[name].to_numpy() for name in ("label", "drawer", "alphabet")]
    return float(100 * np.std([one_shot_error(embeddings, *columns, num_runs=20, seed=seed) for seed in range(100)]))


def train_and_measure(
    recipe: ModuleType, images: np.ndarray, table: pd.DataFrame, system: str, seed: int, fold: int, steps: int
) -> pd.DataFrame:
    """Returns a row for each alphabet of the fold, by a training on the others."""
    held_out = table["alphabet"].isin(recipe.FOLDS[fold]).to_numpy()
    rows = table[held_out].reset_index(drop=True)
    start = time.process_time()
    model = recipe.train_encoder(images[~held_out], table[~held_out], seed, steps, augmented=system == OURS)
    seconds = time.process_time() - start
    embeddings = model.embed(images[held_out])
    errors = recipe.held_out_error(embeddings, rows)
    told = {"steps": steps, "seconds": seconds, "of_20_runs": uncertainty_of_twenty_runs(embeddings, rows)}
    return pd.DataFrame(
        [{"system": system, "seed": seed, "alphabet": name, "error": error, **told} for name, error in errors.items()]
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows, the first of them the heads, as a table."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def report(errors: pd.DataFrame) -> str:
    """Returns the tables: errors of each alphabet and their mean, with its spread over seeds; what is published."""
    alphabets = sorted(errors["alphabet"].unique())
    rows = [["error in %", *alphabets, "mean", "seeds", "deviation over seeds (lowest to highest)"]]
    for system, part in errors.groupby("system", sort=False):
        by_alphabet, by_seed = part.groupby("alphabet")["error"].mean(), part.groupby("seed")["error"].mean()
        spread = f"{by_seed.std():.2f} ({by_seed.min():.1f} to {by_seed.max():.1f})" if len(by_seed) > 1 else ""
        cells = [f"{by_alphabet.get(name, np.nan):.1f}" for name in alphabets]
        rows.append([system, *cells, f"{by_alphabet.mean():.1f}", str(len(by_seed)), spread])
    published = [["published, on Omniglot's own runs", "error in %", "alphabets learnt from"]]
    published += [[name, f"{error:.1f}", alphabets_learnt] for name, error, alphabets_learnt in PUBLISHED]
    ours = errors[errors["system"] == OURS]
    return (
        f"{markdown(rows)}\n\n{markdown(published)}\n\n{ours['steps'].max():.0f} steps, "
        f"{ours['seconds'].mean():.0f} s of processor time a training; 400 runs an alphabet. "
        f"Standard deviation of the mean of 20 runs alone: {ours['of_20_runs'].mean():.1f} %.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--plain-seeds", type=int, nargs="*", default=[], help="of the row without augmentation")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(4)))
    parser.add_argument("--steps", type=int, help="of each training; by default those of the recipe")
    parser.add_argument("--results", type=Path, help="a CSV file to go on with: what is in it is not done again")
    parser.add_argument("--output", type=Path, help="a Markdown file to write")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")

    recipe = load_recipe("character_encoder")
    steps = arguments.steps or recipe.STEPS
    images, table = recipe.read_drawings(arguments.data)
    pixels = {
        "raw pixels": 255.0 - images.astype(np.float32),
        "raw pixels, ink centred and of one size": np.asarray(recipe.CenteredInk(recipe.SPREAD)(images)),
    }
    errors = [
        pd.DataFrame({"system": system, "seed": 0, **row} for row in _pixel_rows(recipe, values, table))
        for system, values in pixels.items()
    ]
    resumed = arguments.results is not None and arguments.results.is_file()
    errors.append(pd.read_csv(arguments.results) if resumed else pd.DataFrame(columns=["system", "seed", "alphabet"]))
    done = {tuple(row) for row in errors[-1][["system", "seed", "alphabet"]].itertuples(index=False)}
    plans = [(OURS, seed) for seed in arguments.seeds] + [(PLAIN, seed) for seed in arguments.plain_seeds]
    for system, seed in plans:
        for fold in arguments.folds:
            if (system, seed, recipe.FOLDS[fold][0]) in done:
                continue
            errors.append(train_and_measure(recipe, images, table, system, seed, fold, steps))
            print(errors[-1].to_string(index=False, header=False, float_format="%.2f"), flush=True)
            if arguments.results:
                pd.concat(errors[len(pixels) :]).to_csv(arguments.results, index=False)
    tables = report(pd.concat(errors))
    print(tables)
    if arguments.output:
        arguments.output.write_text(tables, encoding="utf-8")


def _pixel_rows(recipe: ModuleType, values: np.ndarray, table: pd.DataFrame) -> list[dict]:
    errors = recipe.held_out_error(values.reshape(len(values), -1), table)
    return [{"alphabet": name, "error": error} for name, error in errors.items()]


if __name__ == "__main__":
    main()
