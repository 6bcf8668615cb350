"""What watches a training: measures in batches and on validation items, pictures of the embedding space."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "EmbeddingMonitor": "embedding_monitor",
        "EmbeddingPicture": "embedding_picture",
        "EqualErrorRate": "equal_error_rate",
        "ExactResume": "exact_resume",
        "GradedSimilarity": "graded_similarity",
        "PairEqualErrorRate": "pair_equal_error_rate",
        "StepDecay": "step_decay",
    },
)
