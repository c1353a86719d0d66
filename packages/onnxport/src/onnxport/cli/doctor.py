"""Look at this machine and the workspace: what is missing, and the fix."""

import click

from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import print_json, print_table

_MARKS = {"ok": "✓", "note": "·", "warning": "!", "missing": "✗"}


@click.command()
@common_options
@click.pass_context
def command(
    context: click.Context,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Look at this machine and the workspace; exit code 1 if something needed is missing."""
    from onnxport.errors import OnnxportError
    from onnxport.service.doctor import Check, check_machine, check_workspace

    checks = list(check_machine())
    try:
        opened = open_workspace(workspace)
        checks += check_workspace(opened.root, lambda: opened.endpoints)
    except OnnxportError as error:
        checks.append(Check("workspace", "missing", error.message, error.remedy))
    if as_json:
        print_json([check.to_json() for check in checks])
    else:
        print_table(
            ("", "check", "what"),
            [(_MARKS[check.level], check.name, check.what) for check in checks],
        )
        for check in checks:
            if check.fix:
                print(f"{check.name}: {check.fix}")
    context.exit(1 if any(check.level == "missing" for check in checks) else 0)
