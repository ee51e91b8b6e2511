"""The code that made a result, as a digest: it tells results that a later change of the code may have made stale.

What counts is what the code says, and neither where it stands nor how it is laid out: moving a definition to another
file, renaming a file, and editing comments, docstrings or imports change nothing.
"""

import ast
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

import attrs

import fnn
from recipes.running.store import digest

__all__ = ["code_of", "has_source"]

SESSION = "__main__"  # the module of a script, and of what a notebook defines
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
OURS = ("fnn", "recipes")  # none of their modules is used as a value
INSTALLED = ("site-packages", "dist-packages")  # folders of what an installer put there


@attrs.frozen
class _Source:
    """A module: its code, and the package in which its relative imports begin."""

    code: ast.Module
    package: str


def code_of(*named: Any) -> str:
    """A digest of all code that some functions and classes depend on.

    That is the library but for its pictures, and each definition that they reach by its name, in all modules that they
    import, directly or not, and that are not installed: those outside of the standard library and `site-packages`. A
    script and the cells of a notebook are such modules, too. A recipe's figures and claims do not change its runs: they
    do not count.

    Raises `ValueError` for what is defined at a prompt, which keeps no source.
    """
    return _code_of(tuple((each.__module__, each.__qualname__) for each in named), len(_cells()))


def has_source(module: str) -> bool:
    """Whether the source of a module can be read: from its file, or from the cells of a notebook."""
    return _place(module) is not None or (module == SESSION and bool(_cells()))


@lru_cache
def _code_of(places: tuple[tuple[str, str], ...], cells: int) -> str:
    """The digest for a session of that many cells, which a new cell may change; that of a script never changes."""
    sources: dict[str, _Source] = {}
    for module, name in places:
        if not has_source(module):
            raise ValueError(f"the code of {name} cannot be read: put its definition into a file, and import it")
        _add(module, sources)
    statements, reached, names = _statements(sources), set(), [name.partition(".")[0] for _, name in places]
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
    computing = {name: _Source(_parsed(path), "") for name, path in files.items() if not name.startswith("fnn.plot")}
    return sorted({ast.unparse(node) for nodes in _statements(computing).values() for node in nodes})


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _cells() -> list[str]:
    """The cells of the notebook that is running; none elsewhere."""
    return list(filter(None, getattr(sys.modules[SESSION], "In", ())))


def _add(module: str, sources: dict[str, _Source]) -> None:
    """Add a module, and all modules that it imports, directly or not, unless they are installed."""
    path = _place(module)
    if module in sources or (path is None and not has_source(module)):
        return
    code = _latest(_cells()) if path is None else _parsed(path)
    package = module if path is not None and path.stem == "__init__" else module.rpartition(".")[0]
    sources[module] = _Source(code, getattr(sys.modules.get(module), "__package__", None) or package)
    for name in {module for module, *_ in _imports(sources[module])}:
        _add(name, sources)


def _imports(source: _Source) -> Iterator[tuple[str, str, str]]:
    """What a module imports: (module, name in it or "", name here).

    `import a.b` gives two modules, a and a.b. `from a import b` gives b of a, and the module a.b if there is one.
    """
    for node in ast.walk(source.code):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                for n in range(1, 1 + len(parts)):
                    name = ".".join(parts[:n])
                    yield name, "", alias.asname if alias.asname and n == len(parts) else name
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), source.package)
            yield origin, "", ""
            for alias in node.names:
                yield origin, alias.name, alias.asname or alias.name
                yield f"{origin}.{alias.name}", "", alias.asname or alias.name


@lru_cache
def _place(module: str) -> Path | None:
    """The file of a module that is not installed; None for all others, and for the cells of a notebook."""
    top = module.partition(".")[0]
    if top == fnn.__name__ or (top in sys.stdlib_module_names and module != SESSION):
        return None
    try:  # what has been imported says it itself; to find something in a package imports that package
        loaded = sys.modules.get(module)
        found = getattr(loaded, "__file__", None) if loaded else getattr(find_spec(module), "origin", None)
    except (ImportError, ValueError):  # neither a module nor a package
        return None
    path = Path(found or "")
    outside = not path.is_relative_to(sysconfig.get_path("stdlib")) and not set(INSTALLED) & set(path.parts)
    return path if path.suffix == ".py" and path.is_file() and outside else None


def _latest(cells: list[str]) -> ast.Module:
    """The cells as one module; of a name that is defined or assigned several times, the last time counts."""
    statements: dict[str, ast.stmt] = {}
    for cell in cells:
        try:
            found = ast.parse(cell).body
        except SyntaxError:  # it did not run, either
            continue
        for node in found:
            names = _bound(node) if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign)) else []
            key = ", ".join(names) or ast.unparse(node)
            statements.pop(key, None)
            statements[key] = node
    return ast.Module(list(statements.values()), [])


def _statements(sources: Mapping[str, _Source]) -> dict[str, list[ast.stmt]]:
    """The statements at the top level of modules, as bare code, by the names that they bind."""
    found: dict[str, list[ast.stmt]] = {}
    defined = {
        module: {name for node in source.code.body for name in _stored(node)} for module, source in sources.items()
    }
    for here, source in sources.items():
        imported = list(_imports(source))
        modules = {alias: module for module, name, alias in imported if alias and not name and module in sources}
        names = {alias: name for module, name, alias in imported if name and module in sources and alias not in modules}
        for statement in _Bare(set(modules)).visit(source.code).body:
            for name in _bound(statement, defined[here] | names.keys()):
                found.setdefault(name, []).append(statement)
        for alias, name in names.items():
            if alias != name:  # `from module import name as alias`
                found.setdefault(alias, []).append(_naming([name]))
        for alias, module in modules.items():
            if module.partition(".")[0] not in OURS:  # `getattr(alias, name)` may use all that it defines
                found.setdefault(alias, []).append(_naming(sorted(defined[module])))
    return found


def _naming(names: list[str]) -> ast.stmt:
    return ast.Expr(ast.Tuple([ast.Name(name) for name in names]))


class _Bare(ast.NodeTransformer):
    """Removes imports, docstrings and the names of modules from code: `module.f` becomes `f`, wherever f is defined."""

    def __init__(self, modules: set[str]):
        self.modules = modules

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        of_module = _dotted(node.value) in self.modules
        return ast.Name(node.attr, node.ctx) if of_module else super().generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            if isinstance(body := getattr(node, field, None), list) and body:
                setattr(node, field, [each for each in body if not _is_no_code(each)] or [ast.Pass()])
        return node


def _is_no_code(node: ast.stmt) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return text or isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass))


def _dotted(node: ast.expr) -> str:
    """A name with dots, as in `package.module`; "" for any other expression."""
    if isinstance(node, ast.Attribute):
        return f"{inner}.{node.attr}" if (inner := _dotted(node.value)) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _bound(node: ast.stmt, own: Set[str] = frozenset()) -> list[str]:
    """The names that a statement binds, but for those such as `__all__`; its own text if it binds none.

    A statement such as `TABLE.update(a=1)`, or a loop, may change whatever it names of the module's `own` names.
    """
    if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
        return []  # `if __name__ == "__main__":` does nothing in a worker
    found = _stored(node)
    if not isinstance(node, (*DEFINITIONS, ast.Assign, ast.AnnAssign)):
        found += sorted({each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & own)
    return [name for name in found or [ast.unparse(node)] if not name.startswith("__") and name != "pass"]


def _stored(node: ast.stmt) -> list[str]:
    """The names that a statement defines or assigns."""
    if isinstance(node, DEFINITIONS):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    inside = {each for target in targets for each in ast.walk(target)}  # `TABLE["a"] = 1` changes TABLE
    return [
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and (each in inside or not isinstance(each.ctx, ast.Load))
    ]
