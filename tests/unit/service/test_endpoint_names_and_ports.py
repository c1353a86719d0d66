"""Names made from files, addresses made from hosts, ports that are free."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.domain.names import check_endpoint_name
from onnxport.service.endpoint.errors import InvalidOption, PortTaken
from onnxport.service.endpoint.ports import HostUnusable, check_port, choose_port, url_of
from onnxport.service.model.chosen import endpoint_name_from


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("iris", "iris"),
        ("My_Model v2.1", "my-model-v2-1"),
        ("--x--", "x"),
        ("模型", "model"),
        ("", "model"),
        ("a" * 62 + "-b", "a" * 62),
    ],
)
def test_a_name_is_made_of_what_a_file_is_called(text, name):
    assert name == endpoint_name_from(text)


@given(st.text())
def test_every_text_gives_a_valid_name(text):
    assert check_endpoint_name(endpoint_name_from(text))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("example.org", "http://example.org:80"),
    ],
)
def test_an_address_is_one_that_this_machine_can_call(host, url):
    assert url == url_of(host, 80)


def test_a_taken_port_is_passed_over(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("ONNXPORT_FIRST_PORT", str(port))

        assert choose_port("127.0.0.1", {port + 1}) > port + 1
        with pytest.raises(PortTaken, match="in use"):
            check_port("127.0.0.1", port)


@pytest.mark.parametrize(
    "host",
    ["203.0.113.7", "no such host", "nosuchhost.invalid", "a" * 70, ""],
    ids=["not ours", "no name", "unknown", "label too long", "empty"],
)
def test_a_host_that_cannot_be_listened_on_is_told_at_once(monkeypatch, host):
    asked = []
    resolve = socket.getaddrinfo

    def counted(*words, **options):
        asked.append(words)
        return resolve(*words, **options)

    monkeypatch.setattr(socket, "getaddrinfo", counted)

    with pytest.raises(HostUnusable) as caught:
        choose_port(host, ())
    assert "--host" in caught.value.remedy
    assert 1 == len(asked)
    with pytest.raises(HostUnusable):
        check_port(host, 8000)


@pytest.mark.parametrize("text", ["", "0", "65536", "x", "-1", "80.5"])
def test_a_first_port_that_is_none_is_told(monkeypatch, text):
    monkeypatch.setenv("ONNXPORT_FIRST_PORT", text)

    with pytest.raises(InvalidOption, match="ONNXPORT_FIRST_PORT"):
        choose_port("127.0.0.1", ())


def test_a_port_that_may_not_be_used_is_passed_over(monkeypatch):
    monkeypatch.setenv("ONNXPORT_FIRST_PORT", "20000")
    bind = socket.socket.bind

    class Guarded(socket.socket):
        def bind(self, address):
            if address[1] == 20_000:
                raise PermissionError(13, "Permission denied")
            bind(self, address)

    monkeypatch.setattr(socket, "socket", Guarded)

    assert choose_port("127.0.0.1", ()) > 20_000
