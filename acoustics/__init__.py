"""Sound in plain NumPy: mel filters, log-mel spectrograms, speech detection, windows, loudness."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "kaldi_fbank": "kaldi_fbank",
        "kaldi_mel_filterbank": "kaldi_mel",
        "SpeechDetector": "speech_detector",
        "hz_to_mel": "mel",
        "log_mel_spectrogram": "log_mel",
        "mel_filterbank": "mel",
        "mel_to_hz": "mel",
        "scale_to_dbfs": "loudness",
    },
)
