"""Give all traffic of an endpoint to an earlier revision."""

import click

from onnxport.cli._endpoint_text import print_endpoints
from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import Steps, print_json


@click.command()
@click.argument("name")
@click.option("--to", type=click.IntRange(1), metavar="REVISION", help="[default: the newest ready one before the present]")  # fmt: skip
@common_options
def command(name: str, to: int | None, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Give all traffic of an endpoint to an earlier revision, without losing a request."""
    with Steps(quiet=as_json) as steps:
        view = open_workspace(workspace).endpoints.rollback(name, to, progress=steps)
    if as_json:
        print_json(view.to_json())
    else:
        print_endpoints([view])
