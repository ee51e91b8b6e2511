"""The code that made a result, as a digest: it tells results that a later change of the code may have made stale.

What counts is what the code says, and neither where it stands nor how it is laid out: moving a definition to another
file, renaming a file, and editing comments, docstrings or imports change nothing.
"""

import ast
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

import fnn
from recipes.running.store import digest

__all__ = ["code_of"]


def code_of(*named: Any) -> str:
    """A digest of all code that some functions and classes depend on.

    That is the library but for its pictures, and each definition that they reach by its name, in the modules that they
    import of the recipes and of their own package. A recipe's figures and claims do not change its runs: they do not
    count.
    """
    return _code_of(tuple((each.__module__, each.__qualname__) for each in named))


@lru_cache
def _code_of(places: tuple[tuple[str, str], ...]) -> str:
    files: dict[str, Path] = {}
    for module, _ in places:
        _add_imported(module, {"recipes", module.partition(".")[0]}, files)
    statements, reached, names = _statements(files), set(), [name.partition(".")[0] for _, name in places]
    while names:
        for node in statements.pop(names.pop(), ()):
            reached.add(ast.unparse(node))
            names += [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return digest({"library": _library(), "of": [name for _, name in places], "reached": sorted(reached)})


@lru_cache
def _library() -> list[str]:
    folder = Path(fnn.__file__).parent
    paths = {path.relative_to(folder.parent).with_suffix(""): path for path in folder.rglob("*.py")}
    files = {".".join(name.parts).removesuffix(".__init__"): path for name, path in paths.items()}
    computing = {name: path for name, path in files.items() if not name.startswith("fnn.plot")}
    return sorted({ast.unparse(node) for nodes in _statements(computing).values() for node in nodes})


def _add_imported(module: str, packages: set[str], files: dict[str, Path]) -> None:
    """Add the file of a module, and of all modules of some packages that it imports, directly or not."""
    this = import_module(module)
    if module in files or not getattr(this, "__file__", None):
        return
    files[module] = Path(str(this.__file__))
    for node in ast.walk(ast.parse(files[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), this.__package__)
            for name in [source, *(f"{source}.{alias.name}" for alias in node.names)]:
                if name.partition(".")[0] in packages and (name == source or _is_module(name)):
                    _add_imported(name, packages, files)


def _is_module(name: str) -> bool:
    parent = import_module(name.rpartition(".")[0])
    return hasattr(parent, "__path__") and find_spec(name) is not None


def _statements(files: Mapping[str, Path]) -> dict[str, list[ast.stmt]]:
    """The statements at the top level of modules, as bare code, by the names that they bind."""
    found: dict[str, list[ast.stmt]] = {}
    for path in files.values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        aliases = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if f"{node.module}.{alias.name}" in files
        }
        for statement in _Bare(aliases).visit(tree).body:
            for name in _bound(statement):
                found.setdefault(name, []).append(statement)
    return found


class _Bare(ast.NodeTransformer):
    """Removes imports, docstrings and the names of modules from code: `module.f` becomes `f`, wherever f is defined."""

    def __init__(self, modules: set[str]):
        self.modules = modules

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        of_module = isinstance(node.value, ast.Name) and node.value.id in self.modules
        return ast.Name(node.attr, node.ctx) if of_module else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            if isinstance(body := getattr(node, field, None), list) and body:
                setattr(node, field, [each for each in body if not _is_no_code(each)] or [ast.Pass()])
        return node


def _is_no_code(node: ast.stmt) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return text or isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass))


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement binds, but for those such as `__all__`; its own text if it binds none."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    return [name for name in names or [ast.unparse(node)] if not name.startswith("__") and name != "pass"]
