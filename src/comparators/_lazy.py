"""Lazy faces (PEP 562): a package lists its public names, and each is imported when it is first asked for."""

import importlib
from collections.abc import Callable


def attach(package: str, names: dict[str, str]) -> tuple[Callable, Callable, list[str]]:
    """Returns `__getattr__`, `__dir__` and `__all__` for a package whose public names live in its modules.

    Args:
        package: the package's `__name__`.
        names: public name -> module that defines it, relative to the package (`"encoder"`) or absolute
            (`"comparators.models.encoder"`).

    Returns:
        The three module attributes, to be assigned in the package's `__init__.py`.

    Example:
        >>> get, listing, public = attach("json", {"JSONDecoder": "decoder"})
        >>> get("JSONDecoder").__name__, public
        ('JSONDecoder', ['JSONDecoder'])
    """

    def __getattr__(name: str):
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}. Public names: {', '.join(sorted(names))}.")
        module = names[name]
        return getattr(importlib.import_module(module if module.startswith("comparators.") else f"{package}.{module}"), name)

    public = sorted(names)
    return __getattr__, lambda: public, public
