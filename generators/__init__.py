"""From files and tables to batches: readers, manifests, splits, samplers."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ArrayGroups": "array_groups",
        "AudioGroups": "audio_groups",
        "AudioReader": "audio_reader",
        "GroupSampler": "group_sampler",
        "ImageReader": "image_reader",
        "MemoryCache": "waveform_cache",
        "label_folds": "splits",
        "length_buckets": "length_buckets",
        "read_manifest": "manifest",
        "split_by_label": "splits",
    },
)
