"""Similarity learning for Keras 3: networks that learn whether two things are alike, and what one does with that.

The names below are imported when they are first used, so that `import comparators` is quick and loads no Keras.

Example:
    >>> import comparators
    >>> scores, same = [0.9, 0.8, 0.3, 0.1], [True, True, False, False]
    >>> float(comparators.metrics.equal_error_rate(scores, same))
    0.0
"""

from comparators._lazy import attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AST": "comparators.models.ast",
        "AudioEncoder": "comparators.models.audio_encoder",
        "AudioSiamese": "comparators.models.audio_siamese",
        "AudioText": "comparators.models.audio_text",
        "bundled_voices": "comparators.bundled",
        "CAVMAE": "comparators.models.cavmae",
        "CLIP": "comparators.models.clip",
        "cluster": "comparators.recognition.clustering",
        "Comparator": "comparators.models.comparator",
        "DaveNet": "comparators.models.davenet",
        "DPR": "comparators.models.dpr",
        "DualEncoder": "comparators.models.dual_encoder",
        "EmbeddingTable": "comparators.recognition.embedding_table",
        "Encoder": "comparators.models.encoder",
        "Gallery": "comparators.recognition.gallery",
        "ImageAudio": "comparators.models.image_audio",
        "ImageEncoder": "comparators.models.image_encoder",
        "ImageSiamese": "comparators.models.image_siamese",
        "KNNRecognizer": "comparators.recognition.knn_recognizer",
        "load": "comparators.models.loading",
        "read_manifest": "comparators.generators.manifest",
        "Siamese": "comparators.models.siamese",
        "TextEncoder": "comparators.models.text_encoder",
        "TextSiamese": "comparators.models.text_siamese",
        "TextTokenizer": "comparators.generators.text_tokenizer",
        "TextVideo": "comparators.models.text_video",
        "WordAudio": "comparators.models.word_audio",
        "WordVectors": "comparators.generators.word_vectors",
    },
    submodules=(
        "acoustics",
        "callbacks",
        "custom_layers",
        "generators",
        "losses",
        "metrics",
        "models",
        "plots",
        "recognition",
    ),
)
