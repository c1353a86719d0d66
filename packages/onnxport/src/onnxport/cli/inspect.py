"""Tell what is in an ONNX file, and what stands in the way of serving it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from onnxport.cli._model_file import model_file
from onnxport.cli._options import common_options
from onnxport.cli._output import format_size, print_fields, print_json, print_table
from onnxport.domain.names import is_reference
from onnxport.domain.printable_text import printable
from onnxport.domain.signature import NamedValue
from onnxport.inspect import Finding, Inspection, inspect_model
from onnxport.inspect.errors import ModelRefused

_SHOWN = 12


@click.command()
@click.argument("model")
@click.option("--no-load", is_flag=True, help="Only read the file; do not try ONNX Runtime on it.")
@common_options
def command(model: str, no_load: bool, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Tell what is in MODEL: a file, a folder with one ONNX file, or models:/NAME.

    Findings come with their consequence and a fix. Exit code 1 when the model cannot be served.
    """
    with model_file(model, workspace) as path:
        inspection = inspect_model(path, load=not no_load)
    if is_reference(model):
        # The copy that was inspected is gone; the name of the file in the version stays true.
        inspection = replace(inspection, file=Path(inspection.file.name))
    if as_json:
        print_json(inspection.to_json())
    else:
        _print(inspection)
    if inspection.errors:
        raise ModelRefused(inspection.file, inspection.errors)


def _print(inspection: Inspection) -> None:
    print_fields(_fields(inspection))
    print()
    print_table(
        ("", "name", "type"),
        [
            *(("input" if value.required else "optional", *_cells(value)) for value in inspection.signature.inputs),
            *(("output", *_cells(value)) for value in inspection.signature.outputs),
        ],
    )  # fmt: skip
    for finding in inspection.findings:
        _print_finding(finding)


def _cells(value: NamedValue) -> tuple[str, str]:
    return value.name, str(value.type)


def _fields(inspection: Inspection) -> Iterable[tuple[str, object]]:
    yield "file", f"{inspection.file} ({format_size(inspection.size)})"
    yield "producer", f"{inspection.producer_name} {inspection.producer_version}".strip()
    yield "opsets", ", ".join(f"{opset.domain} {opset.version}" for opset in inspection.opsets)
    yield "IR version", inspection.ir_version
    yield "domain", inspection.domain
    yield "version", inspection.model_version or None
    yield "description", " ".join(inspection.description.split())[:300]
    weights = format_size(inspection.weight_bytes)
    yield "parameters", f"{inspection.parameters:,} ({weights})"
    counts = (f"{operator.name} {operator.count}" for operator in inspection.operators)
    yield "operators", f"{inspection.nodes:,}: {_some(list(counts))}" if inspection.nodes else 0
    yield "functions", _some(list(inspection.functions))
    yield "custom", _some(list(inspection.custom_domains))
    for file in inspection.external_files:
        yield "external data", f"{file.path} ({format_size(file.size)})"
    for key, value in inspection.metadata.items():
        yield f"metadata {key}"[:60], " ".join(value.split())[:200]
    if inspection.runtime:
        outcome = "loads it" if inspection.runtime.loads else "refuses it"
        seconds = f"{inspection.runtime.seconds:.2f} s"
        yield "ONNX Runtime", f"{inspection.runtime.version} {outcome} ({seconds})"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _print_finding(finding: Finding) -> None:
    print(f"\n{finding.severity}: {printable(finding.what)} [{finding.code}]")
    print(f"  {printable(finding.consequence)}")
    print(f"  fix: {printable(finding.fix)}")
