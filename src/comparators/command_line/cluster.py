"""`comparators cluster`: which recordings are of one voice, which images of one thing, without any label."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from comparators.command_line import options
from comparators.command_line.report import counted, print_json

if TYPE_CHECKING:
    import numpy as np

    from comparators.models.comparator import Comparator
    from comparators.recognition.embedding_table import EmbeddingTable


@click.command(short_help="Sort recordings into voices, or images or texts into kinds, without labels.")
@options.sources
@options.output("Table to write, a row for each file.", "clusters.csv")
@options.model
@options.role
@click.option(
    "--plot",
    metavar="clusters.png",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Picture of the files in the plane, coloured by cluster.",
)
@options.projection
@click.option(
    "--method",
    type=click.Choice(["similarity", "agglomerative", "hdbscan", "spectral", "kmeans"]),
    help="How clusters are found.  [default: similarity, or agglomerative for a given number]",
)
@click.option("--num-clusters", type=click.IntRange(min=1), metavar="N", help="How many there are.  [default: found]")
@click.option(
    "--threshold", type=float, metavar="SCORE", help="From which similarity on two are alike.  [default: found]"
)
@options.label_column
@options.split
@options.media
@options.seed
@options.json
@options.quiet
def cluster(
    sources: tuple[str, ...],
    output: Path,
    model_name: str,
    role: str | None,
    plot: Path | None,
    projection: str,
    method: str | None,
    num_clusters: int | None,
    threshold: float | None,
    label_column: str | None,
    split: str | None,
    media: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Sort the recordings (or images) in SOURCE, folders or CSV files, into clusters, one for each voice (or kind).

    Writes path, cluster, seconds of speech and, where it is known, the label of each recording. Labels are not used to
    find the clusters, only to tell how good they are. Recordings with too little speech join a cluster or stay outside
    (-1), but never start one. Texts are the column text of CSV files, or the lines of .txt files.

    \b
    comparators cluster recordings/ -o clusters.csv --plot clusters.png
    comparators cluster manifest.csv -o clusters.csv --method agglomerative --num-clusters 12
    comparators cluster texts.csv -o clusters.csv --model sentences.keras

    Exit status: 0 done; 1 done, recordings were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.embedding import embed_table
    from comparators.command_line.inputs import load_any_model, with_sources
    from comparators.command_line.output_files import PICTURES, check_output, save_csv, save_scatter
    from comparators.recognition.clustering import cluster as find_clusters

    check_output(output, (".csv",))
    if plot is not None:
        check_output(plot, PICTURES)
    model, manifest = with_sources(load_any_model(model_name), model_name, role, sources, label_column, split, media)
    table, failures = embed_table(model, manifest, quiet)
    clusters = find_clusters(
        table.vectors,
        method or ("similarity" if num_clusters is None else "agglomerative"),
        num_clusters=num_clusters,
        threshold=threshold,
        can_start=_long_enough(model, table),
        seed=seed,
        similarity=model.scorer,
    )
    save_csv(as_rows(table, clusters), output)
    if plot is not None:
        save_scatter(table, clusters, plot, projection, seed, f"{counted(len(table), model.item_name)} by cluster")
    figures = measure(table, clusters)
    if as_json:
        print_json({"output": str(output), f"{model.item_name}s": len(table), **figures, "failures": failures})
    else:
        found = f"{counted(len(table), model.item_name)} in {counted(figures['clusters'], 'cluster')}"
        click.echo(f"{output}: {found}" + (f", {figures['outside']:,} in none" if figures["outside"] else ""))
        if "labels" in figures:
            click.echo(
                f"{figures['labels']:,} labels: adjusted mutual information "
                f"{figures['adjusted_mutual_information']:.3f}, purity {figures['purity']:.3f}, "
                f"B-cubed F1 {figures['bcubed_f1']:.3f}"
            )
    return 1 if failures else 0


def as_rows(table: "EmbeddingTable", clusters: "np.ndarray"):
    """Returns the data frame that is written: path (or word, text), cluster and, where known, speech_seconds, label."""
    item = next(name for name in ("path", "word", "text") if name in table.metadata)
    rows = table.metadata[[item]].assign(cluster=clusters)
    if "speech_seconds" in table.metadata:
        rows = rows.assign(speech_seconds=table.metadata["speech_seconds"])
    return rows if table.labels is None else rows.assign(label=table.labels)


def _long_enough(model: "Comparator", table: "EmbeddingTable") -> "np.ndarray | None":
    """Tells which recordings have enough speech to start a cluster; None where seconds mean nothing."""
    if "speech_seconds" not in table.metadata:
        return None
    long_enough = table.metadata["speech_seconds"].to_numpy() >= model.minimum_speech_seconds
    if not long_enough.any():
        raise ValueError(
            f"No recording has {model.minimum_speech_seconds} s of speech, so none can start a cluster. "
            "Add longer ones."
        )
    return long_enough


def measure(table: "EmbeddingTable", clusters: "np.ndarray") -> dict:
    """Returns how many clusters there are and, where labels are known, how well they agree with them."""
    from comparators import metrics

    figures = {"clusters": len(set(clusters.tolist()) - {-1}), "outside": int((clusters == -1).sum())}
    if table.labels is not None:
        figures |= {
            "labels": len(set(table.labels.tolist())),
            "adjusted_mutual_information": metrics.ami(table.labels, clusters),
            "purity": metrics.purity(table.labels, clusters),
            "bcubed_f1": metrics.bcubed(table.labels, clusters)[2],
        }
    return figures
