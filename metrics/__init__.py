"""Measures, exact, in NumPy: verification, open set, retrieval, clustering."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "error_rates": "verification",
        "equal_error_rate": "verification",
        "det_points": "verification",
        "min_dcf": "verification",
        "act_dcf": "verification",
        "cllr": "verification",
        "min_cllr": "verification",
        "roc_auc": "verification",
        "pair_scores": "verification",
        "equal_error_rate_interval": "bootstrap",
        "fpir": "open_set",
        "fnir": "open_set",
        "dir_at_fpir": "open_set",
        "auroc": "open_set",
        "oscr": "open_set",
        "open_set_equal_error_rate": "open_set",
        "open_set_accuracy": "open_set",
        "partner_ranks": "retrieval",
        "recall_at_k": "retrieval",
        "precision_at_1": "retrieval",
        "r_precision": "retrieval",
        "map_at_r": "retrieval",
        "mean_average_precision": "retrieval",
        "mean_reciprocal_rank": "retrieval",
        "median_rank": "retrieval",
        "ami": "clustering",
        "nmi": "clustering",
        "ari": "clustering",
        "purity": "clustering",
        "bcubed": "clustering",
    },
)
