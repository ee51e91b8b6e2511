"""Checkpoints: save parameters and whole trainings to a file, and load them back bit by bit.

A checkpoint is made in this order, by one module a step:

1. `checkpoint.save` checks `meta`, the suffix of the file and the limits on its size, and calls the other steps.
2. `description.encode` takes the value apart: into a description of it and its arrays by name.
3. `npz.archive` lays the description, as JSON, and the arrays out as the bytes of an uncompressed .npz file;
   `npz.with_digest` appends their SHA-256.
4. `files.replace` writes these bytes; no other function writes files. `partial.created` makes its partial file.

`checkpoint.load` calls `npz.read_text`, which compares the SHA-256, `npz.read_arrays` and `decode.decode`. Then it
repeats steps 2 and 3 with the decoded value, and refuses the file unless the bytes are the same. So a damaged or forged
file is never loaded, and nothing in a file is ever executed.
"""

from fnn.checkpoint.checkpoint import CheckpointError, load, read_meta, save

__all__ = ["CheckpointError", "load", "read_meta", "save"]
