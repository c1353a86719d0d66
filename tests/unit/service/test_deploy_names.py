"""Allowed hosts and origins are kept as requests bring them, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.domain.endpoint import HttpPolicy
from onnxport.service.deployment.host_names import allowed_host, web_origin
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.endpoint.errors import InvalidOption


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("*", "*"),
        ("https://app.example.org", "https://app.example.org"),
        ("https://app.example.org/", "https://app.example.org"),
        ("HTTPS://App.example.org", "https://app.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:80", "http://localhost"),
        ("https://x.example:443/", "https://x.example"),
        ("https://x.example:80", "https://x.example:80"),
        ("http://[::1]:5173", "http://[::1]:5173"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(given_text, kept):
    assert kept == web_origin(given_text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "app.example.org",
        "https://app.example.org/path",
        "https://app.example.org//",
        "https://",
        "https://a b",
        "https://*.example.org",
        "https://user@example.org",
        "https://example.org:x",
        "https://example.org:99999",
        "http://[localhost]",
        "null",
    ],
)
def test_what_is_no_origin_is_refused_with_an_example(text):
    with pytest.raises(InvalidOption, match=r"https://app\.example\.org"):
        DeployOptions(cors_origins=(text,)).check()


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("*", "*"),
        ("Models.Example.org", "models.example.org"),
        ("gpu_box-1", "gpu_box-1"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
    ],
)
def test_a_host_is_kept_as_requests_name_it(given_text, kept):
    assert kept == allowed_host(given_text)


@pytest.mark.parametrize(
    "text",
    ["", "http://x.example", "x.example:8000", "x.example/", "[::1]", "*.example", "a b", "x."],
)
def test_what_is_no_host_is_refused_with_an_example(text):
    with pytest.raises(InvalidOption, match=r"models\.example\.org"):
        DeployOptions(allowed_hosts=(text,)).check()


@given(st.text(max_size=30))
def test_every_text_is_refused_or_kept_in_a_form_that_stays(text):
    for read in (web_origin, allowed_host):
        try:
            kept = read(text)
        except InvalidOption:
            continue
        assert kept == read(kept)


def test_the_wanted_state_holds_the_kept_forms():
    options = DeployOptions(cors_origins=("https://a.example/",), allowed_hosts=("B.example",))

    policy = options.http(HttpPolicy(cors_origins=("https://old.example",)))

    assert HttpPolicy(allowed_hosts=("b.example",), cors_origins=("https://a.example",)) == policy
    assert policy == DeployOptions().http(policy)
