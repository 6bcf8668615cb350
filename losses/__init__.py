"""Losses on embeddings without weights of their own, for `compile(loss=...)`."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BarlowTwins": "barlow_twins",
        "CircleLoss": "circle_loss",
        "ContrastiveLoss": "contrastive_loss",
        "CoSENTLoss": "co_sent_loss",
        "CosineRegressionLoss": "cosine_regression_loss",
        "EmbeddingLoss": "embedding_loss",
        "InfoNCE": "info_nce",
        "LiftedStructureLoss": "lifted_structure_loss",
        "MultiSimilarityLoss": "multi_similarity_loss",
        "NTXent": "nt_xent",
        "OneShotLoss": "one_shot_loss",
        "PNLoss": "pn_loss",
        "PairContrastiveLoss": "pair_contrastive_loss",
        "PreciseLoss": "precise_loss",
        "ReadyTripletLoss": "ready_triplet_loss",
        "SoftNearestNeighborLoss": "soft_nearest_neighbor_loss",
        "SupConLoss": "sup_con_loss",
        "TripletLoss": "triplet_loss",
        "VICReg": "vic_reg",
    },
)
