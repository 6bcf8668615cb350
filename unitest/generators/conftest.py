from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile


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
