"""CAV-MAE on spoken and written digits, for a speaker who was never heard: reconstruction, contrast, and both.

    python benchmarks/cavmae_digits.py --data DATA --output benchmarks/cavmae_digits.md

DATA is the folder with `digit_pairs`, `fsdd_digits` and `mnist`. One speaker is held out and tested on all of his
recordings; a small CAV-MAE learns from those of the others and the one picture by the side of each, without labels: a
match is a recording and its picture, and every other row of a batch counts as a stranger, of the same digit or not.

The weight of the reconstruction, as all that is set here, is chosen on a validation speaker (`--choose`), with the
first test speaker left out altogether.

Recall@1 of classes, both ways, as in `digit_matchmap.py`: a recording asks ten pictures, one of each digit, and a
picture ten recordings, one of each digit; and the same against all of them at once.
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
from digit_matchmap import MEASURES, read_pairs, recalls
from kept_results import run_all

FRAMES, BANDS = 64, 40
BATCH_SIZE, EPOCHS, LEARNING_RATE = 64, (120, 240), 1e-3
MASK_RATIO = {"audio": 0.15, "image": 0.15}
WEIGHTS = {"both": (0.1, 1.0), "contrast": (0.0, 1.0), "reconstruction": (1.0, 0.0)}  # reconstruction, contrast
CHOICES = (0.03, 0.1, 0.3, 1.0)  # weights of the reconstruction beside a contrast of weight 1
KEYS = ["tested", "left_out", "objective", "reconstruction_weight", "seed", "epochs"]


def read_waveforms(paths: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the beginnings of recordings, `(n, samples)`, and their lengths."""
    from comparators.generators import AudioReader

    samples = round((0.025 + 0.010 * (FRAMES - 1)) * 16_000)
    waveforms, lengths = np.zeros((len(paths), samples), "float32"), np.zeros(len(paths), int)
    reader = AudioReader()
    for row, path in enumerate(paths):
        part = reader.read(path)[:samples]
        waveforms[row, : len(part)], lengths[row] = part, len(part)
    return waveforms, lengths


def make_network(weights: tuple[float, float], seed: int):
    """Returns a network for these weights of reconstruction and contrast."""
    from comparators.custom_layers import (
        CAVMAEObjective,
        FixedFrames,
        FrequencyWarp,
        LogMel,
        RandomAffine,
        RandomShift,
        SpecAugment,
    )
    from comparators.models import CAVMAE

    # Telephone band, and nothing quieter than 40 dB below the loudest: rooms and microphones sound more alike.
    mel = LogMel(num_mels=BANDS, min_frequency=60.0, max_frequency=3900.0, floor=1e-10, top_db=40.0)
    affine = RandomAffine(
        10.0, scale_range=(0.85, 1.15), stretch_range=(0.85, 1.15), shear_degrees=8.0, shift_fraction=0.08
    )
    masks = SpecAugment(1, 6, 0.2, num_frequency_masks=1, max_frequency_bins=5, fill="zero", seed=seed)
    return CAVMAE.small(
        (FRAMES, BANDS),
        modality_specific_depth=1,
        depth=2,
        audio_patch=(BANDS, 4),  # all bands of four frames: one moment, as words are made of moments
        decoder_dim=48,
        decoder_depth=1,
        objective=CAVMAEObjective(*weights, temperature=0.1, symmetric=True),
        audio_front_end=FixedFrames(mel, FRAMES, scale=2.5),
        mask_ratio=MASK_RATIO,
        audio_augmentation=[RandomShift(0.05)],
        image_augmentation=[affine],
        spectrogram_augmentation=[FrequencyWarp((0.85, 1.18), seed=seed), masks],
        seed=seed,
    )


def train(table: pd.DataFrame, pictures: np.ndarray, weights: tuple[float, float], seed: int, epochs: int):
    """Returns a network trained on recordings and the picture of each; nobody looks at labels."""
    import keras

    from comparators.generators import ArrayItems, Matches

    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("mixed_bfloat16")  # faster where the processor has it
    waveforms, lengths = read_waveforms(table["path"].tolist())
    model = make_network(weights, seed)
    items = {"audio": ArrayItems(waveforms, lengths, input_name="waveforms"), "image": ArrayItems(pictures)}
    batches = Matches(items, BATCH_SIZE, seed=seed)
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=LEARNING_RATE, warmup_steps=steps // 10)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.05, beta_2=0.98, global_clipnorm=1.0)
    model.compile(optimizer, jit_compile=False)  # the graph starts sooner, and is as fast
    model.fit(batches, epochs=epochs, verbose=0)
    return model


def key(arguments: tuple) -> tuple:
    """Returns what names a training in the store, in the order of `KEYS`."""
    return arguments[1:]


def job(arguments: tuple) -> list[dict]:
    data, tested, left_out, objective, reconstruction_weight, seed, epochs = arguments
    table, pictures = read_pairs(data)
    learnt = ~table["speaker"].isin([tested, left_out]).to_numpy()
    rows = (table["speaker"] == tested).to_numpy()
    weights = (reconstruction_weight, WEIGHTS[objective][1])
    start = time.perf_counter()
    model = train(table[learnt].reset_index(drop=True), pictures[learnt], weights, seed, epochs)
    minutes = (time.perf_counter() - start) / 60
    values = recalls(model, table[rows].reset_index(drop=True), pictures[rows])
    found = dict(zip(KEYS, key(arguments), strict=True)) | dict(zip(MEASURES, values, strict=True))
    print(found | {"minutes": round(minutes, 1)}, file=sys.stderr, flush=True)
    return [found | {"minutes": minutes, "parameters": model.count_params()}]


def cells(part: pd.DataFrame) -> list[str]:
    """Returns the mean of each measure over seeds, with the lowest and the highest where there are several."""
    columns = [part[name] for name in MEASURES]
    if len(part) == 1:
        return [f"{column.iloc[0]:.1f}" for column in columns]
    return [f"{column.mean():.1f} ({column.min():.1f} to {column.max():.1f})" for column in columns]


def make_table(results: pd.DataFrame, column: str, title: str) -> list[str]:
    """Returns a table with a row for each speaker and each value of `column`."""
    names = ["speaker", title, "epochs", "minutes", "seeds", *MEASURES]
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for (speaker, value, epochs), part in results.groupby(["tested", column, "epochs"], sort=False):
        minutes = dict.fromkeys(f"{minutes:.0f}" for minutes in (part["minutes"].min(), part["minutes"].max()))
        row = [speaker, value, epochs, " to ".join(minutes), len(part), *cells(part)]
        lines.append(f"| {' | '.join(map(str, row))} |")
    return [*lines, ""]


def report(results: pd.DataFrame, arguments: argparse.Namespace) -> list[str]:
    import keras

    command = f"python benchmarks/cavmae_digits.py --data DATA --speakers {' '.join(arguments.speakers)}"
    chosen, tested = (results[(results["left_out"] == "nobody") == flag] for flag in (False, True))
    lines = [
        "# CAV-MAE on spoken and written digits",
        "",
        f"    {command}{' --choose' * arguments.choose} --output benchmarks/cavmae_digits.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores, one thread for a training; "
        f"Python {platform.python_version()}, Keras {keras.__version__} on {keras.backend.backend()}.",
        "Recall@1 of classes in percent; over seeds the mean, the lowest and the highest. Chance is 10.",
        f"{results['parameters'].iloc[0]:,} parameters. Settings were chosen on {arguments.validation}; the longer "
        "training was added when the figures of the shorter were known. Minutes are "
        f"the clock's, with {arguments.workers} trainings at once; beside other programs the least count.",
        "",
    ]
    lines += ["## Speakers who were never heard", "", *make_table(tested, "objective", "objective")]
    if arguments.choose:
        lines += [f"## Weight of the reconstruction beside a contrast of 1, without {arguments.speakers[0]}", ""]
        lines += make_table(chosen, "reconstruction_weight", "weight")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--speakers", nargs="+", default=["lucas"], help="to hold out and test, each in turn")
    parser.add_argument("--validation", default="jackson", help="speaker on whom the settings are chosen")
    parser.add_argument(
        "--choose", action="store_true", help="try weights of the reconstruction on the validation speaker"
    )
    parser.add_argument("--objectives", nargs="+", choices=WEIGHTS, default=list(WEIGHTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, nargs="+", default=EPOCHS)
    parser.add_argument("--workers", type=int, default=2, help="trainings at once, one thread each")
    parser.add_argument("--results", type=Path, help="CSV file of each training's figures: a stopped run goes on")
    parser.add_argument("--report-only", action="store_true", help="tell what --results holds, and train nothing")
    parser.add_argument("--output", type=Path, help="Markdown file to write the tables to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    if arguments.validation in arguments.speakers and arguments.choose:
        parser.error(f"the validation speaker {arguments.validation} must not be among the tested ones")
    if arguments.report_only and not (arguments.results and arguments.results.is_file()):
        parser.error("--report-only needs --results, the file of an earlier run")
    data = Path(arguments.data)
    tests = [
        (data, speaker, "nobody", objective, WEIGHTS[objective][0], seed, epochs)
        for epochs in arguments.epochs
        for seed in arguments.seeds
        for speaker in arguments.speakers
        for objective in arguments.objectives
    ]
    choices = [
        (data, arguments.validation, arguments.speakers[0], "both", weight, arguments.seeds[0], EPOCHS[0])
        for weight in CHOICES
    ]
    if arguments.report_only:
        results = pd.read_csv(arguments.results)
    else:
        results = run_all(job, choices * arguments.choose + tests, key, KEYS, arguments.workers, arguments.results)
    text = "\n".join(report(results, arguments))
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
