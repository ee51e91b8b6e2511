"""What the sources of the recipes share: nothing that is worth writing twice."""

import ast
from itertools import combinations
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[3] / "recipes"
MOST = 5  # lines


def lines_of(source):
    """The lines of a module without imports, docstrings, comments and blank lines."""
    tree = ast.parse(source)
    left_out = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        ):
            left_out |= set(range(node.lineno, node.end_lineno + 1))
    lines = [line.strip() for i, line in enumerate(source.splitlines(), 1) if i not in left_out]
    return [line for line in lines if line and not line.startswith("#")]


def shared(a, b, n=MOST + 1):
    """The blocks of n lines that two lists of lines have in common."""
    blocks = [{tuple(lines[i : i + n]) for i in range(len(lines) - n + 1)} for lines in (a, b)]
    return blocks[0] & blocks[1]


def test_no_two_recipes_share_six_lines():
    sources = {
        str(path.relative_to(RECIPES)): lines_of(path.read_text(encoding="utf-8"))
        for path in sorted(RECIPES.rglob("*.py"))
    }
    assert len(sources) > 20
    for (name, a), (other, b) in combinations(sources.items(), 2):
        assert not shared(a, b), f"{name} and {other}"


@pytest.mark.parametrize(("n", "found"), [(6, True), (5, False)])
def test_six_lines_in_common_are_found(n, found):
    common = "".join(f"x{i} = f(\n" for i in range(n)) + ")" * n
    module = '"""Text."""\n\nimport os\n\n# why\n'
    first, second = (lines_of(f"{module}{common}\n{end}") for end in ("a = 1", "b = 2"))
    assert bool(shared(first[:n], second[:n])) is found
