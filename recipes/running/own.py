"""Recipes that users write, found by the path of the file or by the name of the module."""

import os
import sys
from importlib import import_module
from pathlib import Path

from recipes.recipe import OptionError, Recipe

__all__ = ["is_own", "own"]


def is_own(name: str) -> bool:
    """Whether a name is that of a file or of a module, and not of a recipe.

    >>> is_own("study.py"), is_own("folder/study.py"), is_own("package.study"), is_own("mnist")
    (True, True, True, False)
    """
    return "." in name or os.sep in name or "/" in name


def own(name: str) -> Recipe:
    """The value `RECIPE` of a file, "path/to/study.py", or of a module, "package.study".

    A file is imported as Python imports it: from the folder around its outermost package. Worker processes look for
    modules in that folder, too. Raises `OptionError` if there is no such file or module, or no recipe in it.
    """
    path = Path(name)
    of_file = path.suffix == ".py" or len(path.parts) > 1
    if of_file and not path.is_file():
        raise OptionError(f"no file {name}; a recipe of your own is path/to/study.py or package.study")
    module = _module_of(path.resolve()) if of_file else name
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise  # it is something that the module imports
        raise OptionError(f"no module {name}; Python looks in {', '.join(filter(None, sys.path[:2]))} ...") from error
    if of_file and Path(found.__file__ or "").resolve() != path.resolve():
        raise OptionError(f"{name} has the name of another module, {found.__file__}; give the file another name")
    recipe = getattr(found, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        came = "no RECIPE" if recipe is None else f"a RECIPE of type {type(recipe).__name__}"
        raise OptionError(f"{name} has {came}; write RECIPE = study.study(...) or Recipe(...), as in recipes/README.md")
    return recipe


def _module_of(path: Path) -> str:
    """The name under which a file can be imported, from a folder that is now among those of `sys.path`."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").exists():
        parts, folder = [folder.name, *parts], folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return ".".join(parts)
