"""From many dimensions to two."""

import numpy as np
from numpy.typing import ArrayLike

MIN_ITEMS = {"pca": 1, "tsne": 4, "umap": 5}


def project(embeddings: ArrayLike, method: str = "umap", seed: int = 0) -> np.ndarray:
    """Maps embeddings to the plane so that neighbours by cosine stay neighbours.

    UMAP keeps neighbourhoods and shows clusters best; its first call in a process takes some 10 to 30 s. t-SNE keeps
    the nearest neighbours only. PCA is linear and instant, and blends clusters together when there are many.

    Args:
        embeddings: one row per item `(n, dim)`; rows are scaled to length 1.
        method: "umap", "tsne" or "pca".
        seed: seed of UMAP and t-SNE; the same input and seed give the same picture.

    Returns:
        Points `(n, 2)` float64.

    Raises:
        ValueError: if `method` is unknown, a value is not finite, or there are fewer items than the method needs.

    Example:
        >>> project(np.eye(3), method="pca").shape
        (3, 2)

    Reference:
        McInnes, Healy and Melville, "UMAP: uniform manifold approximation and projection", 2018.
    """
    embeddings = np.asarray(embeddings, np.float64)
    if method not in MIN_ITEMS:
        raise ValueError(f"`method` must be one of {', '.join(sorted(MIN_ITEMS))}. Received: method={method!r}.")
    if embeddings.ndim != 2:
        raise ValueError(f"`embeddings` must be two-dimensional, `(n, dim)`. Received: shape {embeddings.shape}.")
    if len(embeddings) < MIN_ITEMS[method]:
        raise ValueError(
            f"method={method!r} needs at least {MIN_ITEMS[method]} items. Received: {len(embeddings)}. "
            "Use method='pca' for few items."
        )
    bad = ~np.isfinite(embeddings).all(axis=1)
    if bad.any():
        raise ValueError(
            f"`embeddings` must be finite. Received: {bad.sum()} of {bad.size} rows with NaN or infinity, the first is "
            f"row {bad.argmax()}. Leave these items out, or embed them again."
        )
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return {"pca": _pca, "tsne": _tsne, "umap": _umap}[method](embeddings / np.where(norms > 0, norms, 1), seed)


def _pca(unit: np.ndarray, seed: int) -> np.ndarray:
    """The first two principal components; the sign of each makes its largest weight positive."""
    centred = unit - unit.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    points = centred @ axes
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))


def _tsne(unit: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(unit) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(unit).astype(np.float64)


def _umap(unit: np.ndarray, seed: int) -> np.ndarray:
    from umap import UMAP  # takes 7 to 20 s

    neighbours = min(15, len(unit) - 1)
    init = "random" if len(unit) < 12 else "spectral"  # the eigenvectors of a graph of few points are not to be had
    reducer = UMAP(n_neighbors=neighbours, metric="cosine", init=init, random_state=seed, n_jobs=1)
    return reducer.fit_transform(unit).astype(np.float64)
