"""Who may import whom: a room knows its neighbours and nobody else."""

import ast

import pytest

ROOMS_THAT_A_ROOM_IMPORTS = {
    "metrics": set(),
    "acoustics": set(),
    "custom_layers": {"acoustics"},
    "generators": {"acoustics"},
    "losses": {"custom_layers"},
    "recognition": {"metrics", "acoustics"},
    "plots": {"metrics", "recognition", "acoustics"},
    "models": {"custom_layers", "losses", "generators", "metrics", "recognition"},
    "callbacks": {"metrics", "recognition", "plots"},
    "pretrained_models": set(),
}
ROOMS_WITHOUT_KERAS = ("metrics", "acoustics", "recognition", "plots")
KERAS_AND_BACKENDS = {"keras", "tensorflow", "jax", "torch"}


def imported_modules(module) -> list[str]:
    """Returns the full names of all modules that a file imports, also inside of functions."""
    names = []
    for node in ast.walk(ast.parse(module.path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.path}:{node.lineno}: a relative import; write the absolute one"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def room(module_name: str) -> str | None:
    """Returns the room of a module of the library; None for the face (`comparators`, its command line, `_lazy`)."""
    parts = module_name.split(".")
    return parts[1] if parts[0] == "comparators" and len(parts) > 1 and parts[1] in ROOMS_THAT_A_ROOM_IMPORTS else None


def test_room_imports_only_its_neighbours(module):
    here = room(module.name)
    if here is None:
        pytest.skip("the face may import all rooms")
    allowed = ROOMS_THAT_A_ROOM_IMPORTS[here] | {here}
    for name in imported_modules(module):
        if name.split(".")[0] == "comparators" and not name.startswith("comparators._lazy"):
            assert room(name) in allowed, f"{module.name} imports {name}; {here} may import {sorted(allowed)}"


def test_imports_are_by_the_full_name(module, setuptools_table):
    folders = {folder.split("/")[0] for folder in setuptools_table["package-dir"].values()}
    bare = [name for name in imported_modules(module) if name.split(".")[0] in folders]
    assert not bare, f"{module.name} imports {bare}; write comparators.{bare[0] if bare else ''}"


def test_rooms_without_keras_never_name_it(module):
    if room(module.name) in ROOMS_WITHOUT_KERAS:
        found = [name for name in imported_modules(module) if name.split(".")[0] in KERAS_AND_BACKENDS]
        assert not found, f"{module.name} imports {found}"


def test_rooms_without_keras_do_not_load_it(modules, fresh_python):
    names = [module.name for module in modules if room(module.name) in ROOMS_WITHOUT_KERAS]
    program = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print(*({KERAS_AND_BACKENDS!r} & set(sys.modules)))"
    )
    assert fresh_python(program).split() == []


def test_every_room_has_its_row(setuptools_table):
    rooms = {package.split(".")[1] for package in setuptools_table["packages"] if "." in package}
    assert rooms - {"command_line"} <= set(ROOMS_THAT_A_ROOM_IMPORTS)
