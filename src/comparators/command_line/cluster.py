"""`comparators cluster`: which recordings are of one voice, without any label."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from comparators.command_line import options
from comparators.command_line.report import counted, print_json

if TYPE_CHECKING:
    import numpy as np

    from comparators.recognition.embedding_table import EmbeddingTable

_PICTURES = (".png", ".pdf", ".svg", ".jpg")


@click.command(short_help="Sort recordings into voices, without labels.")
@options.sources
@options.output("Table to write, a row for each recording.", "clusters.csv")
@options.model
@click.option(
    "--plot",
    metavar="clusters.png",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Picture of the recordings in the plane, coloured by cluster.",
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
@options.seed
@options.json
@options.quiet
def cluster(
    sources: tuple[str, ...],
    output: Path,
    model_name: str,
    plot: Path | None,
    projection: str,
    method: str | None,
    num_clusters: int | None,
    threshold: float | None,
    label_column: str | None,
    split: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Sort the recordings in SOURCE (folders or CSV files) into clusters, one for each voice.

    Writes path, cluster, seconds of speech and, where it is known, the label of each recording. Labels are not used to
    find the clusters, only to tell how good they are. Recordings with too little speech join a cluster or stay outside
    (-1), but never start one.

    \b
    comparators cluster recordings/ -o clusters.csv --plot clusters.png
    comparators cluster manifest.csv -o clusters.csv --method agglomerative --num-clusters 12

    Exit status: 0 done; 1 done, recordings were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.output_files import check_output, save_csv
    from comparators.command_line.recordings import embed_table, load_audio_encoder, read_sources
    from comparators.recognition.clustering import cluster as find_clusters

    check_output(output, (".csv",))
    if plot is not None:
        check_output(plot, _PICTURES)
    manifest = read_sources(sources, label_column, split)
    model = load_audio_encoder(model_name)
    table, failures = embed_table(model, manifest, quiet)
    seconds = table.metadata["speech_seconds"].to_numpy()
    long_enough = seconds >= model.minimum_speech_seconds
    if not long_enough.any():
        raise ValueError(
            f"No recording has {model.minimum_speech_seconds} s of speech, so none can start a cluster. "
            "Add longer ones."
        )
    clusters = find_clusters(
        table.vectors,
        method or ("similarity" if num_clusters is None else "agglomerative"),
        num_clusters=num_clusters,
        threshold=threshold,
        can_start=long_enough,
        seed=seed,
    )
    save_csv(as_rows(table, clusters), output)
    if plot is not None:
        _draw(table, clusters, plot, projection, seed)
    figures = measure(table, clusters)
    if as_json:
        print_json({"output": str(output), "recordings": len(table), **figures, "failures": failures})
    else:
        found = f"{counted(len(table), 'recording')} in {counted(figures['clusters'], 'cluster')}"
        click.echo(f"{output}: {found}" + (f", {figures['outside']:,} in none" if figures["outside"] else ""))
        if "labels" in figures:
            click.echo(
                f"{figures['labels']:,} labels: adjusted mutual information "
                f"{figures['adjusted_mutual_information']:.3f}, purity {figures['purity']:.3f}, "
                f"B-cubed F1 {figures['bcubed_f1']:.3f}"
            )
    return 1 if failures else 0


def as_rows(table: "EmbeddingTable", clusters: "np.ndarray"):
    """Returns the data frame that is written: path, cluster, speech_seconds and, where it is known, label."""
    rows = table.metadata[["path"]].assign(cluster=clusters, speech_seconds=table.metadata["speech_seconds"])
    return rows if table.labels is None else rows.assign(label=table.labels)


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


def _draw(table: "EmbeddingTable", clusters: "np.ndarray", path: Path, projection: str, seed: int) -> None:
    from comparators import plots
    from comparators.plots.projection import MIN_ITEMS

    method = projection if len(table) >= MIN_ITEMS[projection] else "pca"
    ax = plots.embedding_scatter(table.vectors, clusters, method=method, seed=seed)
    ax.set_title(f"{counted(len(table), 'recording')} by cluster")
    ax.figure.savefig(path, dpi=120)
