"""Hundreds of thousands of malformed requests and bodies: no crash, no accidental 5xx, no growth of memory."""

import json
import os
import random
import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from heavy.endpoints import Address, Program
from heavy.test_no_request_lost import BODY, save_scaling_model

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]
REQUESTS = int(os.environ.get("ONNXPORT_FUZZ_REQUESTS", "200000"))
SEED = int(os.environ.get("ONNXPORT_FUZZ_SEED", "2018"))
BATCH = 50
DELIBERATE = {501, 503}  # an unknown transfer coding; too busy
STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Z][A-Za-z ]*\r\n")
PATHS = [
    b"/score",
    b"/v2/models/target/infer",
    b"/v2/models/target",
    b"/v2",
    b"/",
    b"/docs",
    b"/metrics",
    b"/swagger.json",
    b"/nothing",
]
FRAGMENTS = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"1e999", b"-", b"\\u0000", b"\xff\xfe", b"[" * 200,
    b'{"data":', b'{"inputs":', b'"shape":', b'"datatype":"FP32"', b'"dims":["1","4"]', b'"rawData":"AAAA"', b'"dataType":1', b"\x93NUMPY\x01\x00",
    b"1,2,3,4", b"9" * 400, b'"parameters":{"binary_data_size":', b'"outputs":', b'"name":"x"', b"\x00\x00\x80\x7f",
]  # fmt: skip
HEADERS = [
    b"Content-Type: application/json", b"Content-Type: application/octet-stream", b"Content-Type: application/x-npy",
    b"Inference-Header-Content-Length: 10", b"Inference-Header-Content-Length: -1", b"Inference-Header-Content-Length: 99999999999999999999",
    b"Expect: 100-continue", b"Connection: close", b"Connection: keep-alive, upgrade", b"Upgrade: h2c", b"X-Request-Id: " + b"a" * 101, b"Authorization: Bearer \xff",
    b"Origin: http://evil.example", b"Host: evil.example", b"Cookie: a=b", b"Bad Header : x", b" folded", b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip",
]  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program on a workspace of its own, everything stopped afterwards."""
    program = Program(tmp_path / "workspace")
    yield program
    program("down", "--yes")


def test_malformed_requests_do_no_harm(program: Program, tmp_path: Path) -> None:
    address = program.deploy(save_scaling_model(tmp_path / "m.onnx", 2.0), "--name", "target")
    pid = front_pid(program)
    chance = random.Random(SEED)
    codes: Counter[int] = Counter()
    codes += fuzz(address, chance, REQUESTS // 4)  # caches and pools fill first
    before = resident_kib(pid)
    codes += fuzz(address, chance, REQUESTS - REQUESTS // 4)
    after = resident_kib(pid)

    assert pid == front_pid(program), "the serving process was replaced"
    assert set() == {code for code in codes if code >= 500} - DELIBERATE
    assert codes[400] > REQUESTS // 20, codes
    assert after - before < 8 * 1024, f"resident memory grew from {before} to {after} KiB"
    status, _, content = address.request("POST", "/score", BODY)
    assert (200, [[2.0, 4.0, 6.0, 8.0]]) == (status, json.loads(content)["result"])


def fuzz(address: Address, chance: random.Random, count: int) -> Counter[int]:
    """Send that many requests, many to a connection; status codes by count."""
    codes: Counter[int] = Counter()
    sent = 0
    while sent < count:
        batch = [malformed_request(chance) for _ in range(BATCH)]
        sent += BATCH
        remaining = batch
        while remaining:
            answered = exchange(address, remaining, codes)
            remaining = remaining[max(answered, 1) :]
    return codes


def exchange(address: Address, requests: list[bytes], codes: Counter[int]) -> int:
    """Send requests on one connection until it closes; how many were answered."""
    received = bytearray()
    with socket.create_connection((address.host, address.port), timeout=20) as connection:
        try:
            connection.sendall(b"".join(requests))
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    answers = STATUS_LINE.findall(received)
    codes.update(map(int, answers))
    return len(answers)


def malformed_request(chance: random.Random) -> bytes:
    """A request that is wrong in its line, its headers, its length or its body; sometimes right by accident."""
    body = malformed_body(chance)
    head = [random_line(chance), b"Host: localhost"]
    head += chance.sample(HEADERS, chance.choice((0, 0, 0, 1, 2)))
    kind = chance.random()
    if kind < 0.80:
        head.append(b"Content-Length: %d" % len(body))
    elif kind < 0.93:
        head.append(b"Transfer-Encoding: chunked")
        body = chunked(chance, body)
    elif kind < 0.96:
        head.append(
            b"Content-Length: "
            + chance.choice([b"-1", b"x", b"1e3", b"0x10", b"99999999999999999999", b"5, 5"])
        )
    chance.shuffle(head[1:])
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def random_line(chance: random.Random) -> bytes:
    method = chance.choices(
        [b"POST", b"GET", b"PUT", b"HEAD", b"OPTIONS", b"P\xc3ST", b"CONNECT", b"get"],
        [60, 15, 3, 3, 3, 1, 1, 1],
    )[0]
    path = chance.choice(PATHS) if chance.random() < 0.95 else mutate(chance, chance.choice(PATHS))
    version = (
        b"HTTP/1.1"
        if chance.random() < 0.97
        else chance.choice([b"HTTP/1.0", b"HTTP/2.0", b"HTP/1.1", b""])
    )
    return b" ".join([method, path, version])


def malformed_body(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.4:
        return mutate(chance, BODY)
    if kind < 0.6:
        v2 = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
        return mutate(chance, json.dumps(v2).encode())
    return b"".join(chance.choice(FRAGMENTS) for _ in range(chance.randrange(12)))


def mutate(chance: random.Random, text: bytes) -> bytes:
    """A few bytes replaced, removed, doubled or spliced in."""
    result = bytearray(text)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(result) + 1)
        match chance.randrange(4):
            case 0:
                result[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del result[at : at + chance.randrange(1, 8)]
            case 2:
                result[at:at] = chance.choice(FRAGMENTS)
            case _:
                result[at:at] = result[: chance.randrange(len(result) + 1)]
    return bytes(result)


def chunked(chance: random.Random, body: bytes) -> bytes:
    """A chunked body, sometimes with broken sizes or without its end."""
    pieces, at = [], 0
    while at < len(body):
        size = chance.randrange(1, 40)
        piece = body[at : at + size]
        stated = (
            len(piece)
            if chance.random() < 0.97
            else chance.choice([-1, 0xFFFFFFFFFFFFFFFFF, len(piece) + 3])
        )
        pieces.append(
            b"%x\r\n" % stated + piece + b"\r\n" if stated >= 0 else b"zz\r\n" + piece + b"\r\n"
        )
        at += size
    return b"".join(pieces) + (b"0\r\n\r\n" if chance.random() < 0.95 else b"")


def front_pid(program: Program) -> int:
    status = json.loads((program.workspace / "endpoints" / "target" / "status.json").read_text())
    return int(status["fronts"][0]["pid"])


def resident_kib(pid: int) -> int:
    """Resident memory of a process, where the system tells it."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell a process's memory in /proc")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])
