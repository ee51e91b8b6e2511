"""Reporting experiments: claims in words, the report, the page."""
