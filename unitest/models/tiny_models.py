"""Tiny comparators for tests: whole structure, few weights."""

import keras

from comparators.custom_layers import GE2E, LogMel, PixelNormalization
from comparators.generators.audio_reader import AudioReader
from comparators.models import AudioEncoder, Encoder, ImageEncoder
from comparators.models.encoders import ImageTrunk, LSTMTrunk, PixelEncoder, WaveformEncoder
from comparators.models.frame_windows import FrameWindows


def tiny_waveform_encoder(embedding_dim: int = 6) -> WaveformEncoder:
    return WaveformEncoder(LogMel(num_mels=16), LSTMTrunk(units=8, num_layers=1, embedding_dim=embedding_dim))


def tiny_audio_encoder(windows: FrameWindows | None = None, embedding_dim: int = 6, trim=None) -> AudioEncoder:
    return AudioEncoder(tiny_waveform_encoder(embedding_dim), GE2E(), reader=AudioReader(trim=trim), windows=windows)


def tiny_image_encoder(mode: str = "grey", reader=None, augmentation=()) -> ImageEncoder:
    trunk = ImageTrunk(channels=(4, 8), embedding_dim=6)
    shape = (12, 12, 1 if mode == "grey" else 3)
    return ImageEncoder(PixelEncoder(PixelNormalization("tf"), trunk, shape, augmentation), GE2E(), reader=reader)


def tiny_encoder(objective=None, kernel_regularizer=None) -> Encoder:
    dense = keras.layers.Dense(4, kernel_regularizer=kernel_regularizer)
    return Encoder(keras.Sequential([keras.Input((8,)), dense]), objective=objective)
