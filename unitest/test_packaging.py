"""The table of packages in `pyproject.toml` says what lies in the folders; the wheel itself is tested in `wheel/`."""

import re
import subprocess
import tomllib

import pytest

NOT_PACKAGES = {"unitest", "examples", "benchmarks"}


def test_packages_are_the_folders_with_an_init_file(repository, setuptools_table):
    folders = {
        path.parent.relative_to(repository).as_posix()
        for path in repository.rglob("__init__.py")
        if path.relative_to(repository).parts[0] not in NOT_PACKAGES | {"build"}
        and not any(part.startswith((".", "venv")) for part in path.relative_to(repository).parts)
    }
    assert set(setuptools_table["package-dir"].values()) == folders
    assert sorted(setuptools_table["packages"]) == sorted(setuptools_table["package-dir"])


def test_package_names_follow_their_folders(setuptools_table):
    for package, folder in setuptools_table["package-dir"].items():
        inside = package.removeprefix("comparators").removeprefix(".").replace(".", "/")
        assert folder in (inside, f"src/comparators/{inside}".rstrip("/")), f"{package} is mapped to {folder}"


def test_every_data_file_is_package_data_or_left_out_on_purpose(repository, setuptools_table):
    left_out = re.compile(r"src/comparators/data/make_voices\.py|pretrained_models/\w+/(?!.*\.keras$|card\.md$).*")
    tracked = subprocess.run(["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    packaged = {
        path.relative_to(repository).as_posix()
        for package, patterns in setuptools_table["package-data"].items()
        for pattern in patterns
        for path in (repository / setuptools_table["package-dir"][package]).glob(pattern)
    }
    folders = set(setuptools_table["package-dir"].values())
    for name in tracked.stdout.splitlines():
        is_module = name.endswith(".py") and name.rpartition("/")[0] in folders
        if name.startswith(tuple(f"{folder}/" for folder in folders)) and not is_module:
            assert name in packaged or left_out.fullmatch(name), f"{name} would be missing from the wheel"


def test_requirements_are_read_from_their_file_and_tests_need_no_torch(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    requirements = (repository / "requirements.txt").read_text(encoding="utf-8").split()
    extras = project["project"]["optional-dependencies"]
    for requirement in requirements + extras["test"] + extras["jax"]:
        assert not re.match(r"(torch|resemblyzer)\b", requirement, re.IGNORECASE)
