"""What is told about a model, and each preflight finding on the smallest model that has it."""

import os
from pathlib import Path
from typing import Any

import onnx
import pytest
from fake.onnx_models import external_tensor, make_adding_model, make_model, tensor
from onnx import TensorProto, helper
from onnxport.domain.dtype import DType
from onnxport.domain.signature import (
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
)
from onnxport.inspect import ExternalFile, Inspection, OperatorCount, Opset, Severity
from onnxport.inspect.describe import describe, leaves_types_open
from onnxport.inspect.structure import Undescribable
from onnxport.inspect.value_types import read_runtime_type

FLOATS = TensorType(DType.FLOAT32, ("n", 4))


def look(model: onnx.ModelProto, file: Path = Path("/nowhere/model.onnx")) -> Inspection:
    return describe(model, file, model.ByteSize())


def codes(model: onnx.ModelProto, file: Path = Path("/nowhere/model.onnx")) -> list[str]:
    return [f"{finding.severity}: {finding.code}" for finding in look(model, file).findings]


def test_a_sound_model_has_no_findings() -> None:
    assert [] == codes(make_model())


def test_the_facts_are_those_of_the_file() -> None:
    weight = helper.make_tensor("w", 1, [4], [1.0] * 4)
    model = make_adding_model(weight)
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=helper.make_tensor("c", 7, [3], [1, 2, 3])))  # fmt: skip
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    model.producer_name, model.producer_version, model.domain = "maker", "1.2", "org.x"
    model.model_version, model.doc_string = 7, "what it does"
    helper.set_model_props(model, {"classes": "a,b"})

    assert Inspection(
        file=Path("/nowhere/model.onnx"),
        size=model.ByteSize(),
        signature=Signature((NamedValue("x", FLOATS),), (NamedValue("y", FLOATS),)),
        opsets=(Opset("ai.onnx", 17), Opset("ai.onnx.ml", 3)),
        ir_version=9,
        producer_name="maker",
        producer_version="1.2",
        domain="org.x",
        model_version=7,
        description="what it does",
        metadata={"classes": "a,b"},
        nodes=2,
        operators=(OperatorCount("ai.onnx", "Add", 1), OperatorCount("ai.onnx", "Constant", 1)),
        functions=(),
        custom_domains=(),
        parameters=7,
        weight_bytes=16 + 24,
        external_files=(),
        findings=(),
    ) == look(model)


def test_an_inspection_survives_its_json_form() -> None:
    inspection = look(make_model(opsets=[("", 5), ("", 6)]))

    assert inspection.findings
    assert inspection == Inspection.from_json(inspection.to_json())


@pytest.mark.parametrize(
    ("proto", "kind"),
    [
        pytest.param(helper.make_tensor_type_proto(1, ["n", 3, None]), TensorType(DType.FLOAT32, ("n", 3, None)), id="tensor"),
        pytest.param(helper.make_tensor_type_proto(1, []), TensorType(DType.FLOAT32, ()), id="scalar"),
        pytest.param(helper.make_tensor_type_proto(16, None), TensorType(DType.BFLOAT16, None), id="unknown rank"),
        pytest.param(helper.make_tensor_type_proto(1, [-1]), TensorType(DType.FLOAT32, (None,)), id="minus one"),
        pytest.param(helper.make_sequence_type_proto(helper.make_tensor_type_proto(8, [])), SequenceType(TensorType(DType.STRING, ())), id="sequence"),
        pytest.param(helper.make_map_type_proto(7, helper.make_tensor_type_proto(1, [])), MapType(DType.INT64, TensorType(DType.FLOAT32, ())), id="map"),
        pytest.param(helper.make_optional_type_proto(helper.make_tensor_type_proto(9, [1])), OptionalType(TensorType(DType.BOOL, (1,))), id="optional"),
    ],
)  # fmt: skip
def test_types_are_read_as_the_file_states_them(proto: Any, kind: object) -> None:
    model = make_model(inputs=[helper.make_value_info("x", proto)])

    (value,) = look(model).signature.inputs
    assert (kind, not isinstance(kind, OptionalType)) == (value.type, value.required)


@pytest.mark.parametrize(
    ("text", "shape", "kind"),
    [
        ("tensor(float)", ["n", 3, None], "float32[n, 3, ?]"),
        ("tensor(double)", [], "float64[]"),
        ("seq(map(int64,tensor(float)))", None, "sequence(map(int64, float32[...]))"),
        ("optional(tensor(string))", None, "optional(string[...])"),
    ],
)
def test_types_are_read_as_the_runtime_spells_them(text: str, shape: Any, kind: str) -> None:
    assert kind == str(read_runtime_type(text, shape))


@pytest.mark.parametrize(
    "text", ["tensor(complex256)", "opaque(x)", "float", "sparse_tensor(float)"]
)
def test_runtime_types_that_cannot_be_served_are_refused(text: str) -> None:
    with pytest.raises(Undescribable):
        read_runtime_type(text, None)


def test_an_output_may_leave_its_type_open() -> None:
    model = make_model(outputs=[onnx.ValueInfoProto(name="y")])

    assert ((), True) == (look(model).signature.outputs, leaves_types_open(model))


def test_weights_of_old_models_are_no_inputs() -> None:
    weight = helper.make_tensor("w", 1, [4], [1.0] * 4)
    model = make_adding_model(weight)
    model.graph.input.append(tensor("w", [4]))
    model.ir_version = 3

    assert ["x"] == [value.name for value in look(model).signature.inputs]


def test_an_input_with_a_default_is_not_required() -> None:
    model = make_adding_model(helper.make_tensor("w", 1, [4], [1.0] * 4))
    model.graph.input.append(tensor("w", [4]))

    inspection = look(model)
    assert [True, False] == [value.required for value in inspection.signature.inputs]
    assert ["initializers_as_inputs"] == [finding.code for finding in inspection.findings]


def test_operators_of_subgraphs_and_functions_are_counted() -> None:
    branch = helper.make_graph([helper.make_node("Neg", ["x"], ["b"])], "b", [], [tensor("b")])
    model = make_model(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)],
        inputs=[tensor("x"), tensor("c", [], TensorProto.BOOL)],
        opsets=[("", 17), ("own", 1)],
    )
    body = [helper.make_node("Abs", ["a"], ["b"])]
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], body, [helper.make_opsetid("", 17)]))  # fmt: skip

    inspection = look(model)
    assert {"If": 1, "Neg": 2, "Abs": 1} == {o.name: o.count for o in inspection.operators}
    assert (("own:F",), ()) == (inspection.functions, inspection.findings)


def with_repeated_result() -> onnx.ModelProto:
    return make_model([helper.make_node("Identity", ["x"], ["y"])] * 2)


def with_training() -> onnx.ModelProto:
    model = make_model()
    model.training_info.add()
    return model


def zipmap() -> onnx.ModelProto:
    kind = helper.make_sequence_type_proto(
        helper.make_map_type_proto(7, helper.make_tensor_type_proto(1, []))
    )
    return make_model(
        [helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])],
        outputs=[helper.make_value_info("y", kind)],
        opsets=[("", 17), ("ai.onnx.ml", 1)],
    )


@pytest.mark.parametrize(
    ("model", "found"),
    [
        pytest.param(make_model(inputs=[tensor("x", [1, 4])]), "warning: fixed_batch", id="batch of one"),
        pytest.param(make_model(inputs=[tensor("x", [8, 4])]), "warning: fixed_batch", id="batch of eight"),
        pytest.param(make_model(inputs=[tensor("x", [0, 4])]), "warning: zero_size_dimension", id="zero size"),
        pytest.param(make_model(inputs=[tensor("x", None)]), "note: unknown_rank", id="unknown rank"),
        pytest.param(make_model(inputs=[tensor("x", ["n"], 11)]), "note: float64_input", id="float64"),
        pytest.param(make_model(inputs=[tensor("x"), tensor("z")]), "note: unused_input", id="unused input"),
        pytest.param(make_model(outputs=[]), "error: no_outputs", id="no outputs"),
        pytest.param(make_model(inputs=[tensor("x"), tensor("x")]), "error: duplicate_names", id="two inputs of one name"),
        pytest.param(make_model(outputs=[tensor("y"), tensor("y")]), "error: duplicate_names", id="two outputs of one name"),
        pytest.param(with_repeated_result(), "error: duplicate_names", id="two results of one name"),
        pytest.param(make_model(inputs=[tensor("")]), "error: odd_name", id="empty name"),
        pytest.param(make_model([helper.make_node("Identity", ["a\nb"], ["y"])], inputs=[tensor("a\nb")]), "warning: odd_name", id="line break in a name"),
        pytest.param(make_model(opsets=[("", 6)]), "warning: old_opset", id="old opset"),
        pytest.param(make_model(opsets=[("", 17), ("", 18)]), "warning: duplicate_opset_import", id="opset twice"),
        pytest.param(make_model(opsets=[("", 17), ("ai.onnx", 17)]), "warning: duplicate_opset_import", id="opset in two spellings"),
        pytest.param(make_model(opsets=[]), "error: missing_opset_import", id="no opset"),
        pytest.param(make_model([helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml")]), "error: missing_opset_import", id="no import of a domain"),
        pytest.param(make_model([helper.make_node("Foo", ["x"], ["y"], domain="my.ops")], opsets=[("", 17), ("my.ops", 1)]), "error: unregistered_operator_domain", id="custom domain"),
        pytest.param(zipmap(), "warning: zipmap_output", id="zipmap"),
        pytest.param(with_training(), "note: training_info", id="training"),
    ],
)  # fmt: skip
def test_each_finding_is_found_with_its_consequence_and_fix(
    model: onnx.ModelProto, found: str
) -> None:
    findings = [finding for finding in look(model).findings if f"{finding.severity}: {finding.code}" == found]  # fmt: skip

    assert 1 <= len(findings)
    assert all(finding.what and finding.consequence and finding.fix for finding in findings)


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor("x", ["n", 4])],
        [tensor("x", [None, 4])],
        [tensor("x", [4])],
        [tensor("x", ["n", 4]), tensor("state", [2, 3])],
    ],
    ids=["symbolic", "unknown", "vector", "one of two free"],
)
def test_a_batch_that_is_free_is_not_called_fixed(inputs: list[Any]) -> None:
    assert "warning: fixed_batch" not in codes(make_model(inputs=inputs))


def test_findings_name_the_custom_operator() -> None:
    model = make_model([helper.make_node("Foo", ["x"], ["y"], domain="my.ops")], opsets=[("", 17), ("my.ops", 1)])  # fmt: skip

    inspection = look(model)
    assert ("my.ops",) == inspection.custom_domains
    assert "my.ops:Foo" in inspection.errors[0].what


def impossible_dimensions() -> onnx.ModelProto:
    weight = helper.make_tensor("w", 1, [4], [1.0] * 4)
    weight.dims[:] = [2**62] * 100
    return make_adding_model(weight)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(onnx.ModelProto(ir_version=9), id="no graph"),
        pytest.param(make_model(inputs=[onnx.ValueInfoProto(name="x")]), id="input without type"),
        pytest.param(make_model(inputs=[tensor("x", [1], 99)]), id="unknown element type"),
        pytest.param(make_model(inputs=[helper.make_value_info("x", helper.make_sparse_tensor_type_proto(1, [1]))]), id="sparse input"),
        pytest.param(impossible_dimensions(), id="impossible dimensions"),
    ],
)  # fmt: skip
def test_models_that_nothing_could_run_are_refused(model: onnx.ModelProto) -> None:
    with pytest.raises(Undescribable):
        look(model)


def adding(location: str, **more: int) -> onnx.ModelProto:
    return make_adding_model(external_tensor("w", [4], location, **more))


def test_external_data_in_place_is_listed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(bytes(20))

    inspection = look(adding("./data/w.bin", offset=4, length=16), tmp_path / "m.onnx")
    assert ((ExternalFile("data/w.bin", 20),), ()) == (inspection.external_files, inspection.findings)  # fmt: skip
    assert (4, 16) == (inspection.parameters, inspection.weight_bytes)


@pytest.mark.parametrize(
    ("location", "more", "code"),
    [
        pytest.param("gone.bin", {}, "external_data_missing", id="missing"),
        pytest.param("folder", {}, "external_data_missing", id="a folder"),
        pytest.param("short.bin", {}, "external_data_truncated", id="too short"),
        pytest.param("whole.bin", {"offset": 1}, "external_data_truncated", id="too short for its offset"),
        pytest.param("whole.bin", {"length": 17}, "external_data_truncated", id="too short for its length"),
        pytest.param("whole.bin", {"offset": -1}, "invalid_external_data", id="negative offset"),
        pytest.param("whole.bin", {"length": 2**70}, "invalid_external_data", id="endless length"),
        pytest.param("", {}, "invalid_external_data", id="no place"),
        pytest.param("pointer.bin", {}, "external_data_truncated", id="text"),
        pytest.param("lfs.bin", {"length": 4000}, "external_data_lfs_pointer", id="lfs pointer"),
        pytest.param("/etc/passwd", {}, "external_data_outside_folder", id="absolute"),
        pytest.param("../outside.bin", {}, "external_data_outside_folder", id="parent"),
        pytest.param("folder/../../outside.bin", {}, "external_data_outside_folder", id="parent inside"),
        pytest.param("link.bin", {}, "external_data_outside_folder", id="link out"),
        pytest.param("linked/outside.bin", {}, "external_data_outside_folder", id="linked folder"),
        pytest.param("..\\outside.bin", {}, "external_data_outside_folder", id="backslashes"),
        pytest.param("a\0b", {}, "external_data_outside_folder", id="nul"),
        pytest.param("*/_ORT_MEM_ADDR_/*", {"offset": 4096}, "external_data_missing", id="address in memory"),
    ],
)  # fmt: skip
def test_external_data_that_cannot_be_used_is_an_error(
    tmp_path: Path, location: str, more: dict[str, int], code: str
) -> None:
    folder = tmp_path / "model"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "outside.bin").write_bytes(bytes(16))
    (folder / "whole.bin").write_bytes(bytes(16))
    (folder / "short.bin").write_bytes(bytes(15))
    (folder / "pointer.bin").write_bytes(b"text")
    (folder / "lfs.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 4000\n")
    (folder / "link.bin").symlink_to("../outside.bin")
    (folder / "linked").symlink_to("..")

    inspection = look(adding(location, **more), folder / "model.onnx")
    assert [code] == [finding.code for finding in inspection.errors]
    assert () == inspection.external_files


def test_links_into_the_cache_that_the_model_lies_in_are_followed(tmp_path: Path) -> None:
    cache, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    cache.mkdir()
    snapshot.mkdir()
    (cache / "aaa").touch()
    (cache / "bbb").write_bytes(bytes(16))
    (snapshot / "model.onnx").symlink_to("../blobs/aaa")
    (snapshot / "w.bin").symlink_to("../blobs/bbb")

    inspection = look(adding("w.bin"), snapshot / "model.onnx")
    assert (ExternalFile("w.bin", 16),) == inspection.external_files


def test_a_named_pipe_as_external_data_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.bin")

    assert ["error: external_data_missing"] == codes(adding("w.bin"), tmp_path / "model.onnx")


def test_severities_are_ordered_errors_first() -> None:
    model = make_model(inputs=[tensor("x", [1, 4], 11), tensor("x", [1, 4], 11)], opsets=[])

    found = [finding.severity for finding in look(model).findings]
    assert sorted(found, key=list(Severity).index) == found
