"""The report of all experiments: its text, and its two formats, Markdown and HTML.

The command `paper`, which carries out the experiments first, is imported by its own name.
"""

from recipes.reporting.gallery import write_markdown
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.report import Chapter

__all__ = ["Chapter", "html", "markdown", "write_markdown"]
