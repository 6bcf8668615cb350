"""Pictures of embeddings, scores, answers and recordings. Each function returns the matplotlib Axes it drew in."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "embedding_scatter": "embedding_scatter",
        "point_scatter": "point_scatter",
        "project": "projection",
        "similarity_matrix": "similarity_matrix",
        "score_histogram": "score_histogram",
        "det_curve": "detection_curves",
        "roc_curve": "detection_curves",
        "confusion_matrix": "confusion_matrix",
        "recording": "recording",
    },
)
