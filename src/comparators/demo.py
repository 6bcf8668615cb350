"""The demo: the whole way once, on the bundled recordings. `comparators demo` runs it.

It is also a page to learn from: each step is a few lines that do the same with recordings of your own. The way is
always from recordings to embeddings, and from there on everything is arithmetic on embeddings:

    verify      are these two of one voice?        a score and a threshold
    recognise   who is it, or nobody known?        a recogniser, fitted on a few recordings of each voice
    cluster     which belong together?             no labels at all
    map         what does the space look like?     two dimensions in place of hundreds
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from comparators import KNNRecognizer, bundled_voices, cluster, metrics, plots
from comparators.command_line.inputs import load_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from comparators.models.audio_encoder import AudioEncoder
    from comparators.recognition.embedding_table import EmbeddingTable

ENROLLED_SENTENCES = 3


class Step(NamedTuple):
    """What a step of the demo found.

    Attributes:
        step: its name.
        result: what it found, in words.
        seconds: how long it took.
        figures: what it found, in numbers.
    """

    step: str
    result: str
    seconds: float
    figures: dict


def run_demo(
    model_name: str, folder: Path, projection: str = "umap", tell: Callable[[str], None] = lambda message: None
) -> list[Step]:
    """Goes the whole way, and writes pictures and tables.

    Args:
        model_name: a shipped model's name, or the path of a .keras file.
        folder: for the pictures and tables; made where it is not there.
        projection: how the map is drawn: "umap", "tsne" or "pca".
        tell: called with what is done next, before each step.

    Returns:
        The steps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    steps: list[Step] = []

    def timed(step: str, what: str, function: Callable, *arguments):
        """Runs a step; its function returns what later steps need, the result in words, and the figures."""
        tell(what)
        start = time.perf_counter()
        outcome, result, figures = function(*arguments)
        steps.append(Step(step, result, time.perf_counter() - start, figures))
        return outcome

    model = timed("load", "loading the encoder", load_encoder, model_name)
    table = timed("embed", "embedding the recordings", embed_recordings, model, folder)
    timed("verify", "verifying all pairs", verify_pairs, model, table, folder)
    timed("recognise", "recognising known and unknown voices", recognize_voices, table, folder)
    clusters = timed("cluster", "clustering without labels", cluster_recordings, table, folder)
    timed(
        "map",
        "drawing the map (the first call of UMAP takes half a minute)",
        draw_map,
        table,
        clusters,
        folder,
        projection,
    )
    return steps


def load_encoder(model_name: str) -> tuple[AudioEncoder, str, dict]:
    """Loads a model; in Python `comparators.load("speaker-encoder")` does it."""
    model = load_model(model_name, bundled_voices()["path"])
    return model, f"{model_name}: {model.embedding_dim} values for a recording", {"embedding_dim": model.embedding_dim}


def embed_recordings(model: AudioEncoder, folder: Path) -> tuple[EmbeddingTable, str, dict]:
    """Turns each recording into one row of numbers."""
    table, _ = model.embed_files(bundled_voices(), progress=False)
    table.save(folder / "embeddings.csv")
    voices = len(np.unique(table.labels))
    return table, f"{len(table)} recordings of {voices} synthetic voices", {"recordings": len(table), "voices": voices}


def verify_pairs(model: AudioEncoder, table: EmbeddingTable, folder: Path) -> tuple[None, str, dict]:
    """Scores every pair of recordings, and decides at the threshold that the model carries.

    For two files, `model.verify("a.wav", "b.wav")` does it. The scores know nothing of the labels; those only tell how
    often the decision is right. A threshold belongs to the data that it was fitted on: these synthetic voices are not
    those, and `model.fit_threshold(embeddings, labels)` would fit it here.
    """
    scores, same = metrics.pair_scores(table.vectors, table.labels)
    first, second = np.triu_indices(len(table), 1)
    pairs = pd.DataFrame({"a": table.ids[first], "b": table.ids[second], "same_voice": same, "score": scores.round(4)})
    figures = {"pairs": len(pairs), "equal_error_rate": metrics.equal_error_rate(scores, same)}
    if model.threshold is not None:
        pairs["decided_same"] = accepted = model.threshold.accepts(scores)
        figures |= {
            "threshold": model.threshold.value,
            "threshold_origin": model.threshold.origin,
            "false_accept_rate": float(accepted[~same].mean()),
            "false_reject_rate": float(1 - accepted[same].mean()),
        }
    pairs.to_csv(folder / "verification.csv", index=False)
    _save(
        plots.score_histogram(scores, same, threshold=figures.get("threshold")),
        folder / "scores.png",
        "Pairs of recordings",
    )
    matrix = plots.similarity_matrix(model.score(table.vectors), table.labels)
    _save(matrix, folder / "similarities.png", "Every recording against every other")
    return None, f"{len(pairs):,} pairs, equal error rate {_percent(figures['equal_error_rate'])}", figures


def recognize_voices(table: EmbeddingTable, folder: Path) -> tuple[None, str, dict]:
    """Enrols two thirds of the voices with three sentences each, and asks about everything else.

    Half of the questions are the other sentences of the enrolled voices, half are voices that were never enrolled. The
    threshold below which a voice is unknown is fitted by the recogniser on the enrolled recordings alone.
    """
    voices = np.unique(table.labels)
    enrolled_voices = voices[np.arange(len(voices)) % 3 < 2]
    sentence = pd.Series(table.labels).groupby(table.labels).cumcount().to_numpy()
    is_enrolled = np.isin(table.labels, enrolled_voices) & (sentence < ENROLLED_SENTENCES)
    enrolled, asked = table[is_enrolled], table[~is_enrolled]

    recognizer = KNNRecognizer(k=ENROLLED_SENTENCES).fit(enrolled.vectors, enrolled.labels)
    answers, scores = recognizer.predict(asked.vectors), recognizer.best_similarity(asked.vectors)

    known = np.isin(asked.labels, enrolled_voices)
    expected = np.where(known, asked.labels, "unknown")
    right = answers == expected
    rows = {"recording": asked.ids, "voice": asked.labels, "expected": expected, "answer": answers}
    pd.DataFrame({**rows, "score": scores.round(4)}).to_csv(folder / "recognition.csv", index=False)
    title = f"{len(enrolled_voices)} voices enrolled, all others unknown"
    _save(plots.confusion_matrix(expected, answers), folder / "recognition.png", title)
    figures = {
        "threshold": recognizer.threshold_.value,
        "threshold_origin": recognizer.threshold_.origin,
        "known_right": float(right[known].mean()),
        "unknown_right": float(right[~known].mean()),
        "open_set_equal_error_rate": metrics.open_set_equal_error_rate(scores[known], scores[~known]),
    }
    named, noticed = f"{right[known].sum()} of {known.sum()}", f"{right[~known].sum()} of {(~known).sum()}"
    return None, f"{named} recordings of known voices named, {noticed} of unknown voices noticed", figures


def cluster_recordings(table: EmbeddingTable, folder: Path) -> tuple[np.ndarray, str, dict]:
    """Sorts the recordings into voices without any label, and without being told how many there are."""
    clusters = cluster(table.vectors)
    rows = {"recording": table.ids, "cluster": clusters, "voice": table.labels}
    pd.DataFrame(rows).sort_values(["cluster", "recording"]).to_csv(folder / "clusters.csv", index=False)
    figures = {
        "clusters": len(np.unique(clusters)),
        "voices": len(np.unique(table.labels)),
        "adjusted_mutual_information": metrics.ami(table.labels, clusters),
        "purity": metrics.purity(table.labels, clusters),
        "bcubed_f1": metrics.bcubed(table.labels, clusters)[2],
    }
    quality = f"purity {_percent(figures['purity'])}, B-cubed F1 {figures['bcubed_f1']:.3f}"
    return clusters, f"{figures['clusters']} clusters found, there are {figures['voices']} voices; {quality}", figures


def draw_map(table: EmbeddingTable, clusters: np.ndarray, folder: Path, projection: str) -> tuple[None, str, dict]:
    """Draws the recordings in the plane twice: coloured by voice, and by the clusters that were found."""
    points = plots.project(table.vectors, method=projection)
    rows = {"recording": table.ids, "voice": table.labels, "cluster": clusters, "x": points[:, 0], "y": points[:, 1]}
    pd.DataFrame(rows).to_csv(folder / "map.csv", index=False)
    for name, labels, title in (
        ("map_by_voice.png", table.labels, "Recordings, coloured by voice"),
        ("map_by_cluster.png", clusters, "Recordings, coloured by the cluster that was found without labels"),
    ):
        ax = plots.point_scatter(points, labels)
        ax.set(xticks=[], yticks=[])  # only nearness means something
        _save(ax, folder / name, title)
    return None, f"{projection} of all recordings, those that sound alike lie close", {"projection": projection}


def _save(ax: Axes, path: Path, title: str) -> None:
    import matplotlib.pyplot as plt

    ax.set_title(f"{title}: {ax.get_title()}" if ax.get_title() else title)
    ax.figure.savefig(path, dpi=120)
    plt.close(ax.figure)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
