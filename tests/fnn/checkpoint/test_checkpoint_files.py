"""Paths that name no file, files that a save does not replace, and what a new file keeps of the old one."""

import os
import re
import socket
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import fnn
from fnn.checkpoint import CheckpointError, files, load, read_meta, save

OLD, NEW = {"a": np.zeros(3)}, {"a": np.ones(1000), "b": np.ones(5)}
LONG = "n" * 246 + ".npz"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other kinds of files, and no permissions")


def device(path, minor):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    except PermissionError:
        pytest.skip("only root makes devices")


def bound(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


SPECIAL = {
    "like /dev/null": lambda path: device(path, 3),
    "like /dev/full": lambda path: device(path, 7),
    "a pipe": os.mkfifo,
    "a socket": bound,
    "a folder": os.mkdir,
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kinds(folder):
    return {path.name: stat.S_IFMT(path.lstat().st_mode) for path in folder.iterdir()}


@pytest.mark.parametrize("through", ["itself", "a link"])
@pytest.mark.parametrize("kind", SPECIAL)
def test_only_regular_files_are_replaced_removed_and_loaded(kind, through, here):
    SPECIAL[kind](here / "x.npz")
    path = here / ("link" if through == "a link" else "x.npz")
    if through == "a link":
        path.symlink_to("x.npz")
    before = kinds(here)
    for write in (lambda: save(path, NEW), lambda: files.remove(path)):
        with pytest.raises(OSError, match=rf"(Only regular files are replaced|Is a directory); .*name.*'{path}'"):
            write()
    with pytest.raises((OSError, CheckpointError), match=str(path)):
        load(path)
    assert kinds(here) == before


@pytest.mark.parametrize("name", ["x.npz", LONG])
@pytest.mark.parametrize("kind", SPECIAL)
def test_only_a_regular_file_is_removed_in_the_place_of_the_partial_file(kind, name, here):
    SPECIAL[kind](files._places(name)[1])
    before = kinds(here)
    with pytest.raises(FileExistsError, match=rf"\.partial is in the way .* remove it: '{name}'"):
        save(name, NEW)
    assert kinds(here) == before


def test_links_in_the_place_of_the_partial_file_are_not_written_through(tmp_path):
    (tmp_path / "precious").write_bytes(b"of somebody else")
    (tmp_path / ".x.npz.partial").symlink_to("precious")
    with pytest.raises(FileExistsError, match=rf"'{tmp_path}/x\.npz'"):
        save(tmp_path / "x.npz", NEW)
    assert not (tmp_path / "x.npz").exists()
    (tmp_path / ".x.npz.partial").unlink()
    os.link(tmp_path / "precious", tmp_path / ".x.npz.partial")
    save(tmp_path / "x.npz", NEW)
    assert sorted(kinds(tmp_path)) == ["precious", "x.npz"]
    assert (tmp_path / "precious").read_bytes() == b"of somebody else"


def test_a_link_stays_and_leads_to_the_new_file(tmp_path):
    (tmp_path / "folder").mkdir()
    save(tmp_path / "folder" / "x.npz", OLD)
    for target in ("folder/x.npz", "folder/new.npz"):  # the second does not exist yet
        link = tmp_path / "link"
        link.symlink_to(target)
        save(link, NEW)
        assert os.readlink(link) == target
        assert load(link) == load(tmp_path / target) == fnn.Params(NEW)
        link.unlink()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "new.npz", "x.npz"]


def test_a_loop_of_links_is_named(tmp_path):
    (tmp_path / "x.npz").symlink_to("x.npz")
    for call in (lambda: save(tmp_path / "x.npz", NEW), lambda: load(tmp_path / "x.npz")):
        with pytest.raises(OSError, match=rf"symbolic links: '{tmp_path}/x\.npz'"):
            call()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o444, 0o666, 0o755])
def test_the_new_file_has_the_permissions_of_the_old_one_and_nobody_else_reads_it_before(mode, tmp_path):
    path, partial = tmp_path / "x.npz", tmp_path / ".x.npz.partial"
    save(path, OLD)
    path.chmod(mode)

    def chunks():
        yield b"half"
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600

    files.replace(path, chunks())
    assert stat.S_IMODE(path.stat().st_mode) == mode
    partial.write_bytes(b"half, of a save that was killed")
    partial.chmod(mode)
    save(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert load(path) == fnn.Params(NEW)
    assert list(kinds(tmp_path)) == ["x.npz"]


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        save(tmp_path / "x.npz", NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.npz").stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_new_file_has_the_owner_of_the_old_one(tmp_path):
    save(tmp_path / "x.npz", OLD)
    os.chown(tmp_path / "x.npz", 12, 34)
    save(tmp_path / "x.npz", NEW)
    status = (tmp_path / "x.npz").stat()
    assert (status.st_uid, status.st_gid) == (12, 34)


@pytest.mark.parametrize("name", ["x.npz", LONG, "é" * 125 + ".npz", os.fsdecode(b"\xff" * 251 + b".npz")])
def test_a_partial_file_of_a_killed_save_is_removed(name, tmp_path):
    path = tmp_path / name
    save(path, OLD)
    files.replace(path.with_name("x" + name[1:]), [b"of a similar name"])
    others, seen = set(tmp_path.iterdir()), set()

    def chunks():
        yield b"half"
        seen.update(set(tmp_path.iterdir()) - others)

    files.replace(path, chunks())
    (partial,) = seen
    for clean in (lambda: save(path, NEW), lambda: files.remove(path), lambda: files.remove(path)):
        partial.write_bytes(bytes(10**6))
        clean()
        assert not partial.exists()
    assert set(tmp_path.iterdir()) <= others
    assert not path.exists()


def test_a_partial_file_that_is_being_written_is_not_removed(tmp_path):
    path, order = tmp_path / "x.npz", []
    second = threading.Thread(target=lambda: (files.replace(path, [b"second"]), order.append("second")))

    def chunks():
        yield b"fir"
        second.start()
        second.join(0.2)
        order.append("first")
        yield b"st"

    files.replace(path, chunks())
    second.join()
    assert order == ["first", "second"]
    assert path.read_bytes() == b"second"
    assert list(kinds(tmp_path)) == ["x.npz"]


def test_the_way_of_windows_without_locks_and_permissions_saves_too(tmp_path):
    path, partial = tmp_path / "x.npz", tmp_path / ".x.npz.partial"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        for value in (OLD, NEW):
            partial.write_bytes(b"half, of a save that was killed")
            save(path, value)
            assert load(path) == fnn.Params(value)
        assert list(kinds(tmp_path)) == ["x.npz"]
        partial.mkdir()
        with pytest.raises(FileExistsError, match=r"is in the way .* remove it: '.*x\.npz'"):
            save(path, OLD)
        partial.rmdir()
        files.remove(path)
    assert not list(tmp_path.iterdir())


WRONG = {
    "": (FileNotFoundError, r"The path is empty; give the name of a file: ''"),
    ".": (IsADirectoryError, r"Names a folder; add the name of a file: '\.'"),
    "..": (IsADirectoryError, r"Names a folder; add the name of a file: '\.\.'"),
    "/": (IsADirectoryError, r"Names a folder; add the name of a file: '/'"),
    "x.npz/": (IsADirectoryError, r"Names a folder; add the name of a file: 'x\.npz/'"),
    "new/": (IsADirectoryError, r"Names a folder; add the name of a file: 'new/'"),
    "x.npz/y.npz": (NotADirectoryError, r"Not a directory: 'x\.npz/y\.npz'"),
    "new/y.npz": (FileNotFoundError, r"No such file or directory: 'new/y\.npz'"),
    "x" * 256: (OSError, r"File name too long: 'x+'"),
    "x\0.npz": (ValueError, re.escape(r"the path 'x\x00.npz' has a null character; leave it out")),
    "\ud800.npz": (ValueError, r"the path '\\ud800\.npz' cannot be encoded in .*; rename the file"),
    b"x.npz": (TypeError, r"must be a str or os\.PathLike, got b'x\.npz'; use os\.fsdecode"),
    3: (TypeError, r"must be a str or os\.PathLike, got 3"),
    None: (TypeError, r"must be a str or os\.PathLike, got None"),
}


@pytest.mark.parametrize("path", WRONG, ids=lambda path: repr(path)[:20])
def test_a_path_that_names_no_file_is_explained(path, here):
    save("x.npz", OLD)
    error, words = WRONG[path]
    for call in (lambda: save(path, NEW), lambda: load(path), lambda: read_meta(path), lambda: files.replace(path, [])):
        with pytest.raises(error, match=words):
            call()
    assert load(Path("x.npz")) == fnn.Params(OLD)
    assert list(kinds(here)) == ["x.npz"]
