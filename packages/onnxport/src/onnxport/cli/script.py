"""Run scoring code once in this terminal, to debug it."""

from pathlib import Path

import click

from onnxport.cli._options import open_workspace, scoring_options, workspace_option
from onnxport.cli._output import Steps


@click.group()
def command() -> None:
    """Run scoring code once in this terminal, to debug it."""


@command.command()
@click.argument("script", type=click.Path(path_type=Path))
@scoring_options
@click.option(
    "-i",
    "--input",
    "sample",
    type=click.Path(path_type=Path, allow_dash=True),
    help="What run() gets, as it is; - reads standard input. Without it only init() is called.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no steps.")
@workspace_option
@click.pass_context
def run(
    context: click.Context,
    script: Path,
    env: Path | None,
    models: tuple[str, ...],
    source_dir: Path | None,
    python: str | None,
    sample: Path | None,
    quiet: bool,
    workspace: str | None,
) -> None:
    """Run SCRIPT once as an endpoint would, and print the answer.

    It calls init(), and run() where there is an input. Nothing is deployed and there is no time limit: breakpoint() and other
    debuggers work in this terminal. The exit code is 1 where the script raises.
    """
    scripts = open_workspace(workspace).scripts
    with Steps(quiet=quiet) as steps:
        prepared = scripts.prepare(
            script, env=env, models=models, source_dir=source_dir, python=python, progress=steps
        )
    # The steps have ended: from here on the terminal is the script's.
    context.exit(prepared.run(sample))
