"""The published GE2E speaker encoder: its file in, an `AudioEncoder` out."""

import os
from collections.abc import Mapping

import numpy as np

from comparators.custom_layers.ge2e import GE2E
from comparators.custom_layers.mel_spectrogram import MelSpectrogram
from comparators.generators.audio_reader import AudioReader
from comparators.models.audio_encoder import AudioEncoder
from comparators.models.convert import load_state, read_state
from comparators.models.encoders.lstm_trunk import LSTMTrunk
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.frame_windows import FrameWindows
from comparators.models.torch_checkpoint import read_torch_checkpoint

SAMPLE_RATE = 16_000
NUM_MELS = 40
# 1.3 windows of 1.6 s a second, in frames of 10 ms: round(100 / 1.3).
WINDOWS = FrameWindows(length=160, hop=77, min_coverage=0.75, pad=True)
LEVEL_DBFS = -30.0
_OBJECTIVE_NAMES = ("similarity_weight", "similarity_bias")


def load_resemblyzer(path: str | os.PathLike) -> AudioEncoder:
    """Reads the speaker encoder that the Resemblyzer package ships, weights and front end.

    The front end is 40 mel bands without a logarithm in windows of 25 ms every 10 ms, of recordings raised to -30 dBFS
    (never lowered); the embeddings of windows of 160 frames are averaged. The learnt scale and bias of GE2E come along,
    so that training can go on. PyTorch is not needed.

    Args:
        path: `pretrained.pt` of the installed package, or a checkpoint of the same network.

    Returns:
        The encoder, without a threshold: fit one with `fit_threshold` on recordings like yours.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no checkpoint, or not of this network; the names that do not fit are listed.

    Example:
        >>> load_resemblyzer("missing.pt")
        Traceback (most recent call last):
        FileNotFoundError: There is no checkpoint at missing.pt. Give the path of a file that `torch.save` wrote.

    Reference:
        Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP 2018;
        https://github.com/resemble-ai/Resemblyzer.
    """
    checkpoint = read_torch_checkpoint(path)
    if not isinstance(checkpoint, Mapping) or not isinstance(checkpoint.get("model_state"), Mapping):
        raise ValueError(
            f"{os.fspath(path)} is a checkpoint of another kind: it has no `model_state`. "
            "Expected the `pretrained.pt` of the Resemblyzer package."
        )
    state = read_state(checkpoint["model_state"])
    scale, bias = (
        float(np.squeeze(state.pop(name, start))) for name, start in zip(_OBJECTIVE_NAMES, (10.0, -5.0), strict=True)
    )
    trunk = LSTMTrunk(activation="relu", name="trunk")
    set_trunk_state(trunk, state, NUM_MELS)
    front_end = MelSpectrogram(
        SAMPLE_RATE, fft_length=400, window_length=400, hop_length=160, num_mels=NUM_MELS, name="front_end"
    )
    reader = AudioReader.trimming(SAMPLE_RATE, level_dbfs=LEVEL_DBFS)
    objective = GE2E(scale=scale, bias=bias)
    return AudioEncoder(WaveformEncoder(front_end, trunk), objective, reader=reader, windows=WINDOWS)


def set_trunk_state(trunk: LSTMTrunk, state: Mapping[str, np.ndarray], num_features: int) -> None:
    """Sets a trunk's weights from the PyTorch state of `lstm` (`torch.nn.LSTM`) and `linear` (`torch.nn.Linear`).

    PyTorch's gate order input, forget, cell, output is Keras's; matrices are transposed and its two biases added.

    Args:
        trunk: the trunk; built here where it is not.
        state: name -> array, exactly the names and shapes that the trunk's sizes ask for.
        num_features: values in a frame of features.

    Raises:
        ValueError: a name is missing, has no place in the trunk, or has another shape; all of them are listed.

    Example:
        >>> trunk = LSTMTrunk(units=2, num_layers=1, embedding_dim=3)
        >>> state = {name: np.zeros(shape) for name, shape in state_shapes(trunk, num_features=4).items()}
        >>> set_trunk_state(trunk, state, num_features=4)
        >>> trunk.count_params()
        65
    """
    _build(trunk, num_features)
    load_state(trunk, state)


def state_shapes(trunk: LSTMTrunk, num_features: int) -> dict[str, tuple[int, ...]]:
    """Returns the names and shapes of the PyTorch state that fits a trunk; it is built where it is not."""
    _build(trunk, num_features)
    return {name: weight.shape for weight in trunk.torch_weights() for name in weight.names}


def _build(trunk: LSTMTrunk, num_features: int) -> None:
    if not trunk.built:
        trunk.build((None, None, num_features))
