"""The bundled recordings, for the demo, the examples and the tests."""

from importlib import resources

import pandas as pd

from comparators.generators.manifest import read_manifest


def bundled_voices() -> pd.DataFrame:
    """Returns the table of the bundled recordings: 24 synthetic voices, 6 sentences each, about 3 s a sentence.

    They show that the software works; figures of real speakers need real speakers.

    Returns:
        A manifest with the columns `path`, `label`, `sentence`, `language`, `text`, `seconds` and others.

    Example:
        >>> voices = bundled_voices()
        >>> len(voices), voices.label.nunique()
        (144, 24)
    """
    return read_manifest(str(resources.files("comparators") / "data" / "voices" / "manifest.csv"))
