"""Comparators: encoders by role, an objective, a similarity; and what saves, loads and converts them."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AudioEncoder": "audio_encoder",
        "AudioSiamese": "audio_siamese",
        "BulkEmbedding": "bulk_embedding",
        "ClipEncoder": "clip_encoder",
        "Comparator": "comparator",
        "crop_features": "crop_features",
        "DaveNet": "davenet",
        "DualEncoder": "dual_encoder",
        "embed_files": "bulk_embedding",
        "EmbeddingStore": "embedding_store",
        "Encoder": "encoder",
        "FrameWindows": "frame_windows",
        "ImageAudio": "image_audio",
        "ImageEncoder": "image_encoder",
        "ImageSiamese": "image_siamese",
        "load": "loading",
        "load_resemblyzer": "resemblyzer",
        "load_state": "convert",
        "pretrained_names": "loading",
        "read_state": "convert",
        "register_classes": "loading",
        "Siamese": "siamese",
        "training_preset": "training_preset",
        "TrainingPreset": "training_preset",
        "WaveformEmbedder": "waveform_embedder",
        "WordAudio": "word_audio",
        "WordEncoder": "word_encoder",
    },
)
