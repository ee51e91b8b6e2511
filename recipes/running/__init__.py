"""Carrying experiments out: what to run, where, and what is kept."""
