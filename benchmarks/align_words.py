"""The places of spoken digits in recorded sentences: many speakers' digits, where only sentences were written down.

    python benchmarks/align_words.py --data DATA --output FOLDER

DATA is the folder with `an4_speakers`, whose 67 speakers say numbers and spell names. The listening part of
`DaveNet.small` learns to write these sentences down word by word (connectionist temporal classification);
then each sentence's own words are laid over it by the best path (Viterbi). Between two words the cut is where the sound
is quietest. FOLDER gets

- `digits.csv`: a manifest of digits, `path`, `start` and `end` in seconds, `label` and `speaker`;
- `trunk.weights.h5`: what the network's `SoundMapTrunk` learnt, for networks that go on with it.

`digit_matchmap.py` takes both.
"""

import argparse
import os
import time
from itertools import pairwise
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pandas as pd
from keras import ops

from comparators.custom_layers import LogMel
from comparators.generators import AudioItems
from comparators.models import DaveNet

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HOP_SECONDS, FRAMES_A_MOMENT = 0.01, 4
LONGEST_SECONDS = 6.4
SHORTEST, LONGEST = 0.12, 1.3  # of a digit, in seconds
SPEAKING_DB = 25.0  # a frame this far below the loudest is a pause
BLANK = 0


def make_network(clip_seconds: float, seed: int, **arguments) -> DaveNet:
    """Returns the network of both scripts, so that what its sound trunk learns here fits there."""
    # Telephone band, and nothing quieter than 40 dB below the loudest: rooms and microphones sound more alike.
    front_end = LogMel(num_mels=40, min_frequency=60.0, max_frequency=3900.0, floor=1e-10, top_db=40.0)
    return DaveNet.small(
        clip_seconds=clip_seconds, audio_channels=128, audio_blocks=3, front_end=front_end, seed=seed, **arguments
    )


class SentenceWriter(keras.Model):
    """Logits of each word, and of no new word, for each moment of a sentence."""

    def __init__(self, num_words: int, seed: int):
        super().__init__()
        self.encoder = make_network(LONGEST_SECONDS, seed).encoder_of("audio").encoder
        self.words = keras.layers.Dense(1 + num_words, dtype="float32")
        self.words.build((None, None, self.encoder.embedding_dim))

    def call(self, inputs, training=None):
        heard = self.encoder(inputs, training=training)
        return {"logits": self.words(heard["map"]), "lengths": heard["lengths"]}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        losses = ops.ctc_loss(y["words"], y_pred["logits"], y["count"], y_pred["lengths"], mask_index=BLANK)
        return ops.mean(losses / ops.cast(y["count"], losses.dtype))


class Sentences(keras.utils.PyDataset):
    """Batches of sentences and their words."""

    def __init__(self, items: AudioItems, words: list[list[int]], batch_size: int, seed: int):
        super().__init__()
        self.items, self.words, self.batch_size = items, words, batch_size
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        self.order = self.random.permutation(len(self.words))

    def __len__(self) -> int:
        return len(self.words) // self.batch_size

    def __getitem__(self, index: int):
        rows = self.order[index * self.batch_size :][: self.batch_size]
        words = np.zeros((len(rows), max(map(len, self.words))), np.int32)
        for row, sentence in zip(words, rows, strict=True):
            row[: len(self.words[sentence])] = self.words[sentence]
        return self.items.take(rows, self.random), {"words": words, "count": (words != BLANK).sum(axis=1)}


def train(table: pd.DataFrame, words: list[list[int]], epochs: int, seed: int) -> SentenceWriter:
    keras.utils.set_random_seed(seed)
    model = SentenceWriter(max(map(max, words)), seed)
    batches = Sentences(AudioItems(table, LONGEST_SECONDS), words, 16, seed)
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=3e-3, warmup_steps=steps // 10)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.02, clipnorm=5.0))
    history = model.fit(batches, epochs=epochs, verbose=0, shuffle=False)
    print("loss", *[f"{value:.2f}" for value in history.history["loss"][:: max(1, epochs // 8)]])
    return model


def place_words(logits: np.ndarray, words: list[int]) -> list[float]:
    """Returns the moment of each word on the likeliest path through logits `(moments, 1 + words)`."""
    log_probabilities = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    states = np.array([BLANK, *[state for word in words for state in (word, BLANK)]])
    # A word may follow another one at once, unless they are the same.
    may_skip = np.zeros(len(states), bool)
    may_skip[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    best = np.full(len(states), -np.inf)
    best[:2] = log_probabilities[0, states[:2]]
    came_from = np.zeros((len(logits), len(states)), int)
    for moment in range(1, len(logits)):
        before = [best, np.r_[-np.inf, best[:-1]], np.where(may_skip, np.r_[-np.inf, -np.inf, best[:-2]], -np.inf)]
        came_from[moment] = np.argmax(before, axis=0)
        best = np.max(before, axis=0) + log_probabilities[moment, states]
    state = len(states) - 1 - int(best[-2] > best[-1])
    path = [state]
    for moment in range(len(logits) - 1, 0, -1):
        state -= came_from[moment, state]
        path.append(state)
    path = np.array(path[::-1])
    return [float(np.flatnonzero(path == 2 * index + 1).mean()) for index in range(len(words))]


def cut_words(moments: list[float], features: np.ndarray) -> list[tuple[int, int]]:
    """Returns first and last frame of each word: between two words, the quietest frame."""
    centers = [int(FRAMES_A_MOMENT * (moment + 0.5)) for moment in moments]
    loudness = np.convolve(features.mean(axis=1), np.ones(5) / 5, mode="same")
    spoken = np.flatnonzero(features.max(axis=1) > features.max() - SPEAKING_DB / 10 * np.log(10))
    cuts = [int(spoken[0])]
    for before, after in pairwise(centers):
        cuts.append(before + int(np.argmin(loudness[before : max(after, before + 1)])))
    cuts.append(int(spoken[-1]) + 1)
    return list(pairwise(cuts))


def find_digits(model: SentenceWriter, table: pd.DataFrame, words: list[list[int]], vocabulary: list[str]):
    """Returns a manifest of the digits in the sentences."""
    items = AudioItems(table, LONGEST_SECONDS)
    inputs = items.take(np.arange(len(table)), np.random.default_rng(0))
    outputs = model.predict(inputs, batch_size=16, verbose=0)
    rows = []
    for index, (path, speaker) in enumerate(zip(table["path"], table["speaker"], strict=True)):
        length = inputs["lengths"][index]
        features = ops.convert_to_numpy(model.encoder.front_end(inputs["waveforms"][index : index + 1]))[0]
        features = features[: model.encoder.front_end.output_lengths(length)]
        logits = outputs["logits"][index, : outputs["lengths"][index]]
        places = cut_words(place_words(logits, words[index]), features)
        for word, (first, last) in zip(words[index], places, strict=True):
            label, start = vocabulary[word - 1].lower(), HOP_SECONDS * first
            end = min(HOP_SECONDS * last, length / items.reader.sample_rate)
            if label in DIGITS and SHORTEST <= end - start <= LONGEST:
                rows.append([path, round(start, 3), round(end, 3), label, speaker])
    return pd.DataFrame(rows, columns=["path", "start", "end", "label", "speaker"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    start = time.perf_counter()
    keras.config.set_dtype_policy("mixed_bfloat16")
    table = pd.read_csv(Path(arguments.data) / "an4_speakers/manifest.csv")
    table["path"] = [str(Path(arguments.data) / "an4_speakers" / path) for path in table["path"]]
    vocabulary = sorted({word for text in table["text"] for word in text.split()})
    words = [[1 + vocabulary.index(word) for word in text.split()] for text in table["text"]]
    model = train(table, words, arguments.epochs, arguments.seed)
    digits = find_digits(model, table, words, vocabulary)
    arguments.output.mkdir(parents=True, exist_ok=True)
    digits.to_csv(arguments.output / "digits.csv", index=False)
    model.encoder.trunk.save_weights(arguments.output / "trunk.weights.h5")
    counts = ", ".join(f"{label} {count}" for label, count in digits["label"].value_counts().items())
    minutes = (time.perf_counter() - start) / 60
    print(f"{len(digits)} digits of {digits['speaker'].nunique()} speakers in {minutes:.1f} minutes: {counts}")


if __name__ == "__main__":
    main()
