"""What the tests of the command line share: a tiny model in a file, recordings, and a way to run a command."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from comparators.command_line import main

RATE = 16_000


@dataclass(frozen=True)
class Run:
    """What a command did: its exit status, and what it wrote to the two streams."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        """The JSON document on stdout; there is nothing else."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys) -> Callable[..., Run]:
    """Runs a command in this process. An error that is not turned into a message fails the test."""

    def run_command(*arguments) -> Run:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main.main([str(argument) for argument in arguments], prog_name="comparators")
        streams = capsys.readouterr()
        assert "Traceback" not in streams.err
        return Run(end.value.code or 0, streams.out, streams.err)

    return run_command


@pytest.fixture(scope="session", autouse=True)
def models_are_loaded_once():
    """Keeps loaded models, with the functions that they compiled, between the commands of all tests."""
    from comparators.models import loading

    loaded, load = {}, loading.load

    def load_once(name_or_path, compile=True):
        key = str(name_or_path)
        if key not in loaded:
            model = load(name_or_path, compile)
            loaded[key] = model, getattr(model, "threshold", None), getattr(model, "calibration", None)
        model, model.threshold, model.calibration = loaded[key]
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load", load_once)
        yield


def tiny_model(seed: int = 0):
    import keras

    from comparators.custom_layers import LogMel
    from comparators.models import AudioEncoder
    from comparators.models.encoders import LSTMTrunk, WaveformEncoder

    keras.utils.set_random_seed(seed)
    trunk = LSTMTrunk(units=8, num_layers=1, embedding_dim=6)
    return AudioEncoder(WaveformEncoder(LogMel(num_mels=16), trunk), minimum_speech_seconds=0.6)


@pytest.fixture(scope="session")
def voices_table(voices) -> pd.DataFrame:
    table = pd.read_csv(voices / "manifest.csv")
    return table.assign(path=[str(voices / name) for name in table["path"]])


@pytest.fixture(scope="session")
def model_path(tmp_path_factory, voices_table) -> Path:
    """A tiny untrained model with a threshold, in a file."""
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    model = tiny_model()
    some = voices_table[voices_table["sentence"] <= 2]
    model.fit_threshold(model.embed(list(some["path"])), some["label"], origin="bundled voices")
    model.save(path)
    return path


@pytest.fixture(scope="session")
def other_model_path(tmp_path_factory) -> Path:
    """Another model, without a threshold."""
    path = tmp_path_factory.mktemp("model") / "other.keras"
    tiny_model(seed=1).save(path)
    return path


@pytest.fixture(scope="session")
def recordings(tmp_path_factory, voices) -> Path:
    """A folder of folders, not to be changed: three voices with three recordings each, all of the same names."""
    folder = tmp_path_factory.mktemp("data") / "recordings"
    for label in ("01", "11", "17"):
        (folder / f"voice-{label}").mkdir(parents=True)
        for sentence in (1, 2, 3):
            samples, rate = soundfile.read(voices / f"voice_{label}_sentence_{sentence}.flac")
            soundfile.write(folder / f"voice-{label}" / f"{sentence}.wav", samples, rate)
    return folder


@pytest.fixture(scope="session")
def speech(voices) -> np.ndarray:
    return soundfile.read(voices / "voice_01_sentence_1.flac", dtype="float32")[0]


@pytest.fixture
def odd_files(tmp_path, speech) -> dict[str, Path]:
    """Recordings that something is wrong with, or that are only unusual, by what that is."""
    folder = tmp_path / "odd"
    folder.mkdir()
    names = ("empty", "truncated", "text", "nan", "zeros", "50_ms", "brief", "telephone", "six_channels", "missing")
    files = {name: folder / f"{name}.wav" for name in names}
    files["empty"].touch()
    soundfile.write(files["truncated"], speech, RATE)
    files["truncated"].write_bytes(files["truncated"].read_bytes()[: len(speech)])
    files["text"].write_text("This is no sound at all. " * 40)
    with_nan = speech.copy()
    with_nan[1000] = np.nan
    soundfile.write(files["nan"], with_nan, RATE, subtype="FLOAT")
    soundfile.write(files["zeros"], np.zeros(RATE), RATE)
    soundfile.write(files["50_ms"], speech[RATE : RATE + RATE // 20], RATE)
    brief = np.pad(speech[RATE : RATE + RATE // 4], RATE // 2)
    soundfile.write(files["brief"], brief, RATE)
    soundfile.write(files["telephone"], speech[::2], RATE // 2)
    soundfile.write(files["six_channels"], np.repeat(np.repeat(speech, 3)[:, None], 6, axis=1), 3 * RATE)
    return files
