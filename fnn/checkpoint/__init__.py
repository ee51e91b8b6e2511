"""Checkpoints: parameters and whole trainings in a file, kept safely and read back strictly."""

from fnn.checkpoint.checkpoint import CheckpointError, load, read_meta, save

__all__ = ["CheckpointError", "load", "read_meta", "save"]
