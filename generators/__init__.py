"""From files and tables to batches: readers, manifests, splits, samplers."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ArrayGroups": "array_groups",
        "ArrayItems": "array_items",
        "AudioGroups": "audio_groups",
        "AudioItems": "audio_items",
        "AudioReader": "audio_reader",
        "GroupSampler": "group_sampler",
        "Groups": "groups",
        "ImageGroups": "image_groups",
        "ImageItems": "image_items",
        "ImageReader": "image_reader",
        "MemoryCache": "memory_cache",
        "PairSampler": "pair_sampler",
        "PairTable": "pair_table",
        "Pairs": "pairs",
        "RowSampler": "row_sampler",
        "TripletSampler": "triplet_sampler",
        "Triplets": "triplets",
        "TwoViews": "two_views",
        "label_folds": "splits",
        "length_buckets": "length_buckets",
        "read_manifest": "manifest",
        "read_pair_table": "pair_files",
        "split_by_label": "splits",
    },
)
