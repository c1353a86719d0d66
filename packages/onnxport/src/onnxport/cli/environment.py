"""Build, list, show and delete the environments of scoring scripts."""

import click

from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import (
    Steps,
    confirm,
    format_size,
    print_fields,
    print_json,
    print_table,
)

ID_HELP = "ID is what `onnxport environment list` shows, or the beginning of it."


@click.group()
def command() -> None:
    """Build, list, show and delete the environments of scoring scripts."""


@command.command()
@click.argument("file", type=click.Path())
@click.option("--python", metavar="X.Y", help="The Python to have.  [default: what FILE says]")
@click.option("--upgrade", is_flag=True, help="Resolve again, to what the indexes hold now.")
@common_options
def build(
    file: str,
    python: str | None,
    upgrade: bool,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Build the environment that FILE asks for, unless it is there.

    FILE is a conda file, such as myenv.yml, or a requirements file. It is resolved once; the same file later gives the same versions.
    """
    environments = open_workspace(workspace).environments
    with Steps(quiet=as_json) as steps:
        built = environments.build(file, python=python, upgrade=upgrade, progress=steps)
        for notice in built.notices:
            steps.notice(f"note: {notice}")
    if as_json:
        print_json(built.to_json())
        return
    record = built.record
    print_fields(
        [
            ("id", record.id),
            ("python", record.python),
            ("size", format_size(record.size_bytes)),
            ("packages", ", ".join(f"{p.name} {p.version}" for p in record.packages) or "none"),
        ]
    )


@command.command(name="list")
@common_options
def list_environments(workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """List the environments that are built, and who uses them."""
    views = open_workspace(workspace).environments.list()
    if as_json:
        print_json([view.to_json() for view in views])
        return
    rows = [
        (
            view.record.id,
            view.record.python,
            len(view.record.packages),
            format_size(view.record.size_bytes),
            view.record.source_name,
            ", ".join(view.endpoints) or "-",
        )
        for view in views
    ]
    print_table(("id", "python", "packages", "size", "built for", "endpoints"), rows)


@command.command(epilog=ID_HELP)
@click.argument("identifier", metavar="ID")
@common_options
def show(identifier: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Show everything about one environment."""
    view = open_workspace(workspace).environments.get(identifier)
    if as_json:
        print_json(view.to_json())
        return
    record = view.record
    print_fields(
        [
            ("id", record.id),
            ("path", record.directory),
            ("python", f"{record.python} on {record.platform}"),
            ("lock", f"sha256:{record.lock_sha256}"),
            ("built for", record.source_name),
            ("created", record.created),
            ("size", format_size(record.size_bytes)),
            ("endpoints", ", ".join(view.endpoints) or "none"),
        ]
    )
    print()
    print_table(("package", "version"), [(p.name, p.version) for p in record.packages])


@command.command(epilog=ID_HELP)
@click.argument("identifier", metavar="ID")
@common_options
def delete(identifier: str, workspace: str | None, as_json: bool, yes: bool) -> None:
    """Delete an environment, unless an endpoint uses it. It can be built again as it was."""
    environments = open_workspace(workspace).environments
    record = environments.get(identifier).record
    size = format_size(record.size_bytes)
    if not confirm(f"Delete the environment {record.id} ({size})?", yes=yes):
        raise click.Abort
    environments.delete(record.id)
    if as_json:
        print_json({"id": record.id, "bytes": record.size_bytes})
    else:
        print(f"deleted {record.id} ({size})")
