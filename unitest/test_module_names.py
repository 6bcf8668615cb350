"""A class that is imported under two names is registered twice, and a saved model is then read with the wrong one."""

import importlib
import inspect
import subprocess
import sys
from types import ModuleType


def test_no_module_is_loaded_by_its_bare_folder_name(modules, setuptools_table):
    rooms = {folder.split("/")[0] for folder in setuptools_table["package-dir"].values()} - {"src"}
    names = [module.name for module in modules]
    program = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print(*({rooms!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_every_keras_class_is_registered_once(modules):
    import keras

    bases = (keras.Layer, keras.Loss, keras.Metric, keras.constraints.Constraint, keras.initializers.Initializer)
    for module in modules:
        loaded = importlib.import_module(module.name)
        for name, value in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(value, bases) and value.__module__ == module.name and not name.startswith("_"):
                registered = f"comparators>{name}"
                assert keras.saving.get_registered_name(value) == registered, f"{module.name}.{name} is not registered"
                assert keras.saving.get_registered_object(registered) is value, f"{registered} is registered twice"


def test_public_names_of_each_room_can_be_imported(setuptools_table):
    for package in setuptools_table["packages"]:
        face = importlib.import_module(package)
        for name in getattr(face, "__all__", ()):
            value = getattr(face, name)
            assert getattr(face, name) is value, f"{package}.{name} changes when it is asked for twice"
            if package != "comparators":
                assert not isinstance(value, ModuleType), f"{package}.{name} is a module"


def test_a_function_named_like_its_file_is_not_hidden_by_it(setuptools_table):
    for package in setuptools_table["packages"]:
        face = importlib.import_module(package)
        for name in getattr(face, "__all__", ()):
            if f"{package}.{name}" in sys.modules and package != "comparators":
                assert getattr(face, name) is getattr(sys.modules[f"{package}.{name}"], name)
