"""Convert a model of another framework to ONNX, and prove it."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onnxport.cli._conversion_options import (
    ConvertingCommand,
    conversion_options,
    taken_from,
)
from onnxport.cli._options import json_option, workspace_option, yes_option
from onnxport.cli._output import Steps, print_fields, print_json, print_table

if TYPE_CHECKING:
    from onnxport.service.conversion.convert import ConversionResult
    from onnxport.service.conversion.converters import ConverterStatus


@click.command(cls=ConvertingCommand)
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write.  [default: beside the model, .onnx]",
)
@click.option(
    "--sample",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Real inputs to compare on: .npz, .npy, .csv or .json.",
)
@conversion_options
@click.option("--overwrite", is_flag=True, help="Replace the output file.")
@click.option(
    "--time-limit",
    type=click.IntRange(1),
    default=900,
    show_default=True,
    metavar="SECONDS",
    help="Stop the conversion after this time.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(0.5),
    default=8,
    show_default=True,
    metavar="GIB",
    help="Memory that the conversion may address.",
)
@click.option(
    "--disk-limit",
    type=click.FloatRange(0.1),
    default=16,
    show_default=True,
    metavar="GIB",
    help="Disk space that the conversion may use meanwhile.",
)
@click.option(
    "--list", "list_only", is_flag=True, help="Show the frameworks, their files, and what is ready."
)
@click.option(
    "--prepare", metavar="NAMES", help="Make the environments of these converters now: sklearn,..."
)
@workspace_option
@json_option
@yes_option
def command(
    model: Path | None,
    output: Path | None,
    sample: Path | None,
    overwrite: bool,
    time_limit: int,
    memory_limit: float,
    disk_limit: float,
    list_only: bool,
    prepare: str | None,
    as_json: bool,
    workspace: str | None,  # noqa: ARG001 - the same options everywhere
    yes: bool,  # noqa: ARG001 - nothing is asked
    **given: Any,
) -> None:
    """Convert MODEL, a file or folder as its framework saved it, to ONNX.

    The framework need not be installed: each converter has its own environment, made on first use. The result is written only when ONNX
    Runtime and the framework give the same on the same inputs; the proof is written beside it.
    """
    from onnxport.converter.isolation.process import ChildLimits
    from onnxport.service.conversion import converters
    from onnxport.service.conversion.convert import convert_file

    if list_only:
        _show_converters(converters.list_converters(), as_json=as_json)
        return
    if prepare is not None:
        for name in filter(None, (part.strip() for part in prepare.split(","))):
            python = converters.prepare_environment(name, _say, packages=given["packages"])
            print(f"{name}: ready in {python.parent.parent}", file=sys.stderr)
        return
    if model is None:
        raise click.UsageError("Missing argument 'MODEL'.")
    options = replace(
        taken_from(given),
        output=output,
        sample=sample,
        overwrite=overwrite,
        limits=ChildLimits(time_limit, int(memory_limit * (1 << 30)), int(disk_limit * (1 << 30))),
    )
    with Steps(quiet=as_json) as steps:
        result = convert_file(model, options, steps)
    _show_result(result, as_json=as_json)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _show_converters(found: "list[ConverterStatus]", *, as_json: bool) -> None:
    if as_json:
        print_json([_converter_document(status) for status in found])
        return
    rows = [
        (
            status.converter.title,
            kind.name,
            " ".join(kind.suffixes) or "a folder",
            ", ".join(
                [*(["--trust"] if kind.runs_code else []), *([kind.needs] if kind.needs else [])]
            ),
            status.converter.name,
            "ready"
            if status.ready
            else f"{status.converter.environment.download_mb} MB to download",
        )
        for status in found
        for kind in status.converter.kinds
    ]
    print_table(("framework", "kind", "usual names", "needs", "converter", "environment"), rows)


def _converter_document(status: "ConverterStatus") -> dict[str, Any]:
    converter = status.converter
    return {
        "name": converter.name,
        "title": converter.title,
        "kinds": [
            {
                "name": k.name,
                "suffixes": list(k.suffixes),
                "runs_code": k.runs_code,
                "needs": k.needs,
            }
            for k in converter.kinds
        ],
        "ready": status.ready,
        "environment": str(status.environment),
        "download_mb": converter.environment.download_mb,
        "disk_mb": converter.environment.disk_mb,
    }


def _show_result(result: "ConversionResult", *, as_json: bool) -> None:
    proof = result.proven.proof
    if as_json:
        print_json(
            {
                "output": str(result.output),
                "proof": str(result.proof_file),
                "converter": result.converter,
                "kind": result.kind.name,
                "isolated": result.isolated,
                "protections": sorted(result.protections),
                "remarks": list(result.remarks),
                "report": proof.to_json(),
            }
        )
        return
    print_fields(
        [
            ("model", result.output),
            ("proof", result.proof_file),
            *[("remark", text) for text in result.remarks],
        ]
    )
    print_table(
        ("output", "rows", "largest error", "relative", "ulp", "label flips"),
        [
            (
                o.name,
                o.rows,
                f"{o.max_absolute_error:.2g}",
                f"{o.max_relative_error:.2g}",
                f"{o.max_ulp_error:.3g}",
                o.label_flips,
            )
            for o in proof.outputs
        ],
    )
    if not proof.proven:
        print(f"\nnot proven: {proof.reason}", file=sys.stderr)
        print(f"next: onnxport deploy --allow-unproven {result.output}")
        return
    print(f"\nnext: onnxport deploy {result.output}")
