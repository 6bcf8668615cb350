"""A class that is imported under two names is registered twice, and a saved model is then read with the wrong one."""

import importlib
import inspect
from types import ModuleType


def test_no_module_is_loaded_by_its_bare_folder_name(modules, setuptools_table, fresh_python):
    rooms = {folder.split("/")[0] for folder in setuptools_table["package-dir"].values()} - {"src"}
    names = [module.name for module in modules]
    program = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print(*({rooms!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    assert fresh_python(program).split() == []


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


def test_public_names_are_never_hidden_by_the_files_that_define_them(modules, setuptools_table):
    for module in modules:
        importlib.import_module(module.name)
    for package in setuptools_table["packages"]:
        face = importlib.import_module(package)
        for name in getattr(face, "__all__", ()):
            value = getattr(face, name)
            assert getattr(face, name) is value, f"{package}.{name} changes when it is asked for twice"
            if package != "comparators":
                assert not isinstance(value, ModuleType), f"{package}.{name} is a module"
