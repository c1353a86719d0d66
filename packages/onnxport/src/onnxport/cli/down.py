"""Stop the endpoints of the workspace."""

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
    """Stop all endpoints of the workspace, or those named; requests in flight are finished."""
    with Steps(quiet=as_json) as steps:
        outcomes = open_workspace(workspace).endpoints.down(names, progress=steps)
    context.exit(print_outcomes(outcomes, as_json=as_json))
