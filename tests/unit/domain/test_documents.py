"""The values that become documents survive being written and read, and refuse what they are not."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.domain.bundle import BundleFile, BundleManifest, BundleModel
from onnxport.domain.conversion import Conversion, InputSet, OutputComparison, Proof
from onnxport.domain.dtype import DTYPE_OF_ONNX_CODE, ONNX_CODE, DType
from onnxport.domain.endpoint import AcceptedKey, EndpointSpec, KeyPolicy, Mirror, Revision
from onnxport.domain.signature import (
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
    type_from_json,
)
from onnxport.domain.traffic import Traffic

DTYPES = st.sampled_from(list(DType))
DIMENSIONS = st.one_of(st.none(), st.integers(0, 1000), st.text(min_size=1, max_size=5))
TENSORS = st.builds(
    TensorType, DTYPES, st.one_of(st.none(), st.lists(DIMENSIONS, max_size=4).map(tuple))
)
TYPES: st.SearchStrategy[ValueType] = st.recursive(
    TENSORS,
    lambda inner: st.one_of(
        st.builds(SequenceType, inner),
        st.builds(MapType, DTYPES, inner),
        st.builds(OptionalType, inner),
    ),
    max_leaves=4,
)
VALUES = st.lists(st.builds(NamedValue, st.text(max_size=8), TYPES, st.booleans()), max_size=3).map(
    tuple
)

MODEL = BundleModel("iris", 3, "models/iris/3", "model.onnx", "onnx", None, None)
FILE = BundleFile("models/iris/3/model.onnx", 12, "ab" * 32)
MANIFEST = BundleManifest("onnx", (MODEL,), Signature((), ()), None, None, None, (FILE,))
PROOF = Proof(
    "ab" * 32,
    True,
    None,
    Conversion(
        "sklearn",
        "1.9.1",
        "m.skops",
        None,
        "skl2onnx",
        {"skl2onnx": "1.20.0"},
        18,
        "2026-11-01T00:00:00Z",
    ),
    (OutputComparison("label", 9, 0.0, 0.0, 0.0, 0, 0.0, 0.0, (0, 1), True),),
    (InputSet("generated", 9),),
)


@given(VALUES, VALUES)
def test_a_signature_survives_json(
    inputs: tuple[NamedValue, ...], outputs: tuple[NamedValue, ...]
) -> None:
    signature = Signature(inputs, outputs)

    assert signature == Signature.from_json(json.loads(json.dumps(signature.to_json())))


def test_types_print_as_people_write_them() -> None:
    tensor = TensorType(DType.FLOAT32, ("N", None, 28))

    assert "float32[N, ?, 28]" == str(tensor)
    assert "int64[...]" == str(TensorType(DType.INT64, None))
    assert "sequence(map(int64, float32[]))" == str(
        SequenceType(MapType(DType.INT64, TensorType(DType.FLOAT32, ())))
    )
    assert "optional(string[1])" == str(OptionalType(TensorType(DType.STRING, (1,))))


@pytest.mark.parametrize(
    "document",
    [{"type": "list"}, {"type": "tensor", "dtype": "float33", "shape": []}],
    ids=["kind", "dtype"],
)
def test_an_unknown_type_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        type_from_json(document)


def test_every_element_type_has_its_onnx_number() -> None:
    assert set(DType) == set(ONNX_CODE)
    assert {code: dtype for dtype, code in ONNX_CODE.items()} == DTYPE_OF_ONNX_CODE


def test_the_digest_does_not_depend_on_the_order_of_files() -> None:
    other = BundleFile("a", 1, "cd" * 32)

    assert (
        replace(MANIFEST, files=(FILE, other)).digest
        == replace(MANIFEST, files=(other, FILE)).digest
    )


@pytest.mark.parametrize(
    "changed",
    [
        replace(MANIFEST, kind="script"),
        replace(MANIFEST, models=(replace(MODEL, version=4),)),
        replace(MANIFEST, files=(replace(FILE, sha256="ac" * 32),)),
        replace(MANIFEST, signature=None),
    ],
    ids=["kind", "version", "bytes", "signature"],
)
def test_the_digest_changes_with_every_part(changed: BundleManifest) -> None:
    assert MANIFEST.digest != changed.digest


def test_a_manifest_survives_its_bytes() -> None:
    assert MANIFEST == BundleManifest.from_json(json.loads(MANIFEST.to_bytes()))


def test_a_manifest_of_another_format_is_refused() -> None:
    document = {**json.loads(MANIFEST.to_bytes()), "format": "onnxport-bundle/2"}

    with pytest.raises(ValueError, match="onnxport-bundle/2"):
        BundleManifest.from_json(document)


def test_a_proof_survives_json() -> None:
    assert PROOF == Proof.from_json(json.loads(json.dumps(PROOF.to_json())))


def test_a_proof_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="onnxport-proof/9"):
        Proof.from_json({**PROOF.to_json(), "format": "onnxport-proof/9"})


def test_an_endpoint_survives_its_bytes() -> None:
    spec = EndpointSpec(
        "iris",
        7,
        (Revision(1, "sha256:ab", "b1"), Revision(2, "sha256:cd", "b2")),
        Traffic.of({1: 90, 2: 10}),
        Mirror(2, 5),
        KeyPolicy(True, (AcceptedKey("primary", "ab" * 32),)),
    )

    assert spec == EndpointSpec.from_json(json.loads(spec.to_bytes()))


def test_an_endpoint_that_was_stored_before_there_was_scoring_code_is_still_read() -> None:
    spec = EndpointSpec("iris", 1, (Revision(1, "sha256:ab", "b"),), Traffic.all_to(1))
    document = json.loads(spec.to_bytes())
    del document["revisions"][0]["environment"]
    del document["revisions"][0]["settings"]["session_cache"]
    del document["revisions"][0]["settings"]["model_data"]

    assert spec == EndpointSpec.from_json(document)


def test_an_endpoint_of_another_format_is_refused() -> None:
    spec = EndpointSpec("iris", 1, (Revision(1, "sha256:ab", "b"),), Traffic.all_to(1))

    with pytest.raises(ValueError, match="onnxport-endpoint/0"):
        EndpointSpec.from_json({**json.loads(spec.to_bytes()), "format": "onnxport-endpoint/0"})
