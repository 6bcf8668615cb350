"""What all tests share: the repository's folders, its modules one by one, and the data that lies outside of it."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

REPOSITORY = Path(__file__).resolve().parents[1]
SETUPTOOLS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


@dataclass(frozen=True)
class Module:
    """One module of the library: its import name, its file and the package that holds it."""

    name: str
    path: Path
    package: str


def library_modules() -> list[Module]:
    """Returns all modules in the folders that `pyproject.toml` maps to packages."""
    return [
        Module(package if path.stem == "__init__" else f"{package}.{path.stem}", path, package)
        for package, folder in SETUPTOOLS["package-dir"].items()
        for path in sorted((REPOSITORY / folder).glob("*.py"))
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `module` runs once for each module of the library."""
    if "module" in metafunc.fixturenames:
        modules = library_modules()
        metafunc.parametrize("module", modules, ids=[module.name for module in modules])


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def setuptools_table() -> dict:
    return SETUPTOOLS


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    return library_modules()


@pytest.fixture(scope="session")
def fresh_python() -> Callable[[str], str]:
    """Runs a program in a new Python process and returns what it prints."""

    def run(program: str) -> str:
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


@pytest.fixture(scope="session")
def voices() -> Path:
    """The folder of the bundled recordings."""
    return REPOSITORY / "src/comparators/data/voices"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the real recordings, which lie outside of the repository."""
    if not os.environ.get("COMPARATORS_DATA"):
        pytest.skip("needs the real recordings: set COMPARATORS_DATA to the folder that holds them")
    return Path(os.environ["COMPARATORS_DATA"])


@pytest.fixture(scope="session")
def make_video() -> Callable[..., Path]:
    """Writes a tiny video with PyAV: 25 pictures a second, picture i of the level 8 i, a tone in each of two channels.

    Called with its path, whose suffix names the format. With `num_pictures` 0 it has no length; `sound` says whether it
    has sound; `picture` is "levels", an image for all pictures, or None for none; `tones` are in Hz.
    """
    pytest.importorskip("av", reason="needs PyAV to write videos")
    return _make_video


def _make_video(path, num_pictures=25, sound=True, picture="levels", tones=(440.0, 880.0), sample_rate=44_100) -> Path:
    import av
    import numpy as np

    with av.open(str(path), "w") as file:
        streams = []
        if picture is not None:
            levels = [np.full((48, 64, 3), min(8 * number, 255), np.uint8) for number in range(num_pictures)]
            pixels = levels if isinstance(picture, str) else [picture] * num_pictures
            stream = file.add_stream("mjpeg", rate=25)
            stream.pix_fmt = "yuvj444p"
            stream.height, stream.width = pixels[0].shape[:2] if pixels else (48, 64)
            streams.append((stream, [av.VideoFrame.from_ndarray(image, format="rgb24") for image in pixels]))
        if sound:
            times = np.arange(sample_rate * num_pictures // 25) / sample_rate
            samples = np.stack([0.5 * np.sin(2 * np.pi * tone * times) for tone in tones], axis=1)
            blocks = np.split((samples * 32_767).astype(np.int16), range(1024, len(samples), 1024))
            frames = [
                av.AudioFrame.from_ndarray(block.reshape(1, -1), "s16", "stereo") for block in blocks if len(block)
            ]
            for number, frame in enumerate(frames):
                frame.sample_rate, frame.pts = sample_rate, 1024 * number
            streams.append((file.add_stream("pcm_s16le", rate=sample_rate, layout="stereo"), frames))
        file.start_encoding()
        for stream, frames in streams:
            for frame in [*frames, None]:
                file.mux(stream.encode(frame))
    return Path(path)
