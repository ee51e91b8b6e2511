"""Checkpoints: save parameters and whole trainings to a file, and load them back bit by bit.

A checkpoint's bytes are made and written in this order, by one module a step:

1. `checkpoint.save` checks `meta`, the suffix of the file and the limits on its size, and calls the other steps.
2. `description.encode` takes the value apart: into a description of it and its arrays by name.
3. `npz.archive` lays the description, as JSON, and the arrays out as the bytes of an uncompressed .npz file;
   `npz.with_digest` appends their SHA-256.
4. `files.replace` writes these bytes to `.NAME.partial` in the same folder, syncs this file to the disk, renames it to
   NAME and syncs the folder. No other function writes files. `partial.created` makes and locks the partial file.

`checkpoint.load` goes the other way: it reads the whole file, compares the SHA-256, and calls `npz.read_text`,
`npz.read_arrays` and `decode.decode`. Then it repeats steps 2 and 3 with the decoded value, and refuses the file unless
the bytes are the same. So a damaged or forged file is never loaded, and nothing in a file is ever executed.
"""

from fnn.checkpoint.checkpoint import CheckpointError, load, read_meta, save

__all__ = ["CheckpointError", "load", "read_meta", "save"]
