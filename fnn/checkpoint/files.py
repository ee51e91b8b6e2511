"""Files that are replaced as a whole: a reader finds the old content or all of the new, also after a crash."""

import errno
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fnn.values import FilePath

if sys.platform != "win32":
    import fcntl

__all__ = ["name_in_errors", "remove", "replace"]


def replace(path: FilePath, chunks: Iterable[Any]) -> None:
    """Write `chunks` of bytes to a file. At every moment, the file has its old content or all of the new.

    1. Lock `.NAME.partial` in the same folder and write the bytes to it.
    2. Sync it, so that the bytes are on the disk.
    3. Rename it to NAME: the new content replaces the old.
    4. Sync the folder, so that the new name is on the disk.

    A partial file that a killed process left behind is overwritten by the next call for the same path. If two processes
    write to the same path, one waits for the other, except on Windows and on file systems without locks. A symbolic
    link in the place of the partial file is not followed.

    Raises `OSError`, with the path, if a step fails. The file then has its old content. Only if step 4 fails, it has
    the new one, which a power failure could still undo. If locking fails, the partial file stays, since another process
    may be writing it. A call from inside another call for the same path in the same thread, as a signal handler could
    make it, raises `OSError` too, because it would wait for itself forever.
    """
    with _exclusive(path) as partial:
        try:
            with open(partial, "wb", opener=_open) as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(partial.parent)


def remove(path: FilePath) -> None:
    """Remove a file, and the partial file that a killed `replace` may have left, if they exist."""
    if Path(path).exists() or _partial(path).exists():
        with _exclusive(path) as partial:
            Path(path).unlink(missing_ok=True)
            partial.unlink(missing_ok=True)


@contextmanager
def name_in_errors(path: FilePath) -> Iterator[None]:
    """Put this path into every `OSError` from the block: errors of reading and writing do not name the file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error


@contextmanager
def _exclusive(path: FilePath) -> Iterator[Path]:
    """The partial file of `path`, which no other thread or process uses during the block."""
    partial = _partial(path)
    with name_in_errors(path), _without_reentry(partial), _locked(partial):
        yield partial


def _partial(path: FilePath) -> Path:
    return Path(path).with_name(f".{Path(path).name}.partial")


_in_use = threading.local()  # the partial files that each thread is using; its signal handlers see the same set


@contextmanager
def _without_reentry(partial: Path) -> Iterator[None]:
    """Raise `OSError` if this thread is already using the partial file."""
    used: set[Path] = vars(_in_use).setdefault("paths", set())
    key = Path(os.path.abspath(partial))
    if key in used:
        raise OSError(errno.EDEADLK, "is being saved by this very thread: do not save to it in a signal handler")
    try:
        used.add(key)
        yield
    finally:
        used.discard(key)


def _open(path: str, flags: int) -> int:
    """Open a file, but do not follow a symbolic link."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


@contextmanager
def _locked(partial: Path) -> Iterator[None]:
    """Lock the partial file, and create it if it does not exist. If the process is killed, the lock ends."""
    while sys.platform != "win32":  # which has no such locks
        descriptor = _open(os.fspath(partial), os.O_WRONLY | os.O_CREAT)
        try:
            _wait_for_lock(descriptor)
            if _has_name(descriptor, partial):
                yield
                return
        finally:
            os.close(descriptor)
    yield


def _wait_for_lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):  # some file systems have no locks
            raise


def _has_name(descriptor: int, path: Path) -> bool:
    """Whether an open file still has this name: the previous holder of the lock may have renamed or removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, except on Windows, which cannot do so."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
