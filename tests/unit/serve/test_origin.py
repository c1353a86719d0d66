"""Host names and origins as the guard reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.documents import HttpPolicy
from onnxport_serve.errors import BadRequest, Forbidden, RequestError
from onnxport_serve.origin import OriginGuard, host_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"localhost", "localhost"),
        (b"LocalHost:8000", "localhost"),
        (b"localhost.", "localhost"),
        (b"127.0.0.1:1", "127.0.0.1"),
        (b"[::1]:1", "::1"),
        (b"[::1]", "::1"),
        (b"my-name_1.example", "my-name_1.example"),
        (b"localhost:", "localhost"),
    ],
)
def test_the_name_in_a_host(host: bytes, name: str) -> None:
    assert name == host_name(host)


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b":80",
        b"a b",
        b"a/b",
        b"a@b",
        b"a:b",
        b"a:1:2",
        b"[::1",
        b"[::1]x",
        b"[]",
        "ﬀ".encode(),
    ],
)
def test_what_is_no_host(host: bytes) -> None:
    with pytest.raises(BadRequest):
        host_name(host)


@given(st.binary(max_size=40))
def test_only_loopback_passes_by_default(host: bytes) -> None:
    guard = OriginGuard(HttpPolicy(), "127.0.0.1")
    try:
        guard.check_host(host)
    except RequestError:
        return
    name = host_name(host)
    assert name == "localhost" or name == "::1" or name.startswith("127.") or ":" in name


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_origin_passes_but_the_hosts_own(origin: bytes, host: bytes) -> None:
    guard = OriginGuard(HttpPolicy(), "127.0.0.1")
    try:
        guard.check_origin(origin, host)
    except Forbidden:
        return
    assert origin.lower().split(b"://", 1)[1] == host.lower()


def test_a_foreign_host_is_never_remembered_as_known() -> None:
    guard = OriginGuard(HttpPolicy(), "127.0.0.1")
    for _ in range(2):
        with pytest.raises(Forbidden):
            guard.check_host(b"rebound.example")
    guard.check_host(b"localhost")
    guard.check_host(b"localhost")


def test_one_origin_is_echoed_and_any_is_a_star() -> None:
    one = OriginGuard(HttpPolicy(cors_origins=("https://App.example",)), "127.0.0.1")
    any_ = OriginGuard(HttpPolicy(cors_origins=("*",)), "127.0.0.1")

    assert (b"vary", b"origin") in one.cors_headers(b"https://app.example")
    assert () == one.cors_headers(b"https://other.example")
    assert (b"access-control-allow-origin", b"*") in any_.cors_headers(b"https://other.example")
