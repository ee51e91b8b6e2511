"""The partial file of a save: new, locked, and written by one thread of one process at a time.

A partial file without a lock was left behind by a killed process. It is removed, since it may have other permissions.
"""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG, S_IWUSR
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

__all__ = ["created"]


@contextmanager
def created(partial: Path, mode: int) -> Iterator[BinaryIO]:
    """Create the partial file, with these permissions less the process's umask, and lock it until the block ends.

    The caller renames or removes the file before the block ends.
    """
    with _without_reentry(partial):
        while True:
            try:
                file = open(partial, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
            except FileExistsError:
                _clear(partial)
                continue
            with file, _locked(file):
                if _has_name(file, partial):
                    yield file
                    return


_in_use = threading.local()  # the partial files that each thread is using; its signal handlers see the same set


@contextmanager
def _without_reentry(partial: Path) -> Iterator[None]:
    """Raise `OSError` if this thread is already using the partial file."""
    used: set[Path] = vars(_in_use).setdefault("paths", set())
    if partial in used:
        raise OSError(errno.EDEADLK, "is being saved by this very thread: do not save to it in a signal handler")
    try:
        used.add(partial)
        yield
    finally:
        used.discard(partial)


def _clear(partial: Path) -> None:
    """Remove a partial file that a killed process left behind; if a living one is writing it, wait until it is gone."""
    with suppress(FileNotFoundError):
        mode = os.stat(partial, follow_symlinks=False).st_mode
        if not S_ISREG(mode):
            raise FileExistsError(errno.EEXIST, f"{partial.name} is in the way and not a regular file; remove it")
        if sys.platform == "win32":
            os.unlink(partial)  # raises PermissionError while another process is writing it
            return
        access = os.O_WRONLY if mode & S_IWUSR else os.O_RDONLY  # on NFS, only a file open for writing can be locked
        flags = access | os.O_NOFOLLOW | os.O_NONBLOCK  # in case that another kind of file has just taken its place
        with open(partial, "rb", opener=lambda name, _: os.open(name, flags)) as left, _locked(left):
            if _has_name(left, partial):
                os.unlink(partial)


@contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    """Lock a file until the end of the block, even if the block closes it. Windows has no such locks."""
    if sys.platform == "win32":
        yield
    else:
        descriptor = os.dup(file.fileno())
        try:
            _wait_for_lock(descriptor)
            yield
        finally:
            os.close(descriptor)


def _wait_for_lock(descriptor: int) -> None:
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):  # some file systems have no locks
                raise


def _has_name(file: BinaryIO, path: Path) -> bool:
    """Whether an open file still has this name, which the previous holder of the lock may have taken from it."""
    if sys.platform == "win32":
        return True  # Windows does not rename or remove an open file
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
