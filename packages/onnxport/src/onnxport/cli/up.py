"""Start the endpoints of the workspace, for example after a reboot."""

import click

from onnxport.cli._endpoint_text import print_outcomes
from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import Steps


@click.command()
@click.argument("names", nargs=-1)
@common_options
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Start all endpoints of the workspace, or those named; running ones are let be."""
    with Steps(quiet=as_json) as steps:
        outcomes = open_workspace(workspace).endpoints.up(names, progress=steps)
    context.exit(print_outcomes(outcomes, as_json=as_json))
