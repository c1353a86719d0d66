"""Documents are read strictly: a message names the field, what is wrong and what would be right; nothing else is ever raised."""

import contextlib
import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.documents import (
    DocumentError,
    Limits,
    Listen,
    RunSettings,
    parse_endpoint,
    parse_manifest,
    read_endpoint,
)

GOLDEN = Path(__file__).parents[3] / "golden"
ENDPOINT = json.loads((GOLDEN / "endpoint_full.json").read_bytes())
ONNX = json.loads((GOLDEN / "bundle_onnx.json").read_bytes())
SCRIPT = json.loads((GOLDEN / "bundle_script.json").read_bytes())
MISSING = object()


def _with(document, path, value):
    """The document with one field replaced, or taken away."""
    changed = copy.deepcopy(document)
    *parents, last = path
    inner = changed
    for step in parents:
        inner = inner[step]
    if value is MISSING:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(changed).encode()


def _message(parse, content):
    with pytest.raises(DocumentError) as caught:
        parse(content)
    assert caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ["name"],
            "Iris",
            "name: is \"Iris\"; it must be 1 to 63 lower-case letters, digits or '-'",
        ),
        (["name"], MISSING, "name: is missing"),
        (["generation"], 0, "generation: is 0; it must be an integer of at least 1"),
        (["generation"], True, "generation: is true; it must be an integer"),
        (["generation"], 10**30, "generation: is 1000000000"),
        (["revisions"], [], "revisions: is empty"),
        (["revisions"], {}, "revisions: is an object; it must be a list"),
        (["revisions", 0, "number"], 5, "revisions: must be ascending by number"),
        (["revisions", 1, "number"], 1, "revisions: must be ascending by number"),
        (
            ["revisions", 0, "digest"],
            "sha256:AA",
            'revisions[0].digest: is "sha256:AA"; it must be',
        ),
        (["revisions", 0, "bundle"], "a\0b", "revisions[0].bundle: is"),
        (
            ["revisions", 1, "settings", "runner"],
            "fast",
            "must be one of 'auto', 'inline', 'threads'",
        ),
        (
            ["revisions", 1, "settings", "providers"],
            [],
            "revisions[1].settings.providers: is empty",
        ),
        (["revisions", 1, "settings", "providers"], [1], "settings.providers[0]: is 1"),
        (["revisions", 1, "settings", "debug"], 1, "must be true or false"),
        (
            ["revisions", 1, "resources", "cpu"],
            0,
            "resources.cpu: is 0; it must be a number above 0",
        ),
        (["revisions", 1, "resources", "cores"], 1, "resources.cores: is not a field"),
        (["weights"], {"2": 90}, "weights: sum to 90; they must sum to 100"),
        (["weights"], {"2": 90, "3": 10}, "weights.3: is not one of the listed revisions"),
        (["weights"], {"two": 100}, "weights.two: is not a revision number"),
        (
            ["weights"],
            {"2": 101, "5": -1},
            "weights.2: is 101; it must be an integer from 0 to 100",
        ),
        (["mirror", "revision"], 9, "mirror.revision: is 9, which is not one of the listed"),
        (["keys", "accepted", 1, "name"], "primary", "keys.accepted: names a key twice"),
        (
            ["keys", "accepted", 0, "sha256"],
            "secret",
            "keys.accepted[0].sha256: must be 64 lower-case",
        ),
        (["limits", "body_bytes"], "1", 'limits.body_bytes: is "1"; it must be an integer'),
        (
            ["limits", "request_timeout_s"],
            0,
            "limits.request_timeout_s: is 0; it must be a number above",
        ),
        (["limits", "connection"], 3, "limits.connection: is not a field of this format"),
        (["http", "allowed_hosts"], "*", 'http.allowed_hosts: is "*"; it must be a list'),
        (["listen", "port"], 70000, "listen.port: is 70000; it must be an integer from 0 to 65535"),
        (["listen", "fronts"], 0, "listen.fronts: is 0"),
        (["format"], "onnxport-endpoint/2", 'format: is "onnxport-endpoint/2"; this version of'),
        (["surprise"], 1, "surprise: is not a field of this format"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, list) and value else None,
)
def test_a_wrong_field_of_endpoint_json_is_named(path, value, message):
    assert message in _message(parse_endpoint, _with(ENDPOINT, path, value))


@pytest.mark.parametrize(
    ("document", "path", "value", "message"),
    [
        (ONNX, ["kind"], "pickle", "kind: is \"pickle\"; it must be one of 'onnx', 'script'"),
        (ONNX, ["models"], [], "models: lists 0 models; kind 'onnx' has exactly one"),
        (ONNX, ["models", 0, "file"], None, "models[0].file: is null; kind 'onnx' needs"),
        (ONNX, ["models", 0, "file"], "other.onnx", "which 'files' does not list"),
        (ONNX, ["models", 0, "path"], "../elsewhere", "models[0].path: must be a relative path"),
        (ONNX, ["models", 0, "path"], "/etc", "models[0].path: must be a relative path"),
        (ONNX, ["models", 0, "file"], "a\\b", "models[0].file: must be a relative path"),
        (ONNX, ["signature"], None, "signature: is null; kind 'onnx' needs one"),
        (ONNX, ["signature", "inputs"], {}, "signature.inputs: must be a list"),
        (ONNX, ["sample", "origin"], "guess", "sample.origin: is"),
        (ONNX, ["sample", "path"], "sample/none", "sample.path: names 'sample/none'"),
        (ONNX, ["code"], SCRIPT["code"], "code: must be null for kind 'onnx'"),
        (ONNX, ["files", 0, "size"], -1, "files[0].size: is -1"),
        (ONNX, ["files", 0, "path"], "z", "files: must be sorted by path"),
        (SCRIPT, ["code"], None, "code: is null; kind 'script' needs scoring code"),
        (SCRIPT, ["environment", "lock"], "none.lock", "environment.lock: names 'none.lock'"),
        (SCRIPT, ["environment", "variables"], {"A": 1}, "environment.variables.A: must be a text"),
        (SCRIPT, ["files", 0, "path"], "bundle.json", "files: must not list bundle.json itself"),
    ],
)
def test_a_wrong_field_of_bundle_json_is_named(document, path, value, message):
    assert message in _message(parse_manifest, _with(document, path, value))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"[]", "is a list; it must be an object"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"\xff", "is not JSON"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b'{"format": NaN}', "holds NaN, which is not JSON"),
        (b'{"format": "onnxport-endpoint/1", "name": "a", "name": "b"}', "name: is there twice"),
        (b"1" * 10_000, "is not JSON"),
    ],
    ids=["empty", "list", "deep", "bytes", "byte order mark", "NaN", "twice", "digits"],
)
def test_what_is_not_a_document_is_refused(content, message):
    assert message in _message(parse_endpoint, content)


def test_absent_optional_fields_take_the_defaults_of_the_specification():
    needed = ("format", "name", "generation", "weights")
    document = {name: ENDPOINT[name] for name in needed}
    document["revisions"] = [
        {name: revision[name] for name in ("number", "digest", "bundle")}
        for revision in ENDPOINT["revisions"]
    ]
    spec = parse_endpoint(json.dumps(document).encode())
    assert (spec.limits, spec.listen, spec.mirror) == (Limits(), Listen(), None)
    assert spec.revisions[0].settings == RunSettings()


def test_a_document_that_cannot_be_read_says_where_it_should_be(tmp_path):
    assert str(tmp_path / "endpoint.json") in _message(read_endpoint, tmp_path)


def test_a_key_hash_is_not_repeated_in_a_message():
    document = _with(ENDPOINT, ["keys", "accepted", 0, "sha256"], "hunter2")
    assert "hunter2" not in _message(parse_endpoint, document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def _paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from _paths(inner, (*path, key))


@given(st.data(), JSON)
def test_any_replacement_anywhere_is_read_or_refused(data, value):
    document, parse = data.draw(
        st.sampled_from(
            [(ENDPOINT, parse_endpoint), (ONNX, parse_manifest), (SCRIPT, parse_manifest)]
        )
    )
    path = data.draw(st.sampled_from([path for path in _paths(document) if path]))
    with contextlib.suppress(DocumentError):
        parse(_with(document, path, value))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    for parse in (parse_endpoint, parse_manifest):
        with contextlib.suppress(DocumentError):
            parse(content)
