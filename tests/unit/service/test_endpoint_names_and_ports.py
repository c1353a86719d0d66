"""Names made from files, addresses made from hosts, ports that are free."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.domain.names import check_endpoint_name
from onnxport.service.deploy_source import endpoint_name_from
from onnxport.service.endpoint_errors import PortTaken
from onnxport.service.ports import check_port, choose_port, listening_problem, url_of


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
        monkeypatch.setattr("onnxport.service.ports.FIRST_PORT", port)

        assert choose_port("127.0.0.1", {port + 1}) > port + 1
        with pytest.raises(PortTaken, match="in use"):
            check_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"),
    [("203.0.113.7", 8000), ("no such host", 8000)],
    ids=["not ours", "unknown"],
)
def test_an_address_that_cannot_be_listened_on_has_a_reason(host, port):
    assert listening_problem(host, port)
