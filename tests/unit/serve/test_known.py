"""Heads that are remembered: bounded, and never those that differ each time."""

from typing import Any

from onnxport_serve.known import KnownHeads
from onnxport_serve.request import Request

NOBODY: Any = None


def request(head: bytes, **headers: bytes) -> Request:
    made = Request(
        NOBODY, b"POST", b"/score", {k.replace("_", "-").encode(): v for k, v in headers.items()}
    )
    made.head = head
    made.body = b"1234"
    return made


def test_a_head_is_found_with_what_it_means() -> None:
    known = KnownHeads()
    known.remember(request(b"head", host=b"localhost"), print)
    found = known.find(b"head")

    assert found is not None
    assert (b"/score", 4, print) == (found.target, found.length, found.handler)
    assert known.find(b"Head") is None


def test_heads_with_ids_of_their_own_are_not_kept() -> None:
    known = KnownHeads()
    for name in ("x_request_id", "traceparent", "expect", "transfer_encoding"):
        known.remember(request(name.encode(), **{name: b"1"}), print)
        assert known.find(name.encode()) is None


def test_the_number_of_heads_is_bounded() -> None:
    known = KnownHeads()
    for number in range(5000):
        known.remember(request(b"%d" % number), print)

    assert sum(known.find(b"%d" % number) is not None for number in range(5000)) <= 1024
