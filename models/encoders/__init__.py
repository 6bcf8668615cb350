"""Encoders of sound and images: a front end and a trunk."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ApplicationTrunk": "application_trunk",
        "ChunkedEncoder": "chunked_encoder",
        "ConvolutionalLSTMTrunk": "convolutional_lstm_trunk",
        "ConvolutionalTrunk": "convolutional_trunk",
        "DiscriminantTrunk": "discriminant_trunk",
        "DrawingTrunk": "drawing_trunk",
        "ImageTrunk": "image_trunk",
        "JoinedTrunk": "joined_trunk",
        "LSTMTrunk": "lstm_trunk",
        "PixelEncoder": "pixel_encoder",
        "RawWaveformTrunk": "raw_waveform_trunk",
        "WaveformEncoder": "waveform_encoder",
    },
)
