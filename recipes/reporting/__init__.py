"""Results in words: what is printed of one recipe; the report of all, and its two formats, Markdown and HTML.

The command `paper`, which carries out the experiments first, is imported by its own name.
"""

from recipes.reporting.gallery import write_markdown
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.printed import describe
from recipes.reporting.report import Chapter

__all__ = ["Chapter", "describe", "html", "markdown", "write_markdown"]
