"""Clips for the tests of CAV-MAE's commands: sounds of a pitch, frames with a bar of a colour, and a manifest."""

import json
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

RATE = 16_000
LABELS = ("dog", "rain")
NUM_FRAMES = 3


def write_clips(folder: Path, num_clips: int = 12) -> list[dict]:
    """Writes clips in the layout of `extract-video`, with `manifest.json`, and returns its rows.

    The first clip is silent, and its frames are black.
    """
    random, rows = np.random.default_rng(0), []
    (folder / "sound").mkdir(parents=True)
    for number in range(num_clips):
        name, label = f"{number:03d}", number % len(LABELS)
        time = np.arange(9_000 + 300 * number) / RATE
        waveform = 0.3 * np.sin(2 * np.pi * 300 * 4**label * time) + 0.01 * random.normal(size=len(time))
        soundfile.write(folder / f"sound/{name}.wav", waveform * (number > 0), RATE)
        for frame in range(NUM_FRAMES):
            pixels = random.integers(0, 60, (28, 28, 3)).astype(np.uint8)
            pixels[:, 8:20, label] = 220
            (folder / f"frames/frame_{frame}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels * (number > 0)).save(folder / f"frames/frame_{frame}/{name}.jpg")
        row = {"video_id": name, "wav": f"sound/{name}.wav", "video_path": "frames"}
        rows.append(row | {"labels": f"/m/{LABELS[label]}"})
    write_manifest(folder / "manifest.json", rows)
    (folder / "labels.csv").write_text("index,mid,display_name\n0,/m/rain,Rain\n1,/m/dog,Dog\n")
    return rows


def write_manifest(path: Path, rows: list[dict]) -> Path:
    path.write_text(json.dumps({"data": rows}))
    return path
