"""CLIP from scratch on handwritten digits and texts that name them: prompts that were never trained on, unseen digits.

    python benchmarks/clip_digits.py --data DATA --output benchmarks/clip_digits.md

DATA is the folder with `mnist`. Each training image of 0 to 7 has a text that names its digit, from one of some
templates drawn anew for each; nobody looks at labels after that: a match is an image and its text, and the other rows
of a batch count as strangers, of the same digit or not. The tokenizer is trained on these texts alone. No text and no
image of 8 or 9 is ever seen.

Test images are then told apart by texts of other templates, whose words are partly unknown. Beside them: the templates
of the training, nearest mean image (which needs labels), and the images of 8 and 9, by whose names nothing is known.
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

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NUM_SEEN = 8
LEARNT = (
    "the digit {}",
    "a photo of the number {}",
    "a handwritten {}",
    "this is a {} in white on black",
    "somebody wrote the number {}",
    "{}, written by hand",
    "a picture of the digit {}",
    "here is a {}",
)
PROMPTS = ("a photo of the digit {}", "an image showing the numeral {}.", "what you see is a {}", "a scan of some {}!")
BATCH_SIZE, EPOCHS, LEARNING_RATE = 128, 2, 2e-3
KEYS = ["seed", "epochs"]
MEASURES = {
    "0 to 7, prompts never trained on": "of 8",
    "0 to 7, each prompt alone, the worst": "of 8",
    "0 to 7, templates of the training": "of 8",
    "0 to 7, nearest mean image": "of 8",
    "0 to 7, 8 and 9 among the answers": "of 10",
    "8 and 9": "of 10",
    "8 against 9": "of 2",
}


def read_digits(data: Path) -> dict[str, np.ndarray]:
    """Returns images `(n, 28, 28, 1)` and digits, to learn from and to test."""
    with np.load(data / "mnist" / "mnist.npz") as arrays:
        digits = {name: arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    return {name: values[..., None] if name.startswith("x") else values for name, values in digits.items()}


def train(images: np.ndarray, digits: np.ndarray, seed: int, epochs: int):
    """Returns a network trained on images and a text for each; it is shown no labels."""
    import keras

    import comparators
    from comparators.custom_layers import RandomAffine
    from comparators.generators import ArrayItems, Matches, TextItems, TextTokenizer

    keras.utils.set_random_seed(seed)
    templates = np.random.default_rng(seed).choice(LEARNT, len(digits))
    texts = [template.format(NUMBERS[digit]) for template, digit in zip(templates, digits, strict=True)]
    tokenizer = TextTokenizer.train(sorted(set(texts)), vocabulary_size=300, max_tokens=48)
    affine = RandomAffine(8.0, scale_range=(0.9, 1.1), shift_fraction=0.06)
    model = comparators.CLIP.small(tokenizer, size=(28, 28), embedding_dim=64, augmentation=[affine])
    batches = Matches({"image": ArrayItems(images), "text": TextItems(texts, tokenizer)}, BATCH_SIZE, seed=seed)
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=LEARNING_RATE, warmup_steps=steps // 10)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.01))
    model.fit(batches, epochs=epochs, verbose=0)
    return model


def accuracies(model, digits: dict[str, np.ndarray]) -> list[float]:
    """Returns the figures of `MEASURES`, in percent."""
    images, truth = digits["x_test"], digits["y_test"]
    seen = truth < NUM_SEEN
    embeddings = {True: model.embed(images[seen], role="image"), False: model.embed(images[~seen], role="image")}

    def accuracy(templates, names, of_seen: bool) -> float:
        classifier = model.zero_shot_classifier(names, templates)
        cosines = embeddings[of_seen] @ classifier.embeddings.T
        answers = np.array([NUMBERS.index(name) for name in names])[cosines.argmax(axis=1)]
        return 100 * (answers == truth[seen if of_seen else ~seen]).mean()

    known = NUMBERS[:NUM_SEEN]
    return [
        accuracy(PROMPTS, known, True),
        min(accuracy([prompt], known, True) for prompt in PROMPTS),
        accuracy(LEARNT, known, True),
        100 * (nearest_mean_image(digits, images[seen]) == truth[seen]).mean(),
        accuracy(PROMPTS, NUMBERS, True),
        accuracy(PROMPTS, NUMBERS, False),
        accuracy(PROMPTS, NUMBERS[NUM_SEEN:], False),
    ]


def nearest_mean_image(digits: dict[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """Returns the digit whose mean training image has the highest cosine with each image."""
    rows, truth = digits["x_train"].reshape(len(digits["x_train"]), -1).astype("float32"), digits["y_train"]
    means = np.array([rows[truth == digit].mean(axis=0) for digit in range(NUM_SEEN)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return (images.reshape(len(images), -1).astype("float32") @ means.T).argmax(axis=1)


def job(arguments: tuple) -> list[dict]:
    data, seed, epochs = arguments
    digits = read_digits(data)
    learnt = digits["y_train"] < NUM_SEEN
    start = time.perf_counter()
    model = train(digits["x_train"][learnt], digits["y_train"][learnt], seed, epochs)
    minutes = (time.perf_counter() - start) / 60
    found = {"seed": seed, "epochs": epochs, **dict(zip(MEASURES, accuracies(model, digits), strict=True))}
    print(found | {"minutes": round(minutes, 1)}, file=sys.stderr, flush=True)
    return [found | {"minutes": minutes, "parameters": model.count_params()}]


def report(results: pd.DataFrame, epochs: int) -> str:
    import keras

    lines = [
        "# CLIP on handwritten digits",
        "",
        "    python benchmarks/clip_digits.py --data DATA --output benchmarks/clip_digits.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores; Python {platform.python_version()}, Keras "
        f"{keras.__version__} on {keras.backend.backend()}.",
        f"MNIST, images and texts of 0 to 7 alone, {epochs} epochs of batches of {BATCH_SIZE}; "
        f"{results['parameters'].iloc[0]:,} parameters; a training took {results['minutes'].min():.1f} to "
        f"{results['minutes'].max():.1f} minutes.",
        f"{len(results)} seeds: mean, and the lowest and highest. Prompts never trained on: "
        f"{'; '.join(PROMPTS)}; the mean of their embeddings stands for a digit.",
        "",
        "| accuracy on test images | answers | percent |",
        "|---|---|---|",
    ]
    for name, answers in MEASURES.items():
        column = results[name]
        lines.append(f"| {name} | {answers} | {column.mean():.2f} ({column.min():.2f} to {column.max():.2f}) |")
    return "\n".join([*lines, "", "The names of 8 and 9 were never read: what is said of them is chance.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("COMPARATORS_DATA"), help="folder of the data")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--results", type=Path, help="CSV file of each training's figures: a stopped run goes on")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of the data with --data, or in the environment variable COMPARATORS_DATA")
    jobs = [(Path(arguments.data), seed, arguments.epochs) for seed in arguments.seeds]
    text = report(run_all(job, jobs, lambda each: each[1:], KEYS, 1, arguments.results), arguments.epochs)
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
