"""Trains the shipped siamese network of recordings. One core, some four minutes a seed.

    python pretrained_models/audio_siamese/train.py --output pretrained_models/audio_siamese/audio_siamese.keras

The recipe, chosen by cross-validation by speaker (`--fold 0` to `--fold 3`, see card.md):

1. `ConvolutionalTrunk`, narrow, trained on groups: `InBatchPairs` scores all pairs of 28 speakers x 6 windows of 1.0 to
   2.0 s, each batch within one corpus, through a steep cosine head.
2. `DiscriminantTrunk`, fitted in closed form to statistics of whole recordings.
3. Both joined. They err differently; the head weighs the discriminants twice as much.
4. How steep the head is, and its bias: a logistic regression on pairs of validation speakers, whom 1 and 2 never saw,
   so that its probability holds for new speakers. Then a threshold, on the same pairs.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pandas as pd

from comparators.acoustics import SpeechDetector
from comparators.custom_layers import InBatchPairs, LogMel, SimilarityHead, SpecAugment
from comparators.generators import AudioGroups, AudioReader, label_folds, read_manifest
from comparators.metrics import equal_error_rate, pair_scores
from comparators.models import AudioSiamese, FrameWindows
from comparators.models.encoders import ConvolutionalTrunk, DiscriminantTrunk, JoinedTrunk, WaveformEncoder
from comparators.recognition import LogisticCalibration

CORPORA = ("an4_speakers", "speech_commands_speakers", "librispeech_small")
BATCHES = {"an4_speakers": 35, "speech_commands_speakers": 45, "librispeech_small": 20}  # of each hundred
TRUNK_WEIGHTS = (1 / 3, 2 / 3)  # of the convolutions and the discriminants
NUM_FOLDS, LABELS_PER_BATCH, ITEMS_PER_LABEL, WINDOW_SECONDS = 4, 28, 6, (1.0, 2.0)
FIRST_HEAD, POSITIVE_SHARE = (20.0, -10.0), 0.3  # a steep head (weight, bias) learns from the pairs that are hard


def read_tables(data: Path, fold: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the rows to train on and those held out: the split val, or one fold of train and val by speaker."""
    table = read_manifest({corpus: data / corpus / "manifest.csv" for corpus in CORPORA})
    if fold is not None:
        return label_folds(table, NUM_FOLDS)[fold]
    return tuple(table[table["split"] == split].reset_index(drop=True) for split in ("train", "val"))


def train_convolutions(
    front_end: LogMel, reader: AudioReader, table: pd.DataFrame, features: list[np.ndarray], epochs: int, seed: int
) -> ConvolutionalTrunk:
    """Trains the convolutional trunk in a siamese network, on all pairs of each batch of windows."""
    augmentation = SpecAugment(1, 15, 0.1, num_frequency_masks=1, max_frequency_bins=12, fill="zero", seed=seed)
    trunk = ConvolutionalTrunk(embedding_dim=128, channels=96, num_heads=2, dropout=0.3, augmentation=augmentation)
    trunk.adapt(np.concatenate(features))
    counts = table.groupby("corpus")["label"].nunique() // LABELS_PER_BATCH
    batches = AudioGroups(
        table,
        LABELS_PER_BATCH,
        ITEMS_PER_LABEL,
        WINDOW_SECONDS,
        reader=reader,
        seed=seed,
        within_corpus=True,
        corpus_weights={corpus: share / counts[corpus] for corpus, share in BATCHES.items()},
    )
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=9 * steps // 10, warmup_target=1e-3, warmup_steps=steps // 10
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, clipnorm=5.0, use_ema=True, ema_momentum=0.99)
    objective = InBatchPairs(SimilarityHead(), POSITIVE_SHARE)
    model = AudioSiamese(WaveformEncoder(front_end, trunk), objective=objective, reader=reader)
    model.head.set_weights([np.array([FIRST_HEAD[0]]), np.array(FIRST_HEAD[1])])
    model.compile(optimizer=optimizer)
    model.fit(batches, epochs=epochs, verbose=2)
    return trunk


def fit_discriminants(features: list[np.ndarray], table: pd.DataFrame) -> DiscriminantTrunk:
    """Fits the linear trunk to whole recordings; to halves too where a speaker may have one recording only."""
    recordings, labels, corpora = list(features), list(table["label"]), list(table["corpus"])
    for frames, label, corpus in zip(features, table["label"], table["corpus"], strict=True):
        if corpus == "librispeech_small":
            recordings += np.array_split(frames, 2)
            labels += [label, label]
            corpora += [corpus, corpus]
    return DiscriminantTrunk(embedding_dim=64).adapt(recordings, labels, groups=corpora)


def fit_head(model: AudioSiamese, embeddings: np.ndarray, table: pd.DataFrame) -> None:
    """Fits the head on all pairs within a corpus: one weight for each trunk, in a fixed ratio, and the bias.

    The squared differences of embeddings of length 1 are 2 minus twice the cosine: the form "l2" with weights by
    dimension is a weighted mean of the trunks' cosines.
    """
    weights = np.repeat(TRUNK_WEIGHTS, [trunk.embedding_dim for trunk in model.encoder.trunk.trunks])
    scores, same = pair_scores(embeddings * np.sqrt(weights), table["label"], "dot", groups=table["corpus"])
    line = LogisticCalibration().fit(scores, same)
    model.head.set_weights([line.slope / 2 * weights, np.array(line.offset + line.slope * np.mean(TRUNK_WEIGHTS))])


def held_out_errors(model: AudioSiamese, table: pd.DataFrame) -> dict[str, float]:
    """Returns the EER in percent over all pairs of each corpus; LibriSpeech's pairs are of halves of its files."""
    errors = {}
    for corpus, rows in table.groupby("corpus"):
        recordings, labels = [model.read(path) for path in rows["path"]], np.array(rows["label"])
        if corpus == "librispeech_small":
            recordings = [half for recording in recordings for half in np.array_split(recording, 2)]
            labels = np.repeat(labels, 2)
        errors[corpus] = 100 * equal_error_rate(*pair_scores(model.embed(recordings), labels, model.scorer))
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the corpora")
    parser.add_argument("--output", type=Path, required=True, help="the .keras file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=4, help="of a hundred batches")
    parser.add_argument("--fold", type=int, choices=range(NUM_FOLDS), help="hold out this fold of train and val rows")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the corpora with --data, or in the environment variable COMPARATORS_DATA")
    start, cpu_start = time.perf_counter(), time.process_time()
    keras.utils.set_random_seed(arguments.seed)

    train, held_out = read_tables(arguments.data, arguments.fold)
    reader = AudioReader(trim=SpeechDetector(padding_seconds=0.5), level_dbfs=-27.0)
    front_end = LogMel(floor=1e-8)  # as in the speaker encoder: quiet bands tell of the room
    features = [keras.ops.convert_to_numpy(front_end(reader.read(path)[None]))[0] for path in train["path"]]

    keras.config.set_dtype_policy("mixed_bfloat16")  # several times faster where the processor has it
    trained = train_convolutions(front_end, reader, train, features, arguments.epochs, arguments.seed)
    keras.config.set_dtype_policy("float32")
    convolutions = ConvolutionalTrunk.from_config(trained.get_config())
    convolutions.build(None)
    convolutions.set_weights(trained.get_weights())

    trunk = JoinedTrunk([convolutions, fit_discriminants(features, train)])
    model = AudioSiamese(
        WaveformEncoder(front_end, trunk),
        objective=InBatchPairs(SimilarityHead("l2"), POSITIVE_SHARE),
        reader=reader,
        windows=FrameWindows(length=1000, hop=500),
        name="audio_siamese",
    )
    embeddings = model.embed(list(held_out["path"]))
    fit_head(model, embeddings, held_out)
    threshold = model.fit_threshold(
        embeddings,
        held_out["label"],
        origin="validation speakers, pairs within AN4, Speech Commands and LibriSpeech",
        groups=held_out["corpus"],
    )
    model.save(arguments.output)
    for corpus, error in held_out_errors(model, held_out).items():
        print(f"EER {corpus}: {error:.2f} %")
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    print(
        f"threshold {threshold.value:.3f}; {seconds / 60:.1f} minutes, {cpu_seconds / 60:.1f} of them of the processor"
    )


if __name__ == "__main__":
    main()
