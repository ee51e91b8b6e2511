"""Late imports: a package imports some of its modules when a name of theirs is first asked for."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["late"]


def late(package: str, names: Mapping[str, Sequence[str]]) -> None:
    """Let a package find names in modules that it has not imported; its `__init__.py` calls this with its own name.

    package   the name of the package
    names     by module, the names that the package takes from it; the modules of the package are such names, too

    Python calls `__getattr__` for a name that a package lacks. The module of the name is then imported, and the name
    set in the package. Where a module, which Python sets in its package, has the name of a function that the package
    takes from it, `__setattr__` sets the function instead.

    >>> numbers = sys.modules["numbers_of_mine"] = ModuleType("numbers_of_mine")
    >>> late("numbers_of_mine", {"math": ["pi"]})
    >>> "pi" in vars(numbers), numbers.pi, "pi" in vars(numbers)
    (False, 3.141592653589793, True)
    """
    home = {module.rpartition(".")[2]: module for module in names if module.startswith(f"{package}.")}
    home |= {name: module for module, own in names.items() for name in own}

    class Late(ModuleType):
        def __getattr__(self, name: str) -> Any:
            if name not in home:
                raise AttributeError(f"module {package!r} has no attribute {name!r}")
            setattr(self, name, import_module(home[name]))
            return vars(self)[name]

        def __setattr__(self, name: str, value: Any) -> None:
            if isinstance(value, ModuleType) and name in names.get(value.__name__, ()):
                value = getattr(value, name)
            super().__setattr__(name, value)

        def __reduce__(self) -> tuple[Any, ...]:
            return import_module, (package,)  # for cloudpickle, which knows modules by their very type

        def __dir__(self) -> list[str]:
            return sorted({*vars(self), *home})

    sys.modules[package].__class__ = Late
