"""From embeddings to answers, on arrays: verification, calibration, recognition, galleries, clustering. No Keras."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "EmbeddingTable": "embedding_table",
        "cosine_similarity_matrix": "similarity",
        "similarity_matrix": "similarity",
        "paired_similarity": "similarity",
        "top_k": "similarity",
        "Threshold": "threshold",
        "fit_threshold": "threshold",
        "LogisticCalibration": "logistic_calibration",
        "IsotonicCalibration": "isotonic_calibration",
        "calibration_from_dict": "calibration",
        "PairProbability": "pair_probability",
        "Verification": "verification",
        "decide": "verification",
        "KNNRecognizer": "knn_recognizer",
        "Gallery": "gallery",
        "mine_hard_negatives": "hard_negatives",
        "mine_paraphrases": "paraphrase_mining",
        "SimilarityClustering": "similarity_clustering",
        "cluster": "clustering",
        "z_norm": "score_normalization",
        "t_norm": "score_normalization",
        "s_norm": "score_normalization",
        "as_norm": "score_normalization",
        "NormalizedSimilarity": "score_normalization",
        "cross_validate": "cross_validation",
        "CrossValidation": "cross_validation",
    },
)
