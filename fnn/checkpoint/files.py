"""Files that are replaced as a whole: a reader finds the old content or all of the new, also after a crash."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO

from fnn.checkpoint.partial import created
from fnn.values import FilePath

__all__ = ["checked_name", "reading", "remove", "replace"]

_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # do not wait for the other end of a pipe; Windows has no such pipes
_LONGEST = 128  # bytes of a name that its partial file repeats, since some file systems allow names of only 143


def replace(path: FilePath, chunks: Iterable[Any]) -> None:
    """Write `chunks` of bytes to a file. At every moment, the file has its old content or all of the new.

    1. Create `.NAME.partial` in the same folder, lock it, and write the bytes. A NAME of more than 128 bytes becomes 32
       digits of its SHA-256.
    2. Sync it.
    3. Rename it to NAME.
    4. Sync the folder, so that the new name is on the disk.

    Only a regular file is replaced. The new file has the permissions of the old one, and its owner and group if the
    system allows it. A symbolic link is followed, as `open` does: it stays, and the file that it leads to is replaced.

    The next call for the same path removes a partial file that a killed process left behind. If two processes write to
    one path, one waits for the other; on Windows, it raises `PermissionError`, and on file systems without locks
    perhaps `FileNotFoundError`.

    Raises `OSError`, with the path, if a step fails: the file then has its old content, or after step 4 the new one,
    which a power failure could still undo, and if locking fails, the partial file stays; for another kind of file in
    either place; and in a signal handler that interrupts a call for the same path. Raises the errors of `checked_name`.
    """
    with _exclusive(path) as (file, partial, place):
        try:
            with file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                if (old := _regular(place)) is not None:
                    _take_permissions(file, old)
                os.fsync(file.fileno())
            os.replace(partial, place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(partial.parent)


def remove(path: FilePath) -> None:
    """Remove a file, and the partial file that a killed `replace` may have left, if they exist."""
    name = checked_name(path)
    if os.path.lexists(name) or os.path.lexists(_places(name)[1]):
        with _exclusive(name) as (file, partial, _):
            file.close()  # Windows does not remove an open file
            Path(name).unlink(missing_ok=True)
            partial.unlink(missing_ok=True)


@contextmanager
def reading(path: FilePath) -> Iterator[BinaryIO]:
    """Open a file for reading, and put its path into every `OSError` from the block. Does not wait for a pipe."""
    name = checked_name(path)
    with _named(name), open(name, "rb", opener=lambda name, flags: os.open(name, flags | _AT_ONCE)) as file:
        yield file


def checked_name(path: FilePath) -> str:
    """A path as a string. Raises what `open` would raise, with the remedy, for a path that cannot name a file.

    >>> checked_name("results/")
    Traceback (most recent call last):
    IsADirectoryError: [Errno 21] Names a folder; add the name of a file: 'results/'
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        remedy = "; use os.fsdecode" if isinstance(name, bytes) else ""
        raise TypeError(f"the path of a file must be a str or os.PathLike, got {path!r}{remedy}")
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError as error:
        raise ValueError(f"the path {name!r} cannot be encoded in {error.encoding}; rename the file") from error
    if b"\0" in encoded:
        raise ValueError(f"the path {name!r} has a null character; leave it out")
    if not name:
        raise FileNotFoundError(errno.ENOENT, "The path is empty; give the name of a file", name)
    if os.path.basename(name) in ("", ".", ".."):
        raise IsADirectoryError(errno.EISDIR, "Names a folder; add the name of a file", name)
    return name


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Put this path into every `OSError` from the block: errors of reading and writing do not name the file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), name) from error


@contextmanager
def _exclusive(path: FilePath) -> Iterator[tuple[BinaryIO, Path, Path]]:
    """A new partial file, its path, and the path it is for; no other thread or process uses these during the block."""
    name = checked_name(path)
    with _named(name):
        mode = 0o666 if _regular(name) is None else 0o600  # until the new file has the permissions of the old one
        place, partial = _places(name)
        with created(partial, mode) as file:
            yield file, partial, place


def _regular(name: str | Path) -> os.stat_result | None:
    """The status of the file that a path leads to, if there is one. Raises `OSError` if it is not a regular file."""
    try:
        status = os.stat(name)
    except FileNotFoundError:
        return None
    if S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory; add the name of a file")
    if not S_ISREG(status.st_mode):
        raise FileExistsError(errno.EEXIST, "Only regular files are replaced; choose another name")
    return status


def _places(name: str) -> tuple[Path, Path]:
    """Where a path leads to, and the partial file in the same folder."""
    place = Path(os.path.realpath(name))
    encoded = os.fsencode(place.name)
    short = place.name if len(encoded) <= _LONGEST else sha256(encoded).hexdigest()[:32]
    return place, place.with_name(f".{short}.partial")


def _take_permissions(file: BinaryIO, old: os.stat_result) -> None:
    """Give a file the owner, the group and the permissions of the one that it will replace, except on Windows."""
    if sys.platform != "win32":
        descriptor = file.fileno()
        for owner in ((-1, old.st_gid), (old.st_uid, -1)):
            with suppress(OSError):  # only root can give files to other users
                os.fchown(descriptor, *owner)
        if (mode := old.st_mode & 0o777) != os.fstat(descriptor).st_mode & 0o777:
            os.fchmod(descriptor, mode)


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, except on Windows, which cannot do so."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
