"""Times how fast texts are embedded, beside sentence-transformers in PyTorch with the same weights.

    COMPARATORS_DATA=DATA python benchmarks/text_embedding_speed.py --output benchmarks/text_embedding_speed.md

Two BERT checkpoints with random weights are made on the spot, with a tokenizer, mean pooling and normalisation: "tiny"
(2 layers of 128 values, 30,000 tokens known) and "small" (6 layers of 384 values, as all-MiniLM-L6 has). Both sides
read the same folder and embed the same texts, from strings to a float32 array: the sentences of the STS benchmark where
COMPARATORS_DATA names the folder that holds them, or else random ones, a share of them long. The sides have the same
cores, threads and batch size. Each runs in a process of its own, and they take turns, so that whatever else the machine
does meets both. Loading, tracing and compiling are in the first turn, which does not count. The packages torch,
transformers and sentence-transformers must be installed.
"""

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

SIDES = ("sentence-transformers", "ours")
# Layers, values of a token, heads.
SIZES = {"tiny": (2, 128, 2), "small": (6, 384, 12)}
VOCABULARY, POSITIONS = 30_000, 512
HEADER = "| checkpoint | batch | sentence-transformers, texts/s | ours, texts/s | ratio | difference |"


def make_texts(count: int) -> list[str]:
    """Returns the sentences of the STS benchmark, or random ones, with a few long ones among them."""
    import numpy as np

    rng = np.random.default_rng(0)
    table = Path(os.environ.get("COMPARATORS_DATA", "")) / "stsb_clean" / "manifest.csv"
    if os.environ.get("COMPARATORS_DATA") and table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        texts = [row[name] for row in rows for name in ("sentence1", "sentence2")]
    else:
        letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
        words = ["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(20_000)]
        texts = [" ".join(rng.choice(words, rng.integers(4, 24))) for _ in range(count)]
    return [texts[place] for place in rng.permutation(len(texts))[:count]]


def make_checkpoint(folder: Path, size: str, texts: list[str]) -> None:
    """Saves a BERT with random weights as sentence-transformers does."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from comparators.generators import TextTokenizer

    torch.manual_seed(0)
    layers, dim, heads = SIZES[size]
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=dim,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * dim,
        max_position_embeddings=POSITIONS,
    )
    plain = folder / "plain"
    BertModel(config).save_pretrained(plain)
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(TextTokenizer.train(texts, VOCABULARY).definition, encoding="utf-8")
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_file=str(tokenizer), model_max_length=128, **special).save_pretrained(plain)
    modules = [Transformer(str(plain)), Pooling(dim, "mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / size))


def serve(side: str, folder: str, batch_size: int, count: int) -> None:
    """Takes turns: for each line, embeds all texts, and prints the seconds; the embeddings go into a file."""
    import numpy as np

    texts = make_texts(count)
    if side == "ours":
        from comparators import TextEncoder

        model = TextEncoder.from_checkpoint(folder)
        embed = lambda: model.embed(texts, batch_size=batch_size)  # noqa: E731
    else:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(len(os.sched_getaffinity(0)))
        model = SentenceTransformer(folder, device="cpu")
        embed = lambda: model.encode(texts, batch_size=batch_size, show_progress_bar=False)  # noqa: E731
    for _ in sys.stdin:
        start = time.perf_counter()
        embeddings = embed()
        seconds = time.perf_counter() - start
        np.save(Path(folder) / f"{side}.npy", embeddings)
        print(json.dumps({"seconds": seconds, "texts": len(texts)}), flush=True)


def start_worker(side: str, folder: Path, batch_size: int, count: int, threads: int) -> subprocess.Popen:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    environment = os.environ | dict.fromkeys((*names, "RAYON_NUM_THREADS"), str(threads))
    environment |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    worker = [side, str(folder), str(batch_size), str(count)]
    command = [sys.executable, __file__, "--threads", str(threads), "--worker", *worker]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)


def take_turn(worker: subprocess.Popen) -> dict:
    try:
        worker.stdin.write("again\n")
        worker.stdin.flush()
        return json.loads(worker.stdout.readline())
    except (BrokenPipeError, json.JSONDecodeError):
        raise SystemExit(f"A side stopped. See why with: echo again | {' '.join(worker.args)}") from None


def compare(folder: Path, size: str, batch_size: int, count: int, threads: int, repeats: int) -> str:
    """Returns the table's line of one checkpoint and batch size; the first turn of each side does not count."""
    import numpy as np

    workers = {side: start_worker(side, folder / size, batch_size, count, threads) for side in SIDES}
    speeds = {side: [] for side in SIDES}
    try:
        for turn in range(repeats + 1):
            for side, worker in workers.items():
                done = take_turn(worker)
                speed = done["texts"] / done["seconds"]
                speeds[side] += [speed] if turn else []
                print(
                    f"{threads} {size:6s} {batch_size:4d} {side:22s} {speed:9.0f} texts/s", file=sys.stderr, flush=True
                )
        theirs, ours = (np.load(folder / size / f"{side}.npy") for side in SIDES)
    finally:
        for worker in workers.values():
            worker.terminate()
            worker.wait()
    cells = [f"{median(speeds[side]):.0f} ({min(speeds[side]):.0f} to {max(speeds[side]):.0f})" for side in SIDES]
    ratio = median(speeds["ours"]) / median(speeds["sentence-transformers"])
    return f"| {size} | {batch_size} | {' | '.join(cells)} | {ratio:.2f} | {np.abs(ours - theirs).max():.1e} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count()], help="cores of each side")
    parser.add_argument("--repeats", type=int, default=5, help="turns that are counted")
    parser.add_argument("--sizes", nargs="+", choices=[*SIZES], default=[*SIZES])
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 64], help="texts of a batch")
    parser.add_argument("--count", type=int, default=4000, help="texts")
    parser.add_argument("--output", type=Path, help="Markdown file to write the table to")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        side, folder, batch_size, count = arguments.worker
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads[0]])
        return serve(side, folder, int(batch_size), int(count))
    texts = make_texts(arguments.count)
    packages = ("keras", "tensorflow", "torch", "transformers", "sentence-transformers", "tokenizers")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    lines = [
        "# Embedding texts, beside sentence-transformers with the same weights",
        "",
        "    python benchmarks/text_embedding_speed.py --output benchmarks/text_embedding_speed.md",
        "",
        f"{date.today()}, {platform.machine()} with {os.cpu_count()} cores; float32; Python "
        f"{platform.python_version()}, {versions}.",
        f"{len(texts):,} texts. Texts per second: median (lowest to highest) of {arguments.repeats} turns; ratio: ours "
        "by theirs. Difference: the largest of any value of the normalised embeddings.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            make_checkpoint(Path(folder), size, texts)
        for threads in arguments.threads:
            lines += ["", f"## Threads of each side: {threads}", "", HEADER, f"|{'---|' * (HEADER.count('|') - 1)}"]
            for size in arguments.sizes:
                for batch_size in arguments.batch_sizes:
                    lines.append(compare(Path(folder), size, batch_size, arguments.count, threads, arguments.repeats))
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
