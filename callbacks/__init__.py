"""What watches a training: equal error rates in batches and on all pairs, pictures of the embedding space."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "EmbeddingPicture": "embedding_picture",
        "EqualErrorRate": "equal_error_rate",
        "PairEqualErrorRate": "pair_equal_error_rate",
        "VerificationMonitor": "verification_monitor",
    },
)
