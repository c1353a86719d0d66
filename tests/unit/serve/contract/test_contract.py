"""The documents of the contract: valid, true to every signature, safe for names that nobody checked."""

import html
import json
import re
from typing import Any

import jsonschema_rs
import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.codec import compile_codec
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.contract.build import build_contract
from onnxport_serve.contract.page import script_safe
from onnxport_serve.contract.values import ContractInput
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import (
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
)

JSON_DTYPES = [name for name, element in ELEMENTS.items() if element.has_json]
EXTREMES = {
    "bool": [True, False],
    "string": ["", "é"],
    **{name: [e.low, e.high] for name, e in ELEMENTS.items() if e.kind == "integer"},
    **{
        name: [float(np.finfo(e.storage).min), float(np.finfo(e.storage).max)]
        for name, e in ELEMENTS.items()
        if e.kind == "float"
    },
}
HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>"


def tensor(
    name: str, dtype: str = "float32", shape: Any = ("N", 2), required: bool = True
) -> NamedValue:
    return NamedValue(name, TensorType(dtype, shape), required)


def signature(*inputs: NamedValue, outputs: tuple[NamedValue, ...] = (tensor("y"),)) -> Signature:
    return Signature(inputs, outputs)


def source(described: Signature, **more: Any) -> ContractInput:
    return ContractInput(**{"name": "iris", "version": 2, "signature": described} | more)


def schema_of(described: Signature, name: str) -> Any:
    document = orjson.loads(build_contract(source(described)).openapi)
    return jsonschema_rs.validator_for(document["components"]["schemas"][name])


def codec_accepts(described: Signature, body: Any) -> bool:
    codec = compile_codec(described, name="iris", json_depth=64)
    try:
        codec.decode_score(orjson.dumps(body), b"application/json")
    except BadRequest:
        return False
    return True


@pytest.mark.parametrize("dtype", JSON_DTYPES)
def test_the_range_of_every_element_type_is_the_codecs(dtype: str) -> None:
    described = signature(tensor("x", dtype))
    request = schema_of(described, "ScoreRequest")

    for body in (
        {"data": [EXTREMES[dtype]]},
        {"inputs": {"x": [EXTREMES[dtype]]}},
        {"x": [EXTREMES[dtype]]},
    ):
        assert (True, True) == (request.is_valid(body), codec_accepts(described, body)), body


@pytest.mark.parametrize(
    "dtype", [n for n in JSON_DTYPES if n not in ("string", "float64", "int64", "uint64")]
)
def test_a_value_out_of_range_fits_neither_the_schema_nor_the_codec(dtype: str) -> None:
    described = signature(tensor("x", dtype))
    beyond = {"bool": 2}.get(dtype, max(EXTREMES[dtype]) * 2 + 1)
    body = {"data": [[beyond, 0]]}

    assert (False, False) == (
        schema_of(described, "ScoreRequest").is_valid(body),
        codec_accepts(described, body),
    )


ONE = signature(tensor("x", shape=("N", 2)))
TWO = signature(tensor("a", "int64", ("N",)), tensor("b", "string", ("N", 1)))
FREE = signature(tensor("x", shape=()), tensor("more", shape=(2,), required=False))
NESTED = signature(
    NamedValue("m", MapType("string", TensorType("float32", ()))),
    NamedValue("s", SequenceType(TensorType("int64", (2,)))),
    NamedValue("o", OptionalType(TensorType("bool", (1,))), required=False),
)
AWKWARD = signature(tensor("data"), tensor("inputs"))
BODIES = [
    (ONE, {"data": [[1, 2]]}, True),
    (ONE, {"data": []}, True),
    (ONE, {"inputs": {"x": [[1, 2], [3, 4]]}}, True),
    (ONE, {"x": [[1, 2.5]]}, True),
    (ONE, {"data": [[1, 2]], "x": 1}, False),
    (ONE, {"data": [[1, 2, 3]]}, False),
    (ONE, {"data": [1, 2]}, False),
    (ONE, {"data": [[1, "2"]]}, False),
    (ONE, {"data": [[1, None]]}, False),
    (ONE, {"data": [[1, True]]}, False),
    (ONE, {"y": [[1, 2]]}, False),
    (ONE, {}, False),
    (ONE, [], False),
    (ONE, None, False),
    (ONE, [{"x": 1}], False),
    (ONE, {"inputs": {"x": {"dims": ["1", "2"], "dataType": 1, "floatData": [1, 2]}}}, True),
    (ONE, {"inputs": {"x": {"dims": [1, 2], "dataType": 1, "rawData": "AACAPwAAAEA="}}}, True),
    (ONE, {"inputs": {"x": {"dims": [1, 2], "dataType": 7, "rawData": ""}}}, False),
    (ONE, {"inputs": {"x": {"dims": [0, 2], "dataType": 1}}, "outputFilter": ["z"]}, False),
    (TWO, {"inputs": {"a": [1, 2], "b": [["x"], ["y"]]}}, True),
    (TWO, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], True),
    (TWO, [{"a": 1}], False),
    (TWO, [{"a": 1, "b": "x", "c": 0}], False),
    (TWO, {"data": [1]}, False),
    (TWO, {"inputs": {"a": [1]}}, False),
    (TWO, {"inputs": {"a": [1.5], "b": [["x"]]}}, False),
    (FREE, {"data": 1.5}, True),
    (FREE, {"data": [1.5]}, False),
    (FREE, {"inputs": {"x": 1, "more": [1, 2]}}, True),
    (FREE, {"x": 1, "more": None}, True),
    (FREE, {"x": None}, False),
    (NESTED, {"inputs": {"m": {"k": 1}, "s": [[1, 2], [3, 4]]}}, True),
    (NESTED, {"inputs": {"m": {"k": 1}, "s": [], "o": [True]}}, True),
    (NESTED, {"inputs": {"m": {"k": 1}, "s": [], "o": None}}, True),
    (NESTED, {"inputs": {"m": {"k": "1"}, "s": []}}, False),
    (NESTED, {"inputs": {"m": {"k": 1}, "s": [[1]]}}, False),
    (AWKWARD, {"inputs": {"data": [[1, 2]], "inputs": [[3, 4]]}}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("described", "body", "is_good"), BODIES, ids=[json.dumps(body)[:60] for _, body, _ in BODIES]
)
def test_schema_and_codec_agree_on_what_a_body_may_be(
    described: Signature, body: Any, is_good: bool
) -> None:
    assert is_good == codec_accepts(described, body)
    assert is_good == schema_of(described, "ScoreRequest").is_valid(body)


def test_a_type_that_json_cannot_express_is_only_taken_as_bytes() -> None:
    document = orjson.loads(build_contract(source(signature(tensor("x", "bfloat16")))).openapi)
    content = document["paths"]["/score"]["post"]["requestBody"]["content"]
    request = jsonschema_rs.validator_for(document["components"]["schemas"]["ScoreRequest"])

    assert "application/octet-stream" in content
    assert not request.is_valid({"data": [[1, 2]]})
    assert request.is_valid(
        {"inputs": {"x": {"dims": [1, 2], "dataType": 16, "rawData": "AAAAAA=="}}}
    )


@pytest.mark.parametrize(
    ("answer", "is_good"),
    [
        ({"result": [[1.5, None]]}, True),
        ({"outputs": {"y": [[1.5, 2]]}}, True),
        ({"outputs": {"y": {"dims": ["1", "2"], "dataType": 1, "rawData": "AA=="}}}, True),
        ({"outputs": {}}, True),
        ({"result": [["a", "b"]]}, False),
        ({"error": "no"}, False),
    ],
)
def test_answers_are_described_as_they_are_written(answer: Any, is_good: bool) -> None:
    assert is_good == schema_of(ONE, "ScoreAnswer").is_valid(answer)


@pytest.mark.parametrize(
    ("change", "is_good"),
    [
        ({}, True),
        ({"id": "a", "outputs": [{"name": "y"}]}, True),
        ({"id": 5}, False),
        ({"outputs": [{"name": "z"}]}, False),
        ({"inputs": []}, False),
        ({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}, False),
        ({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}, False),
        ({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[1, 2]]}]}, True),
        ({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": ["1", 2]}]}, False),
    ],
)
def test_infer_requests_are_described_as_the_codec_reads_them(change: Any, is_good: bool) -> None:
    good = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    codec = compile_codec(ONE, name="iris", json_depth=64)
    try:
        codec.decode_v2(orjson.dumps(good | change), None)
        accepted = True
    except BadRequest:
        accepted = False

    assert is_good == accepted
    assert is_good == schema_of(ONE, "InferRequest").is_valid(good | change)


@pytest.mark.parametrize(
    "described", [ONE, TWO, FREE, NESTED, AWKWARD], ids=["one", "two", "free", "nested", "awkward"]
)
@pytest.mark.parametrize("keys_required", [False, True], ids=["open", "keyed"])
def test_every_schema_is_a_valid_schema_and_every_reference_leads_somewhere(
    described: Signature, keys_required: bool
) -> None:
    contract = build_contract(source(described, keys_required=keys_required))
    for text in (contract.openapi, contract.swagger["2"], contract.swagger["3"]):
        document = orjson.loads(text)
        for reference in set(re.findall(r'"#/([^"]+)"', text.decode())):
            found = document
            for part in reference.split("/"):
                found = found[part]
    for schema in orjson.loads(contract.openapi)["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator(schema)


def test_examples_fit_their_own_schemas() -> None:
    example, answer = {"data": [[1.5, 2.5]]}, {"result": [[3, 4]]}
    contract = build_contract(source(ONE, example=example, example_answer=answer))
    document = orjson.loads(contract.openapi)
    operation = document["paths"]["/score"]["post"]
    shown = operation["requestBody"]["content"]["application/json"]["example"]
    given_back = operation["responses"]["200"]["content"]["application/json"]["example"]

    assert (example, answer) == (shown, given_back)
    assert schema_of(ONE, "ScoreRequest").is_valid(shown)
    assert schema_of(ONE, "ScoreAnswer").is_valid(given_back)
    assert example == orjson.loads(contract.swagger["2"])["definitions"]["ServiceInput"]["example"]


def test_swagger_2_has_the_names_that_azure_clients_look_for() -> None:
    document = orjson.loads(build_contract(source(ONE, keys_required=True)).swagger["2"])

    assert "2.0" == document["swagger"]
    assert "iris" == document["info"]["title"]
    assert (
        "API specification for the Azure Machine Learning service iris"
        == document["info"]["description"]
    )
    assert "RunMLService" == document["paths"]["/score"]["post"]["operationId"]
    assert "serviceInputPayload" == document["paths"]["/score"]["post"]["parameters"][0]["name"]
    assert {"type": "apiKey", "name": "Authorization", "in": "header"}.items() <= document[
        "securityDefinitions"
    ]["Bearer"].items()
    assert {"ServiceInput", "ServiceOutput", "ErrorResponse"} == set(document["definitions"])


@pytest.mark.parametrize(("version", "stated"), [("2", "2.0"), ("3", "3.0.3"), ("3.1", "3.1.0")])
def test_swagger_comes_in_the_asked_version(version: str, stated: str) -> None:
    document = orjson.loads(build_contract(source(ONE)).swagger[version])

    assert stated == (document.get("openapi") or document["swagger"])


def test_openapi_3_0_has_no_words_of_3_1() -> None:
    text = build_contract(source(NESTED)).swagger["3"].decode()

    assert '"nullable":true' in text
    assert not re.search(r'"type":\[|"type":"null"|"const":|"contains":', text)


def test_keys_are_stated_where_they_are_required() -> None:
    with_keys = orjson.loads(build_contract(source(ONE, keys_required=True)).openapi)
    without = orjson.loads(build_contract(source(ONE)).openapi)

    assert [{"key": []}] == with_keys["paths"]["/score"]["post"]["security"]
    assert "401" in with_keys["paths"]["/score"]["post"]["responses"]
    assert "security" not in with_keys["paths"]["/"]["get"]
    assert "401" not in without["paths"]["/score"]["post"]["responses"]


def test_nothing_of_the_golden_request_is_in_documents_that_need_no_key_when_keys_are_required() -> (
    None
):
    secret = {"data": [[4711.25, 2]]}
    contract = build_contract(
        source(ONE, example=secret, example_answer=secret, keys_required=True)
    )
    served = [
        contract.openapi,
        contract.page,
        *contract.swagger.values(),
        *(c for c, _ in contract.assets.values()),
    ]

    assert not [text for text in served if b"4711" in text]
    assert b'"example":{"data"' in contract.openapi


def test_a_large_example_is_an_asset_and_in_no_document() -> None:
    example = {"data": [[0.5, 0.25]] * 5000}
    contract = build_contract(source(ONE, example=example))

    assert example == orjson.loads(contract.assets["/docs/assets/example.json"][0])
    assert len(contract.page) < 20_000
    assert len(contract.openapi) < 60_000


@pytest.mark.parametrize("name", [HOSTILE, "\u2028", "&amp;", "{{contract}}", "a'b\"c\\"])
def test_names_reach_the_page_as_data_only(name: str) -> None:
    page = build_contract(source(signature(tensor(name)), description=HOSTILE)).page.decode()
    start = page.index('id="contract">') + len('id="contract">')
    end = page.index("</script>", start)

    assert name == json.loads(page[start:end])["signature"]["inputs"][0]["name"]
    assert HOSTILE not in page
    assert 2 == page.count("<script") == page.count("</script>")


@given(st.text())
def test_json_in_a_script_element_is_the_same_json_without_markup(text: str) -> None:
    safe = script_safe(orjson.dumps({"name": text}))

    assert {"name": text} == orjson.loads(safe)
    assert not set(b"<>&") & set(safe)


def test_the_page_asks_only_its_own_endpoint_for_everything() -> None:
    contract = build_contract(source(ONE))
    wanted = set(re.findall(r'(?:src|href)="(/docs/[^"]+)"', contract.page.decode()))
    for path, (content, content_type) in contract.assets.items():
        if content_type.startswith(b"text/javascript"):
            folder = path.rpartition("/")[0]
            wanted |= {
                f"{folder}/{name}" for name in re.findall(r'from "\./([^"]+)"', content.decode())
            }
    text = b"".join(content for content, _ in contract.assets.values()) + contract.page

    assert wanted == set(contract.assets)
    assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(
        rb"\son\w+=|<style|style=|innerHTML|insertAdjacentHTML|eval\(", contract.page
    )
    assert b"innerHTML" not in text
    assert b"default-src 'none'" in dict(contract.page_headers)[b"content-security-policy"]


def test_the_title_is_escaped() -> None:
    name = '<b>"&'
    page = build_contract(source(ONE, name=name)).page.decode()

    assert f"<title>{html.escape(name)} " in page
