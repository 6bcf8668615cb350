"""Lazy faces: names are found when they are asked for, and say what there is when they are not."""

import importlib
import sys

import pytest

import comparators
from comparators._lazy import attach

FILES = {
    "__init__.py": "",
    "area.py": "def area(width, height):\n    return width * height\n",
    "shapes.py": "class Circle:\n    pass\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "lazy_example"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("lazy_example")
    package.__getattr__, package.__dir__, package.__all__ = attach(
        "lazy_example", {"area": "area", "Circle": "shapes"}, submodules=["shapes"]
    )
    yield package
    for name in [name for name in sys.modules if name.split(".")[0] == "lazy_example"]:
        del sys.modules[name]


def test_names_are_imported_when_they_are_asked_for(package):
    assert "lazy_example.shapes" not in sys.modules
    assert package.Circle.__module__ == "lazy_example.shapes"
    assert dir(package) == package.__all__ == ["Circle", "area", "shapes"]


def test_submodules_are_public_names(package):
    assert package.shapes is importlib.import_module("lazy_example.shapes")


def test_a_function_named_like_its_file_stays_in_front_of_it(package):
    importlib.import_module("lazy_example.area")
    assert package.area(2, 3) == 6
    assert package.area(2, 3) == 6


def test_unknown_names_list_the_known_ones():
    with pytest.raises(AttributeError, match=r"has no attribute 'Comparatr'\. Public names: .*Comparator"):
        comparators.Comparatr  # noqa: B018
