"""Raw requests and responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.worker.answers import answer_of
from onnxport_serve.worker.form import parse_form
from onnxport_serve.worker.raw_request import AMLRequest
from onnxport_serve.worker.raw_response import AMLResponse


def request(target: str = "/score", body: bytes = b"", **headers: str) -> AMLRequest:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return AMLRequest("POST", target, pairs, body)


def test_a_request_tells_its_parts() -> None:
    asked = request(
        "/score?a=1&a=2&b=%C3%A9",
        b"{}",
        host="h:1",
        content_type="application/json; x=y",
        cookie="c=d",
    )

    assert ("/score", "/score?a=1&a=2&b=%C3%A9") == (asked.path, asked.full_path)
    assert ("http://h:1/score", "http://h:1/score?a=1&a=2&b=%C3%A9") == (asked.base_url, asked.url)
    assert (["1", "2"], "é", 1) == (
        asked.args.getlist("a"),
        asked.args["b"],
        asked.args.get("a", type=int),
    )
    assert (0, None) == (asked.args.get("b", 0, type=int), asked.args.get("none"))
    assert ("application/json", True, {}) == (asked.mimetype, asked.is_json, asked.json)
    assert ({"c": "d"}, 2, "{}") == (
        asked.cookies,
        asked.content_length,
        asked.get_data(as_text=True),
    )
    assert "application/json; x=y" == asked.headers["CONTENT-TYPE"]


def test_json_that_is_none_is_said_or_passed_over() -> None:
    broken = request(body=b"{", content_type="application/json")

    assert broken.get_json(silent=True) is None
    assert request(body=b"1").get_json(silent=True) is None
    assert 1 == request(body=b"1").get_json(force=True)
    with pytest.raises(ValueError, match="Expecting"):
        _ = broken.json
    with pytest.raises(ValueError, match="not application/json"):
        _ = request(body=b"{}").json


def test_a_form_in_the_body() -> None:
    asked = request(
        "/score?q=1", b"a=1&b=x+y&a=2", content_type="application/x-www-form-urlencoded"
    )

    assert {"a": ["1", "2"], "b": ["x y"]} == asked.form.to_dict(flat=False)
    assert ["1"] == asked.values.getlist("q")
    assert b"" == asked.data


@given(body=st.binary(max_size=300), boundary=st.text(alphabet="aB-'", max_size=10))
def test_any_bytes_are_read_as_a_form_or_as_none(body: bytes, boundary: str) -> None:
    for kind in (
        "multipart/form-data; boundary=" + boundary,
        "application/x-www-form-urlencoded",
        "x",
    ):
        fields, files = parse_form(kind, body)
        assert all(isinstance(value, str) for value in fields.values())
        assert all(isinstance(upload.read(), bytes) for upload in files.values())


@given(
    fields=st.dictionaries(st.text("abc", min_size=1), st.text("xyz \n"), max_size=3),
    content=st.binary(max_size=100).filter(lambda value: b"--" not in value),
)
def test_a_multipart_form_gives_back_what_was_put_in(
    fields: dict[str, str], content: bytes
) -> None:
    parts = [
        b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (n.encode(), v.encode())
        for n, v in fields.items()
    ]
    parts.append(b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Transfer-Encoding: binary\r\n\r\n%b\r\n--B--\r\n' % content)  # fmt: skip
    read, files = parse_form("multipart/form-data; boundary=B", b"".join(parts))

    assert list(fields) == read.keys()
    assert content == files["f"].read()


@pytest.mark.parametrize(
    ("response", "content_type", "body"),
    [
        (AMLResponse("a", 200), b"text/html; charset=utf-8", b"a"),
        (AMLResponse(b"\0", 200, {"Content-Type": "x/y"}), b"x/y", b"\0"),
        (AMLResponse({"a": 1}, 200, json_str=True), b"application/json", b'{"a": 1}'),
        (AMLResponse(None, 204), b"application/json", b"{}"),
    ],
)
def test_responses(response: AMLResponse, content_type: bytes, body: bytes) -> None:
    result = answer_of(response, 1.0)

    assert body == result.body
    assert b"content-type: %b\r\n" % content_type in result.headers


def test_a_message_that_is_neither_text_nor_bytes_is_refused() -> None:
    with pytest.raises(TypeError, match="must be text or bytes"):
        AMLResponse({"a": 1}, 200)


@given(name=st.text(max_size=5), value=st.text(max_size=5))
def test_headers_never_end_their_line(name: str, value: str) -> None:
    response = AMLResponse("x", 200)
    response.headers.add(name, value)
    try:
        lines = answer_of(response, 1.0).headers
    except ValueError:
        return
    assert lines.endswith(b"\r\n")
    assert all(b":" in line for line in lines[:-2].split(b"\r\n"))
    assert lines.count(b"\r") == lines.count(b"\n") <= 2
