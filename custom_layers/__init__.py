"""Keras layers: front ends, pooling, normalisation, augmentation, objectives with weights."""

from comparators._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AddBabble": "add_babble",
        "AddNoise": "add_noise",
        "AttentiveStatisticsPooling": "attentive_statistics_pooling",
        "BandLimit": "band_limit",
        "CosineClassifier": "cosine_classifier",
        "GE2E": "ge2e",
        "InBatchPairs": "in_batch_pairs",
        "L2Normalization": "l2_normalization",
        "l2_normalize": "l2_normalization",
        "LevelStatistics": "level_statistics",
        "LogMel": "log_mel",
        "MaskedBatchNormalization": "masked_batch_normalization",
        "MaskedConv1D": "masked_conv1d",
        "MelSpectrogram": "mel_spectrogram",
        "MultiHeadStatisticsPooling": "multi_head_statistics_pooling",
        "Objective": "objective",
        "RandomGain": "random_gain",
        "RandomShift": "random_shift",
        "RoomReverberation": "room_reverberation",
        "SimilarityHead": "similarity_head",
        "SpecAugment": "spec_augment",
        "SpeedChange": "speed_change",
        "StatisticsPooling": "statistics_pooling",
        "UtteranceNormalization": "utterance_normalization",
        "WaveformAugmentation": "waveform_augmentation",
        "WaveformFrames": "waveform_frames",
        "WeightedObjectives": "weighted_objectives",
        "sequence_mask": "sequence_mask",
        "zero_padding": "sequence_mask",
    },
)
