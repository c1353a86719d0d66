"""Run notebooks without a person, or make a kernel for one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onnxport.cli._options import json_option, key_value_option, open_workspace, workspace_option
from onnxport.cli._output import Steps, print_json
from onnxport.domain.printable_text import printable

if TYPE_CHECKING:
    from onnxport.service.notebook.outcome import CellFailure


@click.group()
def command() -> None:
    """Run notebooks without a person, or make a kernel for one."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--env",
    default="auto",
    metavar="FILE|auto",
    help="What the notebook needs: a conda or requirements file; auto: what its cells import.  [default: auto]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The finished notebook.  [default: FILE.out.ipynb]",
)
@key_value_option(
    "--set", help="A name that is there before the first cell; JSON, else text; repeatable."
)
@click.option("--python", metavar="VERSION", help="The Python to run it, such as 3.11.")
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="The longest that a cell may take.",
)
@click.option("--allow-errors", is_flag=True, help="Go on after a cell that fails.")
@workspace_option
@json_option
def run(
    file: Path,
    env: str,
    output: Path | None,
    set: dict[str, str],  # noqa: A002 - the option's name
    python: str | None,
    timeout: int | None,
    allow_errors: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Run the notebook FILE from its first cell to its last and keep what it printed and drew.

    It runs in its own folder, on a kernel with packages of its own, where `azureml` and `onnxport` can be imported and downloads are
    answered by the mirror. The finished notebook is written after every cell, also where one fails. The exit code is 1 where a cell failed.
    """
    notebooks = open_workspace(workspace).notebooks
    with Steps(quiet=as_json) as steps:
        outcome = notebooks.run(
            file,
            env=env,
            output=output,
            values={name: _value(text) for name, text in set.items()},
            python=python,
            timeout_s=timeout,
            allow_errors=allow_errors,
            progress=steps,
        )
    if as_json:
        print_json(outcome.to_json())
    else:
        for failure in outcome.failures:
            _show(failure)
        print(outcome.output)
    outcome.raise_if_failed()


@command.group()
def kernel() -> None:
    """Make kernels for Jupyter."""


@kernel.command()
@click.option("--name", default="onnxport", show_default=True, help="What Jupyter calls it.")
@click.option(
    "--env",
    default="auto",
    metavar="FILE|auto",
    help="What it holds: a conda or requirements file; auto: what notebooks about ONNX usually import.  [default: auto]",
)
@click.option("--python", metavar="VERSION", help="The Python to run it, such as 3.11.")
@workspace_option
@json_option
def install(name: str, env: str, python: str | None, workspace: str | None, as_json: bool) -> None:
    """Let Jupyter offer a kernel with the azureml modules, the mirror and the workspace.

    Choose it in Jupyter for a notebook that you want to run by hand. It is replaced when it is installed again.
    """
    notebooks = open_workspace(workspace).notebooks
    with Steps(quiet=as_json) as steps:
        folder = notebooks.install_kernel(name, env=env, python=python, progress=steps)
    if as_json:
        print_json({"name": name, "path": str(folder)})
    else:
        print(folder)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _show(failure: "CellFailure") -> None:
    click.echo(f"\ncell {failure.number}:", err=True)
    for line in failure.source.splitlines():
        click.echo(f"    {printable(line)}", err=True)
    for line in failure.lines or [f"{failure.error}: {failure.text}"]:
        click.echo(printable(line), err=True)
    click.echo(err=True)
