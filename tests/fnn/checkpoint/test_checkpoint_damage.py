"""Only checkpoints are loaded: damaged, foreign and forged files are refused, also those whose digest is right.

The usual test run flips one bit of every byte; with `FNN_BITS=8`, it flips each of the eight.
"""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from hashlib import sha256

import numpy as np
import pytest

import fnn
from fnn import Key, Progress
from fnn.checkpoint import CheckpointError, load, npz, save
from fnn.checkpoint.checkpoint import VERSION
from tests.fnn.checkpoint.test_checkpoint import PARAMS, STATE, progress
from tests.support.paths import ROOT

BITS = int(os.environ.get("FNN_BITS", "1"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "x.npz"
    save(path, Progress.start(fnn.sgd(0.1).init(fnn.chain(fnn.linear(2)).init(Key(0), (3,))[0])), meta={"a": 1})
    return path.read_bytes()


def refused(path, content, why=r"x\.npz is not a checkpoint"):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=why):
        load(path)


def test_every_truncation_is_refused(small, tmp_path):
    for n in range(len(small)):
        refused(tmp_path / "x.npz", small[:n])
    for more in (b"\0", b"0", small):
        refused(tmp_path / "x.npz", small + more)


@pytest.mark.parametrize("bit", range(BITS))
def test_every_flipped_bit_is_noticed(bit, small, tmp_path):
    for i in range(len(small)):
        flipped = bytearray(small)
        flipped[i] ^= 1 << (i + bit) % 8
        refused(tmp_path / "x.npz", flipped)
    (tmp_path / "x.npz").write_bytes(small)
    load(tmp_path / "x.npz")  # the undamaged file


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


def archive(*members, **how):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **how) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


def arrays(**members):
    file = io.BytesIO()
    np.savez(file, **members)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_foreign_files_are_refused_and_nothing_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    npy = io.BytesIO()
    np.save(npy, np.array([Trap()]), allow_pickle=True)
    for content in (
        b"",
        b"PK",
        b"<html>not found</html>",
        pickle.dumps(Trap()),
        pickle.dumps(PARAMS),
        npy.getvalue(),
        arrays(a=np.ones(3)),
        arrays(**{"checkpoint.json": np.frombuffer(b"{}", np.uint8)}),
        archive(("a.npy", npy.getvalue())),
        archive(("../a.npy", b"x"), ("a.npy", b"x"), ("a.npy", b"y")),
        archive(("checkpoint.json.npy", npy.getvalue())),
        archive(("checkpoint.json.npy", bytes(10**7)), compression=zipfile.ZIP_DEFLATED),
    ):
        refused(tmp_path / "x.npz", content)
    assert not (tmp_path / "trapped").exists()


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        load(tmp_path / "nothing.npz")
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        load(tmp_path)
    with pytest.raises(CheckpointError, match="/dev/zero is not a checkpoint"):
        load("/dev/zero")


# Forged files, with the right digest and checksums.

FLOATS = {"v": ["array", "<f4", [2]]}
MEMBERS = {"v": np.zeros(2, np.float32)}
LAYOUT = ["layout", [], {"bias": ["leaf", [2]]}]
PARTS = {"vector": ["array", "<f4", [2]], "memory": ["tuple", {}], "loss": ["array", "<f4", []]}
FORMAT = b'"format":%d' % VERSION
STATE_MEMBERS = {"vector": np.zeros(2, np.float32), "loss": np.zeros((), np.float32)}
SCORE = ["records", {"0": [{"value": "float"}, {"value": ["array", "<f8", [1]]}]}]
UNSCORED = {"state": ["State", 0, "sgd", LAYOUT, PARTS], "history": ["records", {}]}
SCORED = {"state": UNSCORED["state"], "best_score": SCORE, "history": UNSCORED["history"]}
SLOTTED = {**PARTS, "memory": ["tuple", {"1": PARTS["loss"]}]}
WITHIN = {f"state/{name}": array for name, array in STATE_MEMBERS.items()} | {"best_score/0/value": np.zeros(1)}


RUN = [{"a": "float"}, {"a": ["array", "<f8", [1]]}]
TWICE = WITHIN | {f"history/{i}/a": np.zeros(1) for i in range(2)}


def forged(value, members, **more):
    """A file whose digest is right, with this description and these arrays."""
    text = json.dumps({"format": VERSION, "meta": {}, "value": value, **more}, separators=(",", ":")).encode()
    return b"".join(bytes(piece) for piece in npz.with_digest(npz.archive(text, members)))


def test_a_file_forged_without_a_mistake_is_loaded(tmp_path):
    for value, members in (
        (["Params", [], FLOATS], MEMBERS),
        (["State", 0, "sgd", LAYOUT, PARTS], STATE_MEMBERS),
        (["Progress", 0, SCORED], WITHIN),
        (["Key", 1, [2]], {}),
    ):
        (tmp_path / "x.npz").write_bytes(forged(value, members))
        load(tmp_path / "x.npz")


def column(kind, dtype, shape):
    return {**SCORED, "history": ["records", {"0": [{"a": kind}, {"a": ["array", dtype, shape]}]}]}


def floats(dtype, shape):
    return ["Params", [], {"v": ["array", dtype, shape]}]


@pytest.mark.parametrize(
    "value",
    [
        None, 1, "Params", [], {}, ["Params"], ["Params", []], ["Nothing", [], FLOATS], ["exec", "1"], [["Key", 1, []]],
        ["Params", [], {}], ["Params", [], FLOATS, 1], ["Params", [2, 1], FLOATS], ["Params", [3], FLOATS],
        ["Params", None, FLOATS], ["Params", [], {"w": FLOATS["v"]}], ["Params", [], {**FLOATS, "w": FLOATS["v"]}],
        ["dict", FLOATS], ["tuple", FLOATS], FLOATS["v"], ["Params", [True], {}],
        floats("<f4", [-2]), floats("<f4", [2, -1]), floats("<f4", [-1, -2]), floats("<f4", [2**62]),
        floats("<f4", [2**32, 2**32]), floats("<f4", [2**70]), floats("<f4", [0, 2**70]), floats("<f4", [2.0]),
        floats("<f4", [True]), floats("<f4", ["2"]), floats("<f4", 2), floats("<f4", None), floats("<f4", [3]),
        floats("<f4", [1]), floats("<f4", [1, 2]), floats("<f4", [1] * 64 + [2]), floats("<f4", [1] * 99),
        floats("|O", [1]), floats("O", [1]), floats("|O8", [1]), floats("f4", [2]), floats("=f4", [2]),
        floats(">f4", [2]),
        floats("<i4", [2]), floats("<f3", [2]), floats("<f8", [2]), floats("|V4", [2]), floats("<U1", [2]),
        floats("<M8[s]", [1]), floats("<f4,<f4", [1]), floats("(2,)<f4", [1]), floats(4, [2]), floats(None, [2]),
        ["Key", -1, []], ["Key", 1.0, []], ["Key", 2**128, []], ["Key", 1, [-1]], ["Key", 1], ["Key", 1, [], 2],
    ],
)  # fmt: skip
def test_a_forged_tree_is_refused(value, tmp_path):
    refused(tmp_path / "x.npz", forged(value, MEMBERS))
    refused(tmp_path / "x.npz", forged(value, {}) if value != ["Params", [], {}] else b"")


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (["State", -1, "sgd", LAYOUT, PARTS], STATE_MEMBERS),
        (["State", True, "sgd", LAYOUT, PARTS], STATE_MEMBERS),
        (["State", 0.0, "sgd", LAYOUT, PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", None, PARTS], STATE_MEMBERS),
        (["State", 0, ["sgd"], LAYOUT, PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", ["layout", [], {"bias": ["leaf", [3]]}], PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", ["layout", [], {"bias": ["leaf", [-2]]}], PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", ["layout", [], {"a": ["leaf", [-1]], "b": ["leaf", [3]]}], PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", ["layout", [], {"bias": ["leaf", [True]], "b": ["leaf", [1]]}], PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", ["layout", [], {"part": ["layout", [3], {"bias": ["leaf", [2]]}]}], PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", ["layout", [1], {"part": ["layout", [], {"bias": ["leaf", [2]]}]}], PARTS], STATE_MEMBERS),
        (["State", 0, "sgd", LAYOUT, {**PARTS, "more": ["Params", [], {}]}], STATE_MEMBERS),
        (["State", 0, "sgd", LAYOUT, {**PARTS, "memory": ["Params", [], {}]}], STATE_MEMBERS),
        (["State", 0, "sgd", LAYOUT, SLOTTED], {**STATE_MEMBERS, "memory/1": STATE_MEMBERS["loss"]}),
        (["State", 0, "sgd", LAYOUT, {**PARTS, "memory": ["tuple", {"0": ["Key", 0, []]}]}], STATE_MEMBERS),
        (["State", 0, "sgd", LAYOUT, {**PARTS, "loss": ["tuple", {}]}], {"vector": STATE_MEMBERS["vector"]}),
        (["Progress", 0, UNSCORED], WITHIN),
        (["Progress", -1, SCORED], WITHIN),
        (["Progress", [1], SCORED], WITHIN),  # best epochs of networks, for one network
        (["Progress", [1.0], SCORED], WITHIN),
        (["Progress", [[1], [1, 2]], SCORED], WITHIN),
        (["Progress", 0, {**SCORED, "state": ["Key", 0, []]}], WITHIN),
        (["Progress", 0, {**SCORED, "best": ["Key", 0, []]}], WITHIN),
        (["Progress", 0, {**SCORED, "more": ["Key", 0, []]}], WITHIN),
        (["Progress", 0, {**SCORED, "history": ["records", {"0": [{}, {}]}]}], WITHIN),
        (["Progress", 0, {**SCORED, "history": ["records", {"1": []}]}], WITHIN),
        (["Progress", 0, column("float", "<f8", [10**12, 0])], {**WITHIN, "history/0/a": np.zeros((10**12, 0))}),
        (["Progress", 0, column("float", "<f8", [0])], {**WITHIN, "history/0/a": np.zeros(0)}),
        (["Progress", 0, column("float", "<f8", [])], {**WITHIN, "history/0/a": np.zeros(())}),
        (["Progress", 0, column("int", "<f8", [2])], {**WITHIN, "history/0/a": np.zeros(2)}),
        (["Progress", 0, column("scalar", "<f8", [1, 2])], {**WITHIN, "history/0/a": np.zeros((1, 2))}),
        (["Progress", 0, column("word", "<f8", [2])], {**WITHIN, "history/0/a": np.zeros(2)}),
        (["Progress", 0, column("bool", "|b1", [1])], {**WITHIN, "history/0/a": np.array([2], np.uint8).view(bool)}),
        (["Progress", 0, column("int", "<u8", [2])], {**WITHIN, "history/0/a": np.array([2**63, 1], np.uint64)}),
        (["Progress", 0, column("int", "<i8", [2])], {**WITHIN, "history/0/a": np.zeros(2, np.int32)}),
        (["Progress", 0, {**SCORED, "history": ["records", {"0": RUN, "1": RUN}]}], TWICE),
        (["Progress", 0, {**SCORED, "history": ["records", {"1": RUN}]}], {**WITHIN, "history/1/a": np.zeros(1)}),
        (["Progress", 0, {**SCORED, "best_score": ["records", {"0": RUN}]}], {"best_score/0/a": np.zeros(1)}),
    ],
)  # fmt: skip
def test_a_forged_training_is_refused(value, members, tmp_path):
    refused(tmp_path / "x.npz", forged(value, members))


def test_a_forged_archive_is_refused(small, tmp_path):
    save(tmp_path / "x.npz", PARAMS)
    honest = (tmp_path / "x.npz").read_bytes()[:-64]

    def sealed(content):
        return content + sha256(content).hexdigest().encode()

    refused(tmp_path / "x.npz", sealed(honest.replace(b"2/bias.npy", b"../ias.npy")))
    refused(tmp_path / "x.npz", sealed(honest.replace(b"2/bias.npy", b"0/bias.npy")))
    refused(tmp_path / "x.npz", sealed(honest.replace(b"'fortran_order': False", b"'fortran_order': True ")))
    refused(tmp_path / "x.npz", sealed(honest.replace(b"[6,3]", b"[3,6]")))
    refused(tmp_path / "x.npz", sealed(honest.replace(b'"meta":{}', b'"meta": {}')))
    refused(tmp_path / "x.npz", sealed(honest.replace(FORMAT, FORMAT + b"," + FORMAT)))
    refused(tmp_path / "x.npz", sealed(honest.replace(FORMAT + b",", b"")))
    refused(tmp_path / "x.npz", sealed(honest + bytes(64)))
    for i in (4, 6, 8, 12, 14, 20, 30, 49, 53, 60, 70, 77, len(honest) - 1, len(honest) - 50, len(honest) - 100):
        refused(tmp_path / "x.npz", sealed(honest[:i] + bytes([honest[i] ^ 1]) + honest[i + 1 :]))
    refused(tmp_path / "x.npz", forged(["Params", [], FLOATS], MEMBERS, more=1))
    refused(tmp_path / "x.npz", forged(["Params", [], FLOATS], {"v": MEMBERS["v"], "w": MEMBERS["v"]}))


def test_another_format_is_named_with_the_remedy(tmp_path):
    for version, remedy in ((1, "save it again with this version"), (3, "update fnn"), (10**30, "update fnn")):
        other = forged({"of": "a kind unknown today"}, {}, format=version)
        refused(tmp_path / "x.npz", other, rf"x\.npz has format {version}, and this fnn reads format 2 only; {remedy}")
    for version in (0, -1, 1.0, 2.0, 3.0, True, "1", "2", None):
        refused(tmp_path / "x.npz", forged(["Params", [], FLOATS], MEMBERS, format=version))


BOMBS = {
    "lists": "[" + "[]," * 340_000 + "[]]",
    "dicts": "[" + "{}," * 340_000 + "{}]",
    "numbers": "[" + "1e9," * 260_000 + "1]",
    "names": "{" + ",".join(f'"{i:06}":[]' for i in range(85_000)) + "}",
    "deep": "[" * 10**6,
    "long": "1" * 10**6,
    "params": '["Params",[],{' + ",".join(f'"{i}":["Params",[],{{}}]' for i in range(40_000)) + "}]",
    "arrays": '["Params",[],{' + ",".join(f'"{i}":["array","|u1",[0]]' for i in range(32_000)) + "}]",
    "deep after a string": '["\\\\\\"[",' + "[" * 10**5,
    "names of names": '["Params",[],{"'
    + "x" * 60_000
    + '":["Params",[],{'
    + ",".join(f'"{i}":["array","|u1",[0]]' for i in range(30_000))
    + "}]}]",
    "far too long": '"' + "x" * 2 * 10**8 + '"',
}
KEPT = {"params": "Params"} | {f"{kind} 500000": "Progress" for kind in ("bool", "scalar", "float")}
MEASURED = """
import os, resource, sys
from fnn import checkpoint
for path in sys.argv[1:]:
    child = os.fork()  # so that each starts with the memory that the import has taken
    if child:
        os.waitpid(child, 0)
        continue
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        outcome = type(checkpoint.load(path)).__name__
    except checkpoint.CheckpointError:
        outcome = "refused"
    print(outcome, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before), flush=True)
    os._exit(0)
"""


def measured(*paths):
    """For each file, whether it is loaded, and the memory that this takes beyond the file's size, in megabytes."""
    command = [sys.executable, "-c", MEASURED, *map(str, paths)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
    pairs = [(line.split(), path.stat().st_size) for line, path in zip(said, paths, strict=True)]
    return [(outcome, (int(taken) - size) / 1e6) for (outcome, taken), size in pairs]


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_no_file_takes_more_than_its_size_and_64_megabytes(tmp_path):
    for name, value in BOMBS.items():
        with open(tmp_path / name, "wb") as file:
            text = b"{" + FORMAT + b',"meta":{},"value":' + value.encode() + b"}"
            file.writelines(npz.with_digest(npz.archive(text, {})))
    records = column("float", "<f8", [10**7, 0])  # ten million records of zero bytes each
    empty = {**WITHIN, "history/0/a": np.zeros((10**7, 0))}
    (tmp_path / "records").write_bytes(forged(["Progress", 0, records], empty))
    names = [*BOMBS, "records"]
    for kind, dtype in (("bool", "|b1"), ("scalar", "|u1"), ("float", "<f8")):
        members = {**WITHIN, "history/0/a": np.zeros(500_000, dtype)}
        names.append(f"{kind} 500000")
        (tmp_path / names[-1]).write_bytes(forged(["Progress", 0, column(kind, dtype, [500_000])], members))
    hidden = {
        "p": {"history": {"0": {"a": ["array", "<f8", [500_000]]}}}
    }  # numbers hidden in the place of a record's types
    members = {f"p/{name}": array for name, array in {**WITHIN, "history/0/a": np.zeros(1)}.items()}
    members["p/history/0/b"] = np.zeros(500_000)
    names.append("hidden")
    text = ["dict", {"p": ["Progress", 0, column("float", "<f8", [1])]}, hidden]
    (tmp_path / "hidden").write_bytes(forged(text, members))
    for (outcome, beyond), name in zip(measured(*(tmp_path / name for name in names)), names, strict=True):
        print(f"{name}: {outcome}, {beyond:.0f} MB beyond its size")
        assert outcome == KEPT.get(name, "refused")
        assert beyond <= 64


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_a_large_checkpoint_takes_its_size_once(tmp_path):
    save(tmp_path / "x.npz", {"a": np.ones(2 * 10**7, np.float32), "state": STATE, "progress": progress()})
    ((outcome, beyond),) = measured(tmp_path / "x.npz")
    assert outcome == "dict"
    assert -10 < beyond < 10
