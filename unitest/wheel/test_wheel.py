"""The installed wheel works without the repository: `.ci/run` copies this file elsewhere and runs it there.

`COMPARATORS_CHECKOUT` names the repository that the wheel was built from.
"""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

import comparators

INSTALLED = Path(comparators.__file__).parent

pytestmark = pytest.mark.skipif(
    "site-packages" not in INSTALLED.parts, reason="tests the installed wheel: `.ci/run` builds and installs one"
)


def run(*arguments: str, cwd: Path) -> str:
    """Runs the installed command line and returns what it prints."""
    program = Path(sys.executable).with_name("comparators")
    result = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, f"comparators {' '.join(arguments)}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_wheel_holds_the_modules_and_data_of_the_repository():
    checkout = os.environ.get("COMPARATORS_CHECKOUT")
    if not checkout:
        pytest.skip("needs COMPARATORS_CHECKOUT, the repository that the wheel was built from")
    table = tomllib.loads(Path(checkout, "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    expected = set()
    for package, folder in table["package-dir"].items():
        for pattern in ("*.py", *table["package-data"].get(package, ())):
            expected |= {
                Path(*package.split("."), path.relative_to(Path(checkout, folder))).as_posix()
                for path in Path(checkout, folder).glob(pattern)
            }
    files = {file.as_posix() for file in distribution("comparators").files}
    assert {name for name in files if name.startswith("comparators/") and "__pycache__" not in name} == expected
    assert any(name.endswith("LICENSE") for name in files)


def test_version_is_that_of_the_distribution():
    assert comparators.__version__ == distribution("comparators").version


def test_every_public_name_can_be_imported():
    for name in comparators.__all__:
        assert getattr(comparators, name) is not None


def test_shipped_encoder_tells_the_bundled_voices_apart():
    recordings = comparators.bundled_voices()
    embeddings = comparators.load("speaker-encoder").embed(recordings)
    assert len(embeddings) == 144
    assert np.isfinite(embeddings).all()
    scores, same = comparators.metrics.pair_scores(embeddings, recordings.label)
    assert comparators.metrics.equal_error_rate(scores, same) < 0.2


def test_demo_writes_its_folder(tmp_path):
    run("demo", "-o", "demonstration", cwd=tmp_path)
    written = {path.suffix for path in (tmp_path / "demonstration").rglob("*")}
    assert {".png", ".csv"} <= written


def test_command_line_verifies_two_files(tmp_path):
    files = comparators.bundled_voices().path[:2]
    assert json.loads(run("verify", *files, "--json", cwd=tmp_path))
