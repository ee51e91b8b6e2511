"""The code that made a result, as a digest of its source: what changed since may change the result."""

import ast
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import fnn
from recipes.running.store import digest

__all__ = ["code_of"]


@lru_cache
def code_of(module: str) -> str:
    """A digest of all source that the runs of a module depend on: the library, the module, and the recipes it imports.

    Pictures, and the recipe record that says what to draw and to claim, change no run.
    """
    library = Path(fnn.__file__).parent
    sources = {str(path.relative_to(library)): path.read_text() for path in library.rglob("*.py")}
    computing = {path: text for path, text in sources.items() if not path.startswith("plot")}
    return digest({**computing, **_imported(module, {})})


def _imported(module: str, seen: dict[str, str]) -> dict[str, str]:
    """The sources of a module and of the recipes' modules that it imports, directly or not, by name."""
    spec = find_spec(module)
    if module in seen or module in ("recipes.recipe", "recipes.claims") or spec is None or spec.origin is None:
        return seen
    seen = {**seen, module: Path(spec.origin).read_text()}
    for node in ast.walk(ast.parse(seen[module])):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "recipes":
            names = [f"recipes.{name.name}" for name in node.names] if node.module == "recipes" else [node.module]
            for name in names:
                seen = _imported(name, seen)
    return seen
