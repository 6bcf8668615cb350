"""Pictures of embeddings, scores, answers, batches and trainings. Each function returns the Axes it drew in."""

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
        "history": "history",
        "matchmap": "matchmap",
        "patches": "patches",
        "inpainting": "inpainting",
        "attention": "attention",
        "read_history": "training_history",
        "compare_runs": "run_comparison",
        "run_curves": "run_comparison",
        "preview": "preview",
        "AudioTable": "audio_table",
        "neighbors": "neighbors",
        "top_scores": "top_scores",
    },
)
