"""Which module imports which, read from the sources, and the imports that go against an order of modules."""

import ast

from tests.support.paths import ROOT


def module_of(path):
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path, modules):
    """The modules of a package that a file imports anywhere, but for those that only a type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unread = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in unread:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & modules or {node.module} & modules


def place(module, order):
    """The place in the order of the longest entry that a module is, or lies in; None if it has none."""
    entries = [entry for entry in order if module == entry or module.startswith(f"{entry}.")]
    return order.index(max(entries, key=len)) if entries else None


def wrong_arrows(package, order):
    """The imports "a -> b" of a package in which b stands below a in the order, or a or b does not stand there."""
    paths = {module_of(path): path for path in sorted((ROOT / package).rglob("*.py"))}
    wrong = []
    for module, path in paths.items():
        for other in imported(path, set(paths)):
            own, its = place(module, order), place(other, order)
            if own is None or its is None or its > own:
                wrong.append(f"{module} -> {other}")
    return sorted(set(wrong))
