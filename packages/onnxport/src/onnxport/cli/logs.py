"""Print the log of an endpoint, and follow it."""

import click

from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import print_json
from onnxport.service.endpoint.log_text import readable


@click.command()
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until interrupted.")
@click.option("-n", "--lines", type=click.IntRange(0), default=100, show_default=True, help="How many of the last lines.")  # fmt: skip
@common_options
def command(
    name: str,
    follow: bool,
    lines: int,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Print the last lines of an endpoint's log: what happened, what scripts printed, tracebacks.

    With --json the lines as they are written, for programs.
    """
    if follow and as_json:
        raise click.UsageError("--follow goes on without end and cannot be one JSON document")
    endpoints = open_workspace(workspace).endpoints
    if as_json:
        print_json(list(endpoints.logs(name, lines)))
        return
    for line in endpoints.follow_logs(name, lines) if follow else endpoints.logs(name, lines):
        print(readable(line), flush=follow)
