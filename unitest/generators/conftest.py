from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image


@pytest.fixture(scope="session")
def recordings(tmp_path_factory) -> pd.DataFrame:
    """A table of 6 labels with 1 to 5 short recordings each, in two corpora; the samples count up, so all differ."""
    folder = tmp_path_factory.mktemp("recordings")
    rows = []
    for number in range(21):
        label = "abcdef"[int(np.sqrt(2 * number + 0.25) - 0.5)]
        path = Path(folder, f"{label}{number}.wav")
        ramp = (100 * number + np.arange(800 * (1 + number % 5))) / 32_768
        soundfile.write(path, ramp, 16_000, subtype="PCM_16")
        rows.append({"path": str(path), "label": label, "corpus": "north" if label in "bdf" else "south"})
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def images(tmp_path_factory) -> pd.DataFrame:
    """A table of 4 labels with 3 small grey images each; all pixels of image `i` have the value 10 `i`."""
    folder = tmp_path_factory.mktemp("images")
    rows = []
    for number in range(12):
        path = Path(folder, f"{number}.png")
        Image.fromarray(np.full((5, 6), 10 * number, np.uint8)).save(path)
        rows.append({"path": str(path), "label": "abcd"[number // 3]})
    return pd.DataFrame(rows)
