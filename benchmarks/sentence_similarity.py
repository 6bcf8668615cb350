"""Graded similarity of sentences: encoders trained on a few thousand pairs beside averages of GloVe's word vectors.

    python benchmarks/sentence_similarity.py --data DATA --output benchmarks/sentence_similarity.md

DATA is the folder with `stsb_clean` and `glove_small`. Trained on the pairs of the training split alone; the epoch is
chosen on the development split, and the test split is measured once. The averages are in lower case, and drop words
that have no vector; the better of them is what the others are compared with. TF-IDF is scikit-learn's, of whole words,
fitted on the training sentences.

- `pieces`: the recipe of the shipped encoder, `pretrained_models/sentence_encoder/train.py`.
- `bi-LSTM`: `TextEncoder.bi_lstm` on the vectors of glove_6b_50d; CoSENT loss.
- `transformer`: `TextEncoder.default` of two blocks, from scratch, on word pieces; CoSENT loss.
"""

import argparse
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pandas as pd
from kept_results import run_all
from shipped_recipe import load_recipe

GLOVE = ("glove_6b_50d_3091", "glove_twitter_25d_11925")
NAMES = {
    "pieces": "word pieces by their letters, learnt weights (shipped)",
    "bi-LSTM": "bi-LSTM on GloVe 6B, 50 values",
    "transformer": "transformer of two blocks, from scratch",
    GLOVE[0]: "average of GloVe 6B, 50 values, 3,091 words",
    GLOVE[1]: "average of GloVe Twitter, 25 values, 11,925 words",
    "TF-IDF": "TF-IDF of words",
}
TRAINED = ("pieces", "bi-LSTM", "transformer")
KEYS = ["system", "seed"]
BATCH_SIZE = 64
EPOCHS = {"bi-LSTM": 8, "transformer": 12}
LEARNING_RATE = {"bi-LSTM": 2e-3, "transformer": 1e-3}


def word_vectors(data: Path, name: str):
    """Returns the vectors of a GloVe file."""
    from comparators import WordVectors

    return WordVectors.read(data / "glove_small" / f"{name}.npz")


def trained(data: Path, system: str, seed: int):
    """Trains an encoder, the best epoch by the development pairs."""
    if system == "pieces":
        return load_recipe("sentence_encoder").train_encoder(data / "stsb_clean" / "manifest.csv", seed)[0]
    import keras

    import comparators
    from comparators.callbacks import GradedSimilarity
    from comparators.generators import PairTable, TextTokenizer, read_text_pairs
    from comparators.losses import CoSENTLoss

    keras.utils.set_random_seed(seed)
    manifest, epochs = data / "stsb_clean" / "manifest.csv", EPOCHS[system]
    texts, pairs = read_text_pairs(manifest, split="train", largest_score=5)
    if system == "bi-LSTM":
        vectors = word_vectors(data, GLOVE[0])
        tokenizer = TextTokenizer.of_words(sorted({*vectors.words, *words_of(texts)}))
        model = comparators.TextEncoder.bi_lstm(tokenizer, vectors, units=64, embedding_dim=128, dropout=0.3)
    else:
        tokenizer = TextTokenizer.train(texts, vocabulary_size=8000)
        model = comparators.TextEncoder.default(tokenizer, embedding_dim=128, depth=2, dropout=0.2)
    batches = PairTable(model.items(texts), pairs, BATCH_SIZE, seed=seed)
    monitor = GradedSimilarity(*read_text_pairs(manifest, split="dev"))
    best = keras.callbacks.EarlyStopping("val_spearman", mode="max", patience=epochs, restore_best_weights=True)
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=LEARNING_RATE[system], warmup_steps=steps // 10
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.01), CoSENTLoss())
    model.fit(batches, epochs=epochs, callbacks=[monitor, best], verbose=0)
    return model


def words_of(texts: list[str]) -> list[str]:
    """Returns the words of texts, in lower case."""
    return [word for text in texts for word in "".join(c if c.isalnum() else " " for c in text.lower()).split()]


def correlations(embed, data: Path, split: str) -> tuple[float, float]:
    """Returns Spearman's and Pearson's correlation of cosines with the judgements of a split."""
    from comparators.generators import read_text_pairs
    from comparators.metrics import pearson_correlation, spearman_correlation

    texts, pairs = read_text_pairs(data / "stsb_clean" / "manifest.csv", split=split)
    vectors = embed(texts)
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    scores = np.sum(vectors[pairs["item_a"]] * vectors[pairs["item_b"]], axis=1)
    return spearman_correlation(scores, pairs["same"]), pearson_correlation(scores, pairs["same"])


def tf_idf(data: Path):
    """Returns a function from texts to TF-IDF vectors."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from comparators.generators import read_text_pairs

    texts, _ = read_text_pairs(data / "stsb_clean" / "manifest.csv", split="train")
    fitted = TfidfVectorizer(token_pattern=r"\w+").fit(texts)
    return lambda texts: fitted.transform(texts).toarray()


def job(arguments: tuple) -> list[dict]:
    import comparators

    data, system, seed = arguments
    start = time.perf_counter()
    if system in TRAINED:
        embed = trained(data, system, seed).embed
    elif system == "TF-IDF":
        embed = tf_idf(data)
    else:
        embed = comparators.TextEncoder.of_word_vectors(word_vectors(data, system)).embed
    seconds = time.perf_counter() - start
    found = {"system": system, "seed": seed, "seconds": seconds}
    for split in ("dev", "test"):
        found |= dict(zip((f"{split}_spearman", f"{split}_pearson"), correlations(embed, data, split), strict=True))
    print(found, file=sys.stderr, flush=True)
    return [found]


def report(results: pd.DataFrame) -> str:
    import keras

    means = results.groupby("system", sort=False)["test_spearman"].mean()
    better = means[list(GLOVE)].max()
    lines = [
        "# Graded similarity of sentences",
        "",
        "    python benchmarks/sentence_similarity.py --data DATA --output benchmarks/sentence_similarity.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores; Python {platform.python_version()}, Keras "
        f"{keras.__version__} on {keras.backend.backend()}.",
        "STS benchmark, the part with usable terms: 2,999 training, 625 development, 625 test pairs. Correlation of "
        "cosines with judgements; over",
        "seeds the mean, the lowest and the highest. The development pairs chose the epoch, and the recipes.",
        "",
        "| encoder | seeds | Spearman, test | above GloVe | Pearson, test | Spearman, development | training |",
        "|---|---|---|---|---|---|---|",
    ]
    for system, part in results.groupby("system", sort=False):
        cells = [cell(part[name]) for name in ("test_spearman", "test_pearson", "dev_spearman")]
        seconds = f"{part['seconds'].mean():.0f} s" if system in TRAINED else "none"
        above = f"{means[system] - better:+.3f}"
        lines.append(f"| {NAMES[system]} | {len(part)} | {cells[0]} | {above} | {cells[1]} | {cells[2]} | {seconds} |")
    return "\n".join([*lines, ""])


def cell(values: pd.Series) -> str:
    """Returns a mean, with the lowest and the highest where there are several."""
    spread = f" ({values.min():.3f} to {values.max():.3f})" if len(values) > 1 else ""
    return f"{values.mean():.3f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--systems", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--results", type=Path, help="CSV file of each training's figures: a stopped run goes on")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    data = Path(arguments.data)
    jobs = [
        (data, system, seed)
        for system in arguments.systems
        for seed in (arguments.seeds if system in TRAINED else arguments.seeds[:1])
    ]
    text = report(run_all(job, jobs, lambda each: each[1:], KEYS, 1, arguments.results))
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
