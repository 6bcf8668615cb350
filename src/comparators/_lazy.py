"""Lazy faces (PEP 562): a package lists its public names, and each is imported when it is first asked for."""

import importlib
import sys
from collections.abc import Callable, Sequence
from types import ModuleType


def attach(
    package: str, names: dict[str, str], submodules: Sequence[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Returns `__getattr__`, `__dir__` and `__all__` for a package whose public names live in its modules.

    Args:
        package: the package's `__name__`.
        names: public name -> module that defines it, relative to the package (`"encoder"`) or absolute
            (`"comparators.models.encoder"`).
        submodules: modules of the package that are public as they are (`"metrics"`).

    Returns:
        The three module attributes, to be assigned in the package's `__init__.py`.

    Example:
        >>> import comparators.metrics
        >>> comparators.metrics.equal_error_rate.__module__
        'comparators.metrics.verification'
    """

    class LazyFace(ModuleType):
        def __setattr__(self, name: str, value: object) -> None:
            # Importing a submodule binds it to the package: a public function named like its file stays in front.
            if isinstance(value, ModuleType) and names.get(name) == name:
                value = getattr(value, name)
            super().__setattr__(name, value)

    def __getattr__(name: str) -> object:  # noqa: N807
        if name in submodules:
            return importlib.import_module(f"{package}.{name}")
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}. Public names: {', '.join(public)}.")
        module = names[name] if names[name].startswith("comparators.") else f"{package}.{names[name]}"
        return getattr(importlib.import_module(module), name)

    sys.modules[package].__class__ = LazyFace
    public = sorted([*names, *submodules])
    return __getattr__, lambda: public, public
