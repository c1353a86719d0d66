"""Options that every command takes, spelled once.

`@common_options` passes `workspace: str | None`, `as_json: bool` and `yes: bool` to the command.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from onnxport.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


def workspace_option(function: F) -> F:
    """Add `--workspace PATH`, passed as `workspace` (`None` leaves it to the environment)."""
    return click.option(
        "--workspace",
        metavar="PATH",
        help="Workspace folder.  [default: $ONNXPORT_WORKSPACE, else the user's data folder]",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`, passed as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(
        function
    )


def yes_option(function: F) -> F:
    """Add `--yes`/`-y`, passed as `yes`."""
    return click.option("-y", "--yes", is_flag=True, help="Ask nothing, go ahead.")(function)


def common_options(function: F) -> F:
    """Add `--workspace`, `--json` and `--yes`."""
    return workspace_option(json_option(yes_option(function)))


def scoring_options(function: F) -> F:
    """Add what belongs to scoring code: `--env`, `--model`, `--source-dir` and `--python`.

    Passed as `env: Path | None`, `models: tuple[str, ...]`, `source_dir: Path | None` and `python: str | None`.
    """
    options = [
        click.option(
            "--env",
            type=click.Path(path_type=Path),
            help="What the script needs: a conda file or a requirements file.",
        ),
        click.option(
            "--model",
            "models",
            multiple=True,
            metavar="MODEL",
            help="A model that the script uses: a file or folder, NAME=PATH, or models:/NAME/VERSION; repeatable.",
        ),
        click.option(
            "--source-dir",
            type=click.Path(path_type=Path),
            help="The folder that the script belongs to, taken whole.",
        ),
        click.option(
            "--python",
            metavar="VERSION",
            help="The Python to run it, such as 3.8.  [default: what --env says, else the running one]",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def open_workspace(path: str | None) -> "Workspace":
    """Open the workspace that `--workspace`, the environment or the default names."""
    from onnxport.workspace import Workspace

    return Workspace.open(path)


def key_value_option(*names: str, help: str) -> Callable[[F], F]:  # noqa: A002 - Click's word
    """Add a repeatable `KEY=VALUE` option, passed as a dictionary; a bare `KEY` has the value ''."""
    return click.option(*names, multiple=True, metavar="KEY=VALUE", callback=_as_pairs, help=help)


def _as_pairs(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, _, value = text.partition("=")
        if not key.strip():
            raise click.BadParameter(f"{text!r} has no key", ctx, param)
        pairs[key.strip()] = value
    return pairs
