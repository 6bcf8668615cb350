"""Comparators: encoders by role, an objective, a similarity; and what saves, loads and converts them."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AudioEncoder": "audio_encoder",
        "AudioSiamese": "audio_siamese",
        "BulkEmbedding": "bulk_embedding",
        "Comparator": "comparator",
        "EmbeddingStore": "embedding_store",
        "Encoder": "encoder",
        "FrameWindows": "frame_windows",
        "ImageEncoder": "image_encoder",
        "ImageSiamese": "image_siamese",
        "Siamese": "siamese",
        "WaveformEmbedder": "waveform_embedder",
        "embed_files": "bulk_embedding",
        "load": "loading",
        "load_resemblyzer": "resemblyzer",
        "pretrained_names": "loading",
        "register_classes": "loading",
    },
)
