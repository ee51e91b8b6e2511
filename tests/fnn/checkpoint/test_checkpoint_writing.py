"""A save that fails at any step names the file, keeps the old content, and leaves no other file."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fnn
from fnn.checkpoint import files, load, partial, save
from tests.support.paths import ROOT

OLD, NEW = {"a": np.zeros(3)}, {"a": np.ones(1000), "b": np.ones(5)}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows locks and syncs in other ways")


class Watched:
    """A file that records its operations in `calls`, where one of them may fail."""

    def __init__(self, file, calls):
        self.file, self.calls = file, calls

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.calls.watched("file.close", self.file.close, also_failing=True)()

    def __getattr__(self, name):
        return self.calls.watched(f"file.{name}", getattr(self.file, name))


class Calls:
    """The system calls that a save makes, in order; call number `failing` raises `error` instead."""

    def __init__(self, failing=0, error=None):
        self.failing, self.error, self.made = failing, error, []

    def watched(self, name, function, also_failing=False):
        def call(*arguments, **named):
            self.made.append(name)
            if len(self.made) == self.failing:
                if also_failing:
                    function()
                raise self.error
            return function(*arguments, **named)

        return call

    def save(self, path, tree):
        opened = self.watched("open", open)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "dup", "fsync", "replace", "fstat", "stat", "fchmod"):
                patch.setattr(os, name, self.watched(f"os.{name}", getattr(os, name)))
            patch.setattr(partial.fcntl, "flock", self.watched("flock", partial.fcntl.flock))
            patch.setattr(partial, "open", lambda *given, **how: Watched(opened(*given, **how), self), raising=False)
            save(path, tree)
        return self.made


def test_a_save_syncs_before_it_renames_and_the_directory_after(tmp_path):
    made = Calls().save(tmp_path / "x.npz", NEW)
    assert made.count("file.write") > 5
    end = ["os.stat", "file.fileno", "os.fsync", "file.close", "os.replace", "os.open", "os.fsync", "file.close"]
    assert made[-len(end) - 2 :] == ["file.write", "file.flush", *end]


ERRORS = {
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "read-only": OSError(errno.EROFS, "Read-only file system"),
    "forbidden": PermissionError(errno.EACCES, "Permission denied"),
    "odd": OSError("odd"),
}


@pytest.mark.parametrize("why", ERRORS)
def test_a_failure_at_any_step_names_the_file_and_keeps_the_old(why, tmp_path):
    path, error = tmp_path / "x.npz", ERRORS[why]
    save(path, OLD)
    steps = Calls().save(path, NEW)
    assert "os.fchmod" in steps
    for i, step in enumerate(steps):
        save(path, OLD)
        with pytest.raises(OSError, match=r"x\.npz") as raised:
            Calls(i + 1, error).save(path, NEW)
        assert type(raised.value) is type(error)
        assert (raised.value.errno, raised.value.filename) == (error.errno, str(path))
        # The new content is in place only if a later step failed, such as syncing the folder.
        assert load(path) == fnn.Params(NEW if i > steps.index("os.replace") else OLD), step
        # Between its creation and its first byte, the partial file may belong to another process.
        unlocked = [".x.npz.partial"] * (steps.index("os.open") < i < steps.index("file.write"))
        assert sorted(file.name for file in tmp_path.iterdir()) == [*unlocked, "x.npz"], step
    save(path, OLD)
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]


def test_an_interrupted_save_leaves_nothing(tmp_path):
    steps = Calls().save(tmp_path / "x.npz", OLD)
    with pytest.raises(KeyboardInterrupt):
        Calls(steps.index("file.write") + 1, KeyboardInterrupt()).save(tmp_path / "x.npz", NEW)
    assert load(tmp_path / "x.npz") == fnn.Params(OLD)
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]


def test_a_full_disk_and_a_missing_folder(tmp_path):
    def full(path, _, **how):
        with open(path, "xb", **how) as file, open("/dev/full", "wb") as never:  # /dev/full is always full
            return os.fdopen(os.dup2(never.fileno(), os.dup(file.fileno())), "wb")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partial, "open", full, raising=False)
        patch.setattr(partial, "_has_name", lambda *_: True)
        with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path}/x\.npz'"):
            save(tmp_path / "x.npz", NEW)
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError, match=r"nowhere/x\.npz"):
        save(tmp_path / "nowhere" / "x.npz", NEW)
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match=r"folder'"):
        save(tmp_path / "folder", NEW)
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]
    with pytest.raises(OSError, match=r"/proc/x\.npz"):
        save("/proc/x.npz", NEW)


def test_a_limit_on_the_size_of_files_is_a_failing_write(tmp_path):
    program = """
import resource, signal, sys
import numpy as np
from fnn import checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    checkpoint.save(sys.argv[1], {"a": np.ones(10**5)})
except OSError as error:
    print(error)
"""
    save(tmp_path / "x.npz", OLD)
    command = [sys.executable, "-c", program, str(tmp_path / "x.npz")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    assert said == f"[Errno {errno.EFBIG}] File too large: '{tmp_path}/x.npz'\n"
    assert load(tmp_path / "x.npz") == fnn.Params(OLD)
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]


def test_a_save_inside_a_save_of_the_same_file_is_an_error_and_does_not_wait_forever(tmp_path):
    path, said = tmp_path / "x.npz", []

    def interrupted():
        yield b"half"
        for within in (lambda: files.replace(path, [b"within"]), lambda: files.remove(path)):
            with pytest.raises(OSError, match=rf"is being saved by this very thread.*'{tmp_path}/x\.npz'") as raised:
                within()
            said.append(raised.value.errno)
        files.replace(tmp_path / "y.npz", [b"another"])
        yield b" and half"

    files.replace(path, interrupted())
    assert said == [errno.EDEADLK] * 2
    assert path.read_bytes() == b"half and half"
    files.replace(path, [b"afterwards"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.npz", "y.npz"]


def test_what_is_not_there_is_removed_already(tmp_path):
    files.remove(tmp_path / "x.npz")
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_is_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(partial.fcntl, "flock", Calls(1, OSError(errno.ENOLCK, "No locks")).watched("flock", None))
    save(tmp_path / "x.npz", NEW)
    assert load(tmp_path / "x.npz") == fnn.Params(NEW)


def test_two_that_save_to_one_path_do_not_break_it(tmp_path):
    path = tmp_path / "x.npz"

    def saver(i):
        for _ in range(20):
            save(path, {"a": np.full(2000 * (i + 1), i)})
            assert set(load(path)["a"].tolist()) <= {0, 1, 2, 3}

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(saver, range(4)))
    program = "import sys, numpy as np\nfrom fnn.checkpoint import save, load\nfor i in range(20):\n"
    program += "    save(sys.argv[1], {'a': np.full(9000, int(sys.argv[2]))}); load(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", program, str(path), str(i)], cwd=ROOT) for i in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]
