"""Ask an endpoint, a registered model or a model file for one prediction."""

import sys
from pathlib import Path

import click

from onnxport.cli._options import common_options, open_workspace


@click.command()
@click.argument("what", metavar="NAME|MODEL|FILE")
@click.option(
    "-i",
    "--input",
    "sample",
    required=True,
    type=click.Path(path_type=Path, allow_dash=True),
    help="A .json, .npy, .npz, .csv or image file; - reads standard input.",
)
@common_options
def command(what: str, sample: Path, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - the answer is JSON anyway
    """Print the answer to one input, in the form of `/score`.

    NAME is an endpoint, which must run; MODEL is models:/NAME/VERSION and FILE an ONNX file, which are loaded for this one answer.
    """
    prediction = open_workspace(workspace).endpoints.predict(what, sample)
    sys.stdout.buffer.write(prediction.body)
    if not prediction.body.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
