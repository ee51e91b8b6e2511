"""Files written whole or not at all."""

import errno
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fnn.values import FilePath

__all__ = ["FilePath", "naming", "remove", "replace"]


def replace(path: FilePath, pieces: Iterable[Any]) -> None:
    """Write pieces of bytes to a file, so that under its name there is only ever the old content or all of the new.

    They go to `.NAME.partial` beside it, which takes the name once it is on the disk; then the directory is synced.
    What a killed process leaves unfinished, and the empty file where locking it fails, the next call for this path
    writes over: without the lock, it may be another's. Where two processes write to one path at once, one waits for the
    other, except on Windows and on file systems without locks. A symbolic link by that name is not followed.
    Raises `OSError`, naming the path, also within a call for it that the same thread has not finished, as in a signal's
    handler: waiting for itself, it would never end. The old content is then in place, except where syncing the
    directory fails, after all the rest: then the new one is, but might not outlive a power failure.
    """
    path, partial = Path(path), _partial(path)
    with naming(path), _alone(partial), _claimed(partial):
        try:
            with open(partial, "wb", opener=_open) as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)


def remove(path: FilePath) -> None:
    """Remove a file, if it is there, and what a killed `replace` may have left of it."""
    path, partial = Path(path), _partial(path)
    if path.exists() or partial.exists():
        with naming(path), _alone(partial), _claimed(partial):
            path.unlink(missing_ok=True)
            partial.unlink(missing_ok=True)


_written = threading.local()  # the files that each thread is writing: what a handler of signals cannot see elsewhere


@contextmanager
def _alone(partial: Path) -> Iterator[None]:
    """Refuse to write a file within a call of this thread that writes it."""
    held: set[Path] = vars(_written).setdefault("held", set())
    key = Path(os.path.abspath(partial))
    if key in held:
        raise OSError(errno.EDEADLK, "is being saved by this very thread: do not save to it in a signal's handler")
    try:
        held.add(key)
        yield
    finally:
        held.discard(key)


def _open(path: str, flags: int) -> int:
    """Open a file itself, and not one that a symbolic link by its name leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _partial(path: FilePath) -> Path:
    return Path(path).with_name(f".{Path(path).name}.partial")


@contextmanager
def naming(path: FilePath) -> Iterator[None]:
    """Give an `OSError` from within the name of this file, which those of reading and writing lack."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error


if sys.platform == "win32":  # which locks no open files of this kind, and syncs no directories

    @contextmanager
    def _claimed(partial: Path) -> Iterator[None]:
        yield

    def _sync_directory(folder: Path) -> None:
        pass

else:
    import fcntl

    @contextmanager
    def _claimed(partial: Path) -> Iterator[None]:
        """Hold the file of this name, made if need be, for ourselves: a lock that ends with the process."""
        while True:
            lock = _open(os.fspath(partial), os.O_WRONLY | os.O_CREAT)
            try:
                if _is_ours(lock, partial):
                    yield
                    return
            finally:
                os.close(lock)

    def _is_ours(lock: int, partial: Path) -> bool:
        """Wait for the lock; whether this is still the file's name: who held it before us has renamed or removed it."""
        try:
            _lock(lock)
            return os.path.samestat(os.fstat(lock), os.stat(partial))
        except FileNotFoundError:
            return False

    def _lock(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):  # some file systems have no locks
                raise

    def _sync_directory(folder: Path) -> None:
        """Put the names in a directory on the disk too."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
