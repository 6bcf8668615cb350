"""Trains the shipped encoder of sentences. One core, about a minute.

    python pretrained_models/sentence_encoder/train.py --data DATA \\
        --output pretrained_models/sentence_encoder/sentence_encoder.keras

DATA is the folder with `stsb_clean`. The encoder is small and plain: the weighted mean of the vectors of word pieces.
A vector says how a piece is spelled, so that words never seen before are near words that look like them: it is the sum
of random directions, one for each run of two to four letters, the longer the rarer in the training sentences. What is
learnt, from 2,999 graded pairs, is how much each piece counts. Training the vectors too made the judgements of the
development pairs worse; so did networks on top. Development pairs choose the epoch and give the threshold; the test
pairs are for the figures at the end, for nothing else.
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import comparators
from comparators.callbacks import GradedSimilarity
from comparators.generators import PairTable, TextTokenizer, read_text_pairs
from comparators.losses import CoSENTLoss
from comparators.metrics import pearson_correlation, spearman_correlation
from comparators.models.encoders import WordAverageTrunk
from comparators.recognition import LogisticCalibration, fit_threshold
from comparators.recognition.similarity import paired_similarity

VOCABULARY_SIZE, DIM, MAX_TOKENS = 8_000, 224, 128
SHORTEST, LONGEST = 2, 4  # letters of a run
EPOCHS, BATCH_SIZE, LEARNING_RATE = 10, 64, 3e-3
LARGEST_SCORE = 5.0
# From this judgement on, of 5, two sentences say the same but for details.
SAME_FROM = 4.0


def letter_runs(piece: str) -> list[str]:
    """Returns the runs of letters of a word piece, whose word's beginning and end count as letters."""
    piece = piece[2:] + ">" if piece.startswith("##") else f"<{piece}>"
    return [
        piece[start : start + size] for size in range(SHORTEST, LONGEST + 1) for start in range(len(piece) - size + 1)
    ]


def spelling_vectors(tokenizer: TextTokenizer, texts: Sequence[str], seed: int) -> np.ndarray:
    """Makes a vector for each piece from its letters.

    Args:
        tokenizer: of word pieces.
        texts: that tell how frequent runs of letters are.
        seed: of their random directions.

    Returns:
        `(vocabulary_size, DIM)`, float32; zeros for special tokens, but for the unknown one, which has a direction of
        its own: a text of another script would have no cosine.
    """
    runs = [[] if piece.startswith("[") else letter_runs(piece) for piece in tokenizer.words]
    encoded = tokenizer.encode(texts)
    rows = [set(row[:length].tolist()) for row, length in zip(encoded["tokens"], encoded["lengths"], strict=True)]
    frequency = Counter(run for row in rows for run in {run for token in row for run in runs[token]})
    random, directions = np.random.default_rng(seed), {}
    for run in sorted({run for each in runs for run in each}):
        rarity = np.log((len(texts) + 1) / (frequency[run] + 1)) + 1
        directions[run] = rarity * random.normal(size=DIM)
    vectors = np.array([np.sum([directions[run] for run in each], axis=0) if each else np.zeros(DIM) for each in runs])
    lengths = np.linalg.norm(vectors, axis=1)
    unknown = random.normal(size=DIM)
    vectors[tokenizer.words.index("[UNK]")] = lengths.mean() * unknown / np.linalg.norm(unknown)
    return (vectors / lengths.mean()).astype(np.float32)


def train_encoder(data: Path, seed: int) -> tuple["comparators.TextEncoder", keras.callbacks.History]:
    """Trains an encoder on the graded pairs of the training split, the best epoch on those of the development split."""
    keras.utils.set_random_seed(seed)
    texts, pairs = read_text_pairs(data, split="train", largest_score=LARGEST_SCORE)
    tokenizer = TextTokenizer.train(texts, vocabulary_size=VOCABULARY_SIZE, max_tokens=MAX_TOKENS)
    trunk = WordAverageTrunk(tokenizer.vocabulary_size, DIM, weighted=True)
    trunk.words.assign(spelling_vectors(tokenizer, texts, seed))
    model = comparators.TextEncoder(trunk, tokenizer)
    batches = PairTable(model.items(texts), pairs, BATCH_SIZE, seed=seed)
    monitor = GradedSimilarity(*read_text_pairs(data, split="dev"))
    best = keras.callbacks.EarlyStopping("val_spearman", mode="max", patience=EPOCHS, restore_best_weights=True)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, EPOCHS * len(batches))
    model.compile(keras.optimizers.Adam(rate), CoSENTLoss())
    return model, model.fit(batches, epochs=EPOCHS, callbacks=[monitor, best], verbose=0)


def graded_scores(model, data: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the cosines of a split's pairs, and the judgements."""
    texts, pairs = read_text_pairs(data, split=split)
    embeddings = model.embed(texts)
    return paired_similarity(embeddings[pairs["item_a"]], embeddings[pairs["item_b"]]), pairs["same"].to_numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), required=False)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    data = Path(arguments.data) / "stsb_clean" / "manifest.csv"
    model, history = train_encoder(data, arguments.seed)
    print("development, Spearman by epoch:", [round(value, 4) for value in history.history["val_spearman"]])
    for split in ("dev", "test"):
        scores, judged = graded_scores(model, data, split)
        correlations = spearman_correlation(scores, judged), pearson_correlation(scores, judged)
        print(split, "Spearman, Pearson:", [round(value, 4) for value in correlations])
        if split == "dev":
            same = judged >= SAME_FROM
            origin = f"{len(same)} development pairs of the STS benchmark, alike from {SAME_FROM:g} of 5"
            model.threshold = fit_threshold(scores, same, origin=origin)
            model.calibration = LogisticCalibration().fit(scores, same)
            print("threshold:", model.threshold)
    model = model.with_objective(None)  # without the optimiser's state
    model.save(arguments.output)


if __name__ == "__main__":
    main()
