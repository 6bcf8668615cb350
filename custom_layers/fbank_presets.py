"""Published front ends on Kaldi's filter bank."""

from typing import NamedTuple


class FbankPreset(NamedTuple):
    """Length and normalisation of log-mel features.

    Attributes:
        target_length: frames of every clip.
        mean: of the log-mel values.
        std: of the log-mel values.
        num_stds: by how many standard deviations the values are divided: 2 in AST, 1 in CAV-MAE.
    """

    target_length: int
    mean: float
    std: float
    num_stds: float


FBANK_PRESETS = {
    "ast-audioset": FbankPreset(1024, -4.2677393, 4.5689974, 2.0),
    "ast-esc50": FbankPreset(512, -6.6268077, 5.358466, 2.0),
    "ast-speechcommands": FbankPreset(128, -6.845978, 5.5654526, 2.0),
    "cavmae-audioset": FbankPreset(1024, -5.081, 4.4849, 1.0),
}
"""Of the official code of Gong et al. 2021 (AST) and Gong et al. 2023 (CAV-MAE)."""


def fbank_preset(name: str) -> FbankPreset:
    """Returns a published length and normalisation by its name.

    Raises:
        ValueError: there is none of that name.

    Example:
        >>> fbank_preset("cavmae-audioset")
        FbankPreset(target_length=1024, mean=-5.081, std=4.4849, num_stds=1.0)
    """
    if name not in FBANK_PRESETS:
        raise ValueError(f"`name` must be one of {', '.join(FBANK_PRESETS)}. Received: name={name!r}.")
    return FBANK_PRESETS[name]
