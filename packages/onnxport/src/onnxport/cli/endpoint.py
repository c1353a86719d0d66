"""List endpoints, show, restart and delete them, print and rotate their keys."""

import click

from onnxport.cli._endpoint_text import print_endpoint, print_endpoints
from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import Steps, confirm, print_fields, print_json


@click.group()
def command() -> None:
    """List endpoints, show, restart and delete them, print and rotate their keys."""


@command.command(name="list")
@common_options
def list_endpoints(workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """List all endpoints of the workspace with their state."""
    views = open_workspace(workspace).endpoints.list()
    if as_json:
        print_json([view.to_json() for view in views])
    else:
        print_endpoints(views)


@command.command()
@click.argument("name")
@common_options
def show(name: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Show everything about one endpoint."""
    view = open_workspace(workspace).endpoints.get(name)
    if as_json:
        print_json(view.to_json())
    else:
        print_endpoint(view)


@command.command()
@click.argument("name")
@click.option("--rotate", type=click.Choice(["primary", "secondary"]), help="Make a new one; the old one ends at once.")  # fmt: skip
@click.option("--only", type=click.Choice(["primary", "secondary"]), help="Print just this key.")
@common_options
def keys(
    name: str,
    rotate: str | None,
    only: str | None,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Print the keys of an endpoint; send one as `Authorization: Bearer KEY`."""
    endpoints = open_workspace(workspace).endpoints
    found = endpoints.keys(name) if rotate is None else endpoints.rotate_key(name, rotate)
    if as_json:
        print_json(found if only is None else {only: found[only]})
    elif only is not None:
        print(found[only])
    else:
        print_fields(found.items())


@command.command()
@click.argument("name")
@common_options
def restart(name: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Stop an endpoint, requests in flight finished, and start it again."""
    with Steps(quiet=as_json) as steps:
        view = open_workspace(workspace).endpoints.restart(name, progress=steps)
    if as_json:
        print_json(view.to_json())
    else:
        print_endpoints([view])


@command.command()
@click.argument("name")
@common_options
def delete(name: str, workspace: str | None, as_json: bool, yes: bool) -> None:
    """Stop an endpoint and remove it; its models stay registered."""
    endpoints = open_workspace(workspace).endpoints
    endpoints.get(name)
    if not confirm(f"Stop and delete endpoint '{name}'?", yes=yes):
        raise click.Abort
    endpoints.delete(name)
    if as_json:
        print_json({"deleted": name})
    else:
        print(f"deleted endpoint {name}")
