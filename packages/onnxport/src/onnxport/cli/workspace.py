"""Make, show, list and tidy workspaces."""

import click

from onnxport.cli._options import common_options, json_option, open_workspace, yes_option
from onnxport.cli._output import Steps, format_size, print_fields, print_json, print_table


@click.group()
def command() -> None:
    """Make, show, list and tidy workspaces."""


@command.command()
@click.argument("path", type=click.Path(), required=False)
@common_options
def init(path: str | None, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Make a workspace in the folder PATH, and remember it for `workspace list`."""
    made = open_workspace(path or workspace)
    made.remember()
    if as_json:
        print_json(made.show().to_json())
    else:
        print(made.root)


@command.command()
@common_options
def show(workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Show where the workspace is and what is in it."""
    summary = open_workspace(workspace).show()
    if as_json:
        print_json(summary.to_json())
        return
    print_fields(
        [
            ("path", summary.root),
            ("models", summary.models),
            ("versions", summary.versions),
            ("size", format_size(summary.size)),
            ("endpoints", ", ".join(summary.endpoints) or "none"),
        ]
    )


@command.command(name="list")
@json_option
@yes_option
def list_workspaces(as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """List the default workspace, the one in the environment and those that `workspace init` made."""
    from onnxport.workspace import Workspace

    known = Workspace.known()
    if as_json:
        rows = [{"path": str(w.root), "origin": w.origin, "exists": w.exists} for w in known]
        print_json(rows)
        return
    headers = ("path", "known as", "exists")
    print_table(headers, [(w.root, w.origin, "yes" if w.exists else "no") for w in known])


@command.command()
@click.option("--verify", is_flag=True, help="Also read every stored byte and compare its hash.")
@common_options
def gc(verify: bool, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Remove bytes that no model needs and what killed processes left behind."""
    with Steps(quiet=as_json) as steps, steps.step("gc"):
        tidied = open_workspace(workspace).gc(verify=verify)
    if as_json:
        print_json(tidied.to_json())
    else:
        print(
            f"removed {tidied.blobs} blobs ({format_size(tidied.size)}), {tidied.bundles} bundles, {tidied.leftovers} left-overs"
        )
    tidied.raise_if_damaged()
