"""benchmark.md: method.md, then all parts with their pictures, then findings.md."""

from collections.abc import Collection, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

__all__ = ["FINDINGS", "METHOD", "PICTURES", "page"]

METHOD, FINDINGS = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("method.md", "findings.md"))
PICTURES = {  # by the name of their part
    "benchmark": "The median time of every peer in every workload",
    "cost": "The time of an epoch for growing batches, widths, depths and numbers of networks",
    "compiled": "The training losses of the same steps on NumPy and on JAX",
}


def page(parts: Mapping[str, Any], pictures: Collection[str]) -> str:
    """The whole page, from the parts of result.json and the names of the pictures that are there."""

    def picture(name: str) -> list[str]:
        file = f"{name}.png"
        return ["", f"![{PICTURES[name]}]({file})"] if file in pictures else []

    lines = [*METHOD.splitlines(), *picture("benchmark")]
    for conditions, group in groupby(parts.items(), key=lambda part: part[1]["measured"]):
        lines += ["", f"Measured on {conditions}."]
        for name, part in group:
            lines += [*part["lines"], *picture(name)]
    return "\n".join([*lines, "", FINDINGS])
