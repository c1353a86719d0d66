"""One codec serves several threads: the parser and context that the fast ways share are left to one of them at a time."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from fake.signatures import single
from onnxport_serve.errors import BadRequest


@pytest.mark.parametrize("count", [4, 600], ids=["small", "large"])
def test_threads_do_not_disturb_each_other(count: int) -> None:
    compiled = single("float32", "N")

    def decode(seed: int) -> bool:
        values = [float(seed + index) for index in range(count)]
        body = json.dumps({"data": values}, separators=(",", ":")).encode()
        call = compiled.decode_score(body, b"application/json")
        with pytest.raises(BadRequest, match="beyond the range of float32"):
            compiled.decode_score(body[:-2] + b",1e39]}", b"application/json")
        return bool(call.feeds["x"].tolist() == values)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(decode, range(400)))
