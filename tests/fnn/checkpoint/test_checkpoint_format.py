"""A file of the present format is kept here: it must load, and `save` must write the same bytes for its value.

If you change what is written, raise `VERSION` in fnn/checkpoint/checkpoint.py and make the kept file anew:

    python -c "from tests.fnn.checkpoint.test_checkpoint_format import keep; keep()"
"""

from base64 import b64decode, b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from zlib import compress, decompress

import numpy as np

from fnn import Key, Params, Progress, checkpoint
from fnn.checkpoint.checkpoint import VERSION
from fnn.optimizers.optimizer import State
from fnn.tree import Layout

FILE = Path(__file__).with_name("checkpoint.base64")  # the kept file, compressed and written as text


def kept():
    """The value in the file. Its numbers are exact in float32, so that they are the same on every machine."""
    weights, bias = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0.5, -1.5], np.float32)
    params = Params({"0": {"weights": weights, "bias": bias}, "1": {}, "a/ü": {"bias": np.array([np.nan], np.float32)}})
    layout = Layout.of(params)
    vector = layout.ravel(params)
    first = State(vector, 1, (vector * 2, vector * 4), np.float32(0.75), layout, "adam")
    last = State(vector / 2, 2, (vector * 8, vector / 4), np.array(0.25, np.float32), layout, "adam")
    history = (
        {"epoch": 1, "loss": 0.75, "norm": np.float32(1.5), "both": np.arange(2)},
        {"epoch": 2, "loss": 0.25, "norm": np.float32(2.5), "both": np.arange(2)},
        {"epoch": 3, "stopped": True},
    )
    progress = Progress(last, first, 1, -0.75, history)
    return {"progress": progress, "params": params, "key": Key(2**127 + 1, (3, 2**32 - 1)), "memory": (params, Key(0))}


META = {"of": "the kept file", "list": [1, 2.5, None, True], "ü": {}}


def keep():
    """Write the kept file anew."""
    with TemporaryDirectory() as folder:
        checkpoint.save(f"{folder}/x.npz", kept(), meta=META)
        text = b64encode(compress(Path(folder, "x.npz").read_bytes(), 9)).decode()
    FILE.write_text("\n".join(wrap(text, 120)) + "\n", encoding="utf-8")


def kept_bytes():
    return decompress(b64decode(FILE.read_text(encoding="utf-8")))


def test_the_kept_file_loads(tmp_path):
    (tmp_path / "x.npz").write_bytes(kept_bytes())
    loaded = checkpoint.load(tmp_path / "x.npz", like=kept())
    assert loaded == kept()
    types = [{name: type(value) for name, value in record.items()} for record in loaded["progress"].history]
    assert types == [{name: type(value) for name, value in record.items()} for record in kept()["progress"].history]
    assert checkpoint.read_meta(tmp_path / "x.npz") == META


def test_what_is_saved_today_is_that_file(tmp_path):
    checkpoint.save(tmp_path / "x.npz", kept(), meta=META)
    assert (tmp_path / "x.npz").read_bytes() == kept_bytes()


def test_the_kept_file_has_the_present_format():
    assert b'{"format":%d,' % VERSION in kept_bytes()
