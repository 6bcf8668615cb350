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
