"""From a parsed `ModelProto` to an `Inspection`: facts first, then the findings that follow from them."""

from pathlib import Path
from typing import Any

from onnxport.domain.signature import NamedValue, OptionalType, Signature
from onnxport.inspect.external import check_external_data
from onnxport.inspect.inspection import Inspection, OperatorCount, Opset
from onnxport.inspect.preflight import Facts, preflight
from onnxport.inspect.structure import (
    OVERRIDABLE_FROM_IR,
    Structure,
    Undescribable,
    count_bytes,
    count_elements,
    read_structure,
    spell_domain,
)
from onnxport.inspect.value_types import read_type

RUNTIME_DOMAINS = frozenset(
    {
        "ai.onnx",
        "ai.onnx.ml",
        "ai.onnx.training",
        "ai.onnx.preview",
        "ai.onnx.preview.training",
        "com.microsoft",
        "com.microsoft.experimental",
        "com.microsoft.nchwc",
        "com.ms.internal.nhwc",
        "org.pytorch.aten",
    }
)
"""Operator domains that ONNX Runtime itself brings."""


def describe(model: Any, file: Path, size: int) -> Inspection:
    """The inspection of a parsed model.

    An output may leave its type to inference and is then missing in the signature: `leaves_types_open` tells, and a
    session knows.

    Raises:
        Undescribable: no runtime could use what the file holds.
    """
    if not model.HasField("graph"):
        raise Undescribable("it holds no graph")
    structure = read_structure(model)
    signature = _read_signature(model)
    external_files, external_findings = check_external_data(structure.tensors, file)
    custom = _custom_operators(model, structure)
    facts = Facts(model, structure, signature, custom)
    return Inspection(
        file=file,
        size=size,
        signature=signature,
        opsets=tuple(Opset(spell_domain(o.domain), o.version) for o in model.opset_import),
        ir_version=model.ir_version,
        producer_name=model.producer_name,
        producer_version=model.producer_version,
        domain=model.domain,
        model_version=model.model_version,
        description=model.doc_string or model.graph.doc_string,
        metadata={entry.key: entry.value for entry in model.metadata_props},
        nodes=structure.nodes,
        operators=_count_operators(structure),
        functions=tuple(f"{spell_domain(entry.domain)}:{entry.name}" for entry in model.functions),
        custom_domains=tuple(sorted({domain for domain, _ in custom})),
        parameters=sum(map(count_elements, structure.tensors)),
        weight_bytes=sum(map(count_bytes, structure.tensors)),
        external_files=external_files,
        findings=(*external_findings, *preflight(facts)),
    )


def leaves_types_open(model: Any) -> bool:
    """Whether an output of the graph states no type."""
    return any(read_type(value.type, value.name) is None for value in model.graph.output)


def _read_signature(model: Any) -> Signature:
    """Inputs that a request may feed, and outputs that state their type."""
    graph = model.graph
    defaults = {tensor.name for tensor in graph.initializer}
    defaults.update(sparse.values.name for sparse in graph.sparse_initializer)
    inputs = []
    for value in graph.input:
        if model.ir_version < OVERRIDABLE_FROM_IR and value.name in defaults:
            continue
        kind = read_type(value.type, value.name)
        if kind is None:
            raise Undescribable(f"the input {value.name[:80]!r} has no type")
        required = value.name not in defaults and not isinstance(kind, OptionalType)
        inputs.append(NamedValue(value.name, kind, required))
    outputs = ((value.name, read_type(value.type, value.name)) for value in graph.output)
    return Signature(
        tuple(inputs), tuple(NamedValue(name, kind) for name, kind in outputs if kind is not None)
    )


def _count_operators(structure: Structure) -> tuple[OperatorCount, ...]:
    """Operators, the most used first."""
    ranked = sorted(structure.operators.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(OperatorCount(domain, name, count) for (domain, name), count in ranked)


def _custom_operators(model: Any, structure: Structure) -> tuple[tuple[str, str], ...]:
    """Operators of domains that ONNX Runtime does not bring, unless the model defines them as functions."""
    defined = {(spell_domain(entry.domain), entry.name) for entry in model.functions}
    return tuple(
        sorted(
            operator
            for operator in structure.operators
            if operator[0] not in RUNTIME_DOMAINS and operator not in defined
        )
    )
