"""A file of format 1, kept here: it must always load, and be what `save` writes today of the same value.

Whoever changes what is written gives the format a new number, and adds a file here.
"""

from base64 import b64decode
from zlib import decompress

import numpy as np

from fnn import Key, Params, Progress, checkpoint
from fnn.optimizers.optimizer import State
from fnn.tree.flat import Layout

FORMAT_1 = decompress(
    b64decode(
        "eNrtWF+IG0UY3+vpqVHrtdfW1daaLi3nn+3dzibZJNfSpiq1WpSISP8c13az2TTx9rLpZtP2ek17BQsnpZSjUARfDmkRRBDBJyk20hZbH0R8"
        "Eh98UEEfBcEHEXR2dybZmZ1NcuGuIJi7ZXdn5/t+v9/MNzvft9m9/fdt5bzfJq70+4a5f9BviFvDaUVdm6yYpbI98nbVLI+UK9N93CB3fsAz"
        "wOfLr7/1WvZAH3eMmxnO61XNGh6LDp+ugWExOlwwLdtSy4dNK6877btVo6rD9mpRrejw/hmQiCvis2K0Hu3hF5kRIMCUagtjQBSmdFsVxmYE"
        "syCMofYoEETBKFVhh3EgyiMJsVwzDNG2avqEKNy8DrvX66JwXDVqOuwi5EuaLYgzQsUyj1p6teq0ZfG1COCTqq3abtc33QtRFgU1r04J4rhg"
        "qNNmDZqPT8B+ktOHaDmhl44WbdeloasF2BoT5QlII1dS/a2wrQ5bAe3AaVRHHc6UY8oeOPZ158FxXbNNy3mkWpY6DYdieyEOe6Qd1KphemTs"
        "WsXQBUyZ0RMw2x06hukNEfnQe5bT3VHH4wT+H6fwcTpc1UzLjSpLh1f5KoaZwaEpFAwThnldnGkFa8tbyidHKMJwN61ppje9YmpF6A0uaQHT"
        "Qq5FoQyXDLytaqqhWvA+Z9pOXw/GQUbWPuRSypsIlsTmI88vrd6bUhci4FD0zS1NGoqrVPQ8vM+ZptGOF3CnD3dvPT2dA63xcmAqqqVOeWvd"
        "u/KFJtHiC01SDBWhAaXNQPW78wcqAcN205zgSd2d3L3wJIKkBOIApGJxRYoraTkGkjGgpJIxKZYEiVQqDqREUk47DONyOp5W4E2iTVj/JwYA"
        "NOVL3iqCf1liJ7s2eHcT3smegDsZfp+Puq/vUW/B4/3sEjLDZ7yfqf79DFLoaj9LL2YziyDEnRw3C48GPLgMx0XhMbsDXt6AbWdJZeeGPj6O"
        "lT0ZVOZO66iEpdnIzqak7V4aaZj/LsgXHg14cC9A/vCYhRoyXwb5R/JnvuvIH9xb/s5YO3OQQfOw4MwDbGt8EeR/Yn7secz/8SB/5zWIye9D"
        "Rvso8q/0Qp4ZVRGHO8nvTOniB5gf7+fn7DNU4F9BVlcogsVlD3xq/FHcZzJe3CxkvPloMOL/x18PXWeubFcfFf41ZFajBL68RAJx/CPejYy3"
        "FqK7PE2ZRpD/R+8OZTvxB/eY/yzinUHreGGXp6nB4D93e4+M+a8L8PeH/35ks58i/+qShb/DP7OT5PfTuWs7ML+naX5enjUqjbo5FCZaRcbV"
        "9u//VHf1TA/v/99ukBr6zw9fwho2+DWg1A4KcFMeLOAUsjxFCThCCCh1J0BehIBIH0Jcgc6kjje+mv8Z61jP1uEPmLB5ONDLPHQlA4//Tu/8"
        "LRVLd8uXP+nA38ltMf9JZDjZnn98Sfk7OUM0Q/Le+ulKpQNvJ/HGvC8gwwtt47/r8InKXQcQfn9yOI7oe1LXkb9G3mu7LgC5Lg4iy4OUsD29"
        "CGMt7Eg/k6d68sPPMc+NbJ6oLMFMS8i2RDE9RHxSyYElfgVF+kji9feLZzHxNQ5xNymH4YLyfkx3HlnMU3TNXiI9tpiI6TJ/oOLm5vZvsKxV"
        "fllOnYE1TaHuU5Sm8WVbvR5/N88h+e5/8Zc/iRzB46tukQvbthS0bQTvY8jsGMVb64U3WFwSFwnmB+t/6F+Bua+F3FFGFoyhi8jkIsV78h7G"
        "UJfxc3vTZ81qcjWhyT8RBupvUIIOLl8AhcTPH08deM5fY2G+7ACqILsKxTu3/AGE4qdvxVYu7Cv0Bt+u4LQwv0nzgW/SXPPFTDonPwzQztt8"
        "JuADnwm+HmBDkBV6BwiiYOED9e7VB9gYZBXdFQYIw8g/yMYgK90OGK08jg/UvZsfYgOQpWooQKBw5QOF660QBLJYbI9AzQRdel2NsCHIeq4b"
        "CBAGkX+YDUGWXO0h/PNAF2CbH2H7J0umtv5ZBRQfSNxvhQCRdU0oELPK4QNVztyjbBSy6ugCxT9mtJTsSjYIWRp0AdIqFPhAoTD4GBuEzOO7"
        "AGll9Xwgq78TAkIm1R1BADkpdIq9MMhGIVPiLlCIBJkPJMh7VrFxyAw2gMPMZ/lAPtu3OmSsiEQy1Htrd+UDaeX3Ia7JnC/ENWsD5wMZ4NwQ"
        "G4JMzWiIkESNDyRqL61huyezpHD3fup0zsSvZfsmM5ow3+zhofObO02MgQERtbWwOG4ddT6J9sd31jXt3F35742tWjW79/4BzAb/MpyUUmQp"
        "p8cV+C8X9FROyymxRFKR4nlJBumCrslpOZXUpVRKk2VN0fOKki8oiionJCmRSP8LY7BOtQ=="
    )
)  # fmt: skip


def kept():
    """What is in the file: numbers that are exact in float32, so that no machine's arithmetic is in them."""
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


META = {"of": "format 1", "list": [1, 2.5, None, True], "ü": {}}


def test_a_file_of_format_1_loads(tmp_path):
    (tmp_path / "x.npz").write_bytes(FORMAT_1)
    loaded = checkpoint.load(tmp_path / "x.npz", like=kept())
    assert loaded == kept()
    types = [{name: type(value) for name, value in record.items()} for record in loaded["progress"].history]
    assert types == [{name: type(value) for name, value in record.items()} for record in kept()["progress"].history]
    assert checkpoint.read_meta(tmp_path / "x.npz") == META


def test_what_is_saved_today_is_that_file(tmp_path):
    checkpoint.save(tmp_path / "x.npz", kept(), meta=META)
    assert (tmp_path / "x.npz").read_bytes() == FORMAT_1
