"""The report of all experiments: its text, and its two formats, Markdown and HTML."""
