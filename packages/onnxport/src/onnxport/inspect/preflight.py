"""The rules of the preflight: from the facts about a model to findings, without input or output.

A rule is a generator function in `RULES`; rules about inputs and outputs are in `preflight_values.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from onnxport.domain.signature import Signature
from onnxport.inspect import preflight_values
from onnxport.inspect.finding import Finding, Severity
from onnxport.inspect.structure import OVERRIDABLE_FROM_IR, Structure, spell_domain

OLDEST_GUARANTEED_OPSET = 7
"""ONNX Runtime promises compatibility from this version of the standard operator set on."""

_MAX_NAMED = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at: the parsed `ModelProto`, what the walk over it found, and operators that nobody provides."""

    model: Any
    structure: Structure
    signature: Signature
    custom_operators: tuple[tuple[str, str], ...]


def preflight(facts: Facts) -> Iterator[Finding]:
    """All findings, errors first within each rule's order."""
    found = [finding for rule in RULES for finding in rule(facts)]
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    yield from sorted(found, key=lambda finding: order[finding.severity])


def name_some(names: list[str]) -> str:
    """A readable list of the first few names."""
    shown = ", ".join(name[:80] for name in names[:_MAX_NAMED])
    more = len(names) - _MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _custom_domains(facts: Facts) -> Iterator[Finding]:
    if facts.custom_operators:
        names = [f"{domain}:{name}" for domain, name in facts.custom_operators]
        yield Finding(
            "unregistered_operator_domain",
            Severity.ERROR,
            f"operators that ONNX Runtime does not have: {name_some(names)}",
            "The model cannot be loaded; these operators come from a library of their own.",
            "Export the model again with standard operators, or define them in the model as ONNX functions.",
        )


def _missing_imports(facts: Facts) -> Iterator[Finding]:
    imported = {spell_domain(opset.domain) for opset in facts.model.opset_import}
    if not imported:
        yield Finding(
            "missing_opset_import",
            Severity.ERROR,
            "the model does not say which version of the operators it uses (no opset import)",
            "The model cannot be loaded; the end of the file may be missing.",
            "Copy or download the file again, or export the model again.",
        )
        return
    custom = {domain for domain, _ in facts.custom_operators}
    used = {spell_domain(node.domain) for node in facts.model.graph.node}
    for domain in sorted(used - imported - custom):
        yield Finding(
            "missing_opset_import",
            Severity.ERROR,
            f"operators of the domain {domain[:80]!r} are used, but no version of it is imported",
            "The model cannot be loaded.",
            "Export the model again; the exporter left out an opset import.",
        )


def _duplicate_imports(facts: Facts) -> Iterator[Finding]:
    versions: dict[str, list[int]] = {}
    for opset in facts.model.opset_import:
        versions.setdefault(spell_domain(opset.domain), []).append(opset.version)
    for domain, stated in versions.items():
        if len(stated) > 1:
            yield Finding(
                "duplicate_opset_import",
                Severity.WARNING,
                f"the operator set {domain[:80]!r} is imported {len(stated)} times, "
                f"with version {name_some([str(version) for version in stated])}",
                "Runtimes may choose different versions, and answers may differ between them.",
                "Keep one entry: edit model.opset_import with the onnx package and save, or export the model again.",
            )


def _old_opset(facts: Facts) -> Iterator[Finding]:
    for opset in facts.model.opset_import:
        if not opset.domain.removeprefix("ai.onnx") and opset.version < OLDEST_GUARANTEED_OPSET:
            yield Finding(
                "old_opset",
                Severity.WARNING,
                f"the model uses operator set {opset.version} of the standard domain",
                f"ONNX Runtime promises compatibility only from {OLDEST_GUARANTEED_OPSET} on; answers may be wrong.",
                "Raise it: onnx.version_converter.convert_version(model, 17), then check the answers.",
            )


def _zipmap(facts: Facts) -> Iterator[Finding]:
    outputs = {value.name for value in facts.model.graph.output}
    for node in facts.model.graph.node:
        if node.op_type == "ZipMap" and outputs.intersection(node.output):
            yield Finding(
                "zipmap_output",
                Severity.WARNING,
                f"the output {node.output[0][:80]!r} is made by ZipMap",
                "Answers are lists of objects, one per row: slower, larger, and not available as binary tensors.",
                "Convert without it: skl2onnx.to_onnx(model, x, options={'zipmap': False}).",
            )


def _initializer_inputs(facts: Facts) -> Iterator[Finding]:
    graph = facts.model.graph
    weights = {tensor.name for tensor in graph.initializer}
    listed = [value.name for value in graph.input if value.name in weights]
    if not listed or facts.model.ir_version < OVERRIDABLE_FROM_IR:
        return
    yield Finding(
        "initializers_as_inputs",
        Severity.WARNING,
        f"weights are listed as inputs ({len(listed)}): {name_some(listed)}",
        "They show as optional inputs, a request could replace them, and ONNX Runtime cannot optimise with them.",
        "If they are weights and not defaults, export with keep_initializers_as_inputs=False.",
    )


def _repeated_results(facts: Facts) -> Iterator[Finding]:
    results = Counter(name for node in facts.model.graph.node for name in node.output if name)
    repeated = sorted(name for name, count in results.items() if count > 1)
    if repeated:
        yield Finding(
            "duplicate_names",
            Severity.ERROR,
            f"several nodes give results of the same name: {name_some(repeated)}",
            "The model cannot be loaded: a name in a graph stands for one value.",
            "Export the model again, or give the results different names.",
        )


def _training(facts: Facts) -> Iterator[Finding]:
    if len(facts.model.training_info):
        yield Finding(
            "training_info",
            Severity.NOTE,
            "the model holds training information",
            "It makes the file larger and is not used for answers.",
            "Remove it: model.ClearField('training_info'), then save.",
        )


RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _missing_imports,
    _custom_domains,
    _repeated_results,
    lambda facts: preflight_values.check_values(facts.model, facts.signature, facts.structure),
    _duplicate_imports,
    _old_opset,
    _zipmap,
    _initializer_inputs,
    _training,
)
