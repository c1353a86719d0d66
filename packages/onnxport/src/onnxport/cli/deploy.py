"""Put a model or scoring code behind an endpoint of this machine, or update one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onnxport.cli._conversion_options import (
    ConvertingCommand,
    conversion_options,
    refuse_conversion,
    taken_from,
)
from onnxport.cli._endpoint_text import command_line
from onnxport.cli._options import common_options, open_workspace, scoring_options
from onnxport.cli._output import Steps, print_json

if TYPE_CHECKING:
    from onnxport.service.deployment.result import Deployment


@click.command(cls=ConvertingCommand)
@click.argument("model", required=False)
@click.option("--script", type=click.Path(path_type=Path), help="Scoring code with init() and run(data), instead of MODEL.")  # fmt: skip
@scoring_options
@click.option("--bundle", help="A bundle of the workspace, instead of MODEL: its digest, or an endpoint that runs it.")  # fmt: skip
@click.option("-n", "--name", help="The endpoint's name.  [default: from the model]")
@click.option(
    "--sample",
    type=click.Path(path_type=Path),
    help="An input that must be answered (.json, .npy, an image; with --script any file).",
)
@click.option("--traffic", type=click.IntRange(0, 100), metavar="PERCENT", help="The new revision's share.  [default: 100]")  # fmt: skip
@click.option("--no-traffic", is_flag=True, help="Load the new revision and give it none yet.")
@click.option("--host", help="Where to listen.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: a free one from 8000 on, then kept]")  # fmt: skip
@click.option("--unix-socket", type=click.Path(resolve_path=True), help="Offer a socket that only you can open, too.")  # fmt: skip
@click.option("--require-keys/--no-keys", default=None, help="Whether requests need a key.  [default: only beyond loopback]")  # fmt: skip
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name that requests may name; repeatable.",
)
@click.option("--cors-origin", "cors_origins", multiple=True, metavar="ORIGIN", help="A web origin that may call; repeatable.")  # fmt: skip
@click.option("--cpu", type=click.FloatRange(0, min_open=True), help="CPU cores that the revision may use.")  # fmt: skip
@click.option(
    "--memory",
    "memory_mb",
    type=click.IntRange(1),
    metavar="MIB",
    help="Memory that the revision may use, checked by an estimate when it is loaded; with --script that of each worker.",
)
@click.option("--threads", "intra_op_threads", type=click.IntRange(1), help="Threads of one run.  [default: decided at load]")  # fmt: skip
@click.option("--concurrency", type=click.IntRange(1), help="Runs at the same time.  [default: decided at load]")  # fmt: skip
@click.option("--runner", type=click.Choice(["auto", "inline", "threads"]), help="How runs are scheduled.  [default: auto]")  # fmt: skip
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    help="An ONNX Runtime execution provider; repeatable, in order.",
)
@click.option("--workers", type=click.IntRange(1), help="Processes with scoring code.  [default: decided at load]")  # fmt: skip
@click.option(
    "--debug/--no-debug", default=None, help="Put tracebacks of scoring code into answers."
)
@click.option(
    "--session-cache/--no-session-cache",
    default=None,
    help="Let workers keep one ONNX Runtime session per file.  [default: yes]",
)
@click.option(
    "--collect-data/--no-collect-data",
    default=None,
    help="Let ModelDataCollector write into the workspace.  [default: no]",
)
@click.option("--fronts", type=click.IntRange(1), help="Serving processes.  [default: 1]")
@click.option(
    "--timeout",
    "request_timeout_s",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Longest time of a request.  [default: 60]",
)
@click.option(
    "--body-limit",
    "body_bytes",
    type=click.IntRange(1),
    metavar="BYTES",
    help="Largest body.  [default: 104857600]",
)
@click.option("--in-flight", type=click.IntRange(1), metavar="COUNT", help="Most requests at the same time.  [default: 256]")  # fmt: skip
@conversion_options
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@common_options
def command(
    model: str | None,
    script: Path | None,
    env: Path | None,
    models: tuple[str, ...],
    source_dir: Path | None,
    python: str | None,
    bundle: str | None,
    name: str | None,
    sample: Path | None,
    traffic: int | None,
    no_traffic: bool,
    dry_run: bool,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
    **given: Any,
) -> None:
    """Put MODEL, or scoring code, behind an endpoint and print its address.

    MODEL is an ONNX file, a folder with one, models:/NAME/VERSION, or a model as another framework saved it: that is converted to ONNX and
    proven first, for which the options from --expected to --allow-unproven are. Scoring code is given with --script, --env and any --model;
    --bundle deploys what was deployed, built or imported before.
    An endpoint of the same name gets a new revision, swapped in without losing a request; what is not said stays as it was.
    """
    from onnxport.service.deployment.options import DeployOptions

    scoring: dict[str, Any] = {
        "env": env,
        "models": models,
        "source_dir": source_dir,
        "python": python,
    }
    _check_usage(model, script, bundle, scoring)
    if model is None:
        refuse_conversion(given, "--bundle" if script is None else "--script")
    if bundle is not None and sample is not None:
        raise click.UsageError("a bundle brings its own sample: leave out --sample")
    if no_traffic and traffic is not None:
        raise click.UsageError("--traffic and --no-traffic exclude each other")
    convert = taken_from(given)
    for option in ("allowed_hosts", "cors_origins", "providers"):
        given[option] = given[option] or None
    how: dict[str, Any] = {
        "name": name,
        "options": DeployOptions(traffic=0 if no_traffic else traffic, **given),
    }
    endpoints = open_workspace(workspace).endpoints
    if dry_run:
        if bundle is not None:
            plan = endpoints.plan_bundle(bundle, **how)
        elif script is not None:
            plan = endpoints.plan_script(script, **scoring, **how)
        else:
            plan = endpoints.plan(str(model), convert=convert, **how)
        print_json(list(plan)) if as_json else print("\n".join(plan))
        return
    with Steps(quiet=as_json) as steps:
        how["progress"] = steps
        if bundle is not None:
            deployment = endpoints.deploy_bundle(bundle, **how)
        elif script is not None:
            deployment = endpoints.deploy_script(script, sample=sample, **scoring, **how)
        else:
            deployment = endpoints.deploy(str(model), sample=sample, convert=convert, **how)
    if as_json:
        print_json(deployment.to_json())
    else:
        _tell(deployment, workspace)


def _check_usage(
    model: str | None, script: Path | None, bundle: str | None, scoring: dict[str, Any]
) -> None:
    """One of a model, a script with what belongs to it, and a bundle."""
    if script is not None and model is not None:
        raise click.UsageError(f"with --script, name the model with --model: --model {model}")
    if bundle is not None and (model is not None or script is not None):
        raise click.UsageError("--bundle holds what is deployed: leave out MODEL and --script")
    if script is not None:
        return
    for name, value in scoring.items():
        if value:
            option = "--" + name.removesuffix("s").replace("_", "-")
            raise click.UsageError(f"{option} belongs to scoring code: name it with --script")
    if model is None and bundle is None:
        raise click.UsageError("name a MODEL, scoring code with --script and --env, or a --bundle")


def _tell(deployment: "Deployment", workspace: str | None) -> None:
    """The address, a line to try it with, and what may come next."""
    view = deployment.endpoint
    for warning in deployment.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"\n{view.name} (revision {deployment.revision}) is {view.state} at\n\n  {view.url}\n")
    if deployment.example is not None:
        keys = ("endpoint", "keys", view.name, "--only", "primary")
        key = command_line(*keys, workspace=workspace) if view.spec.keys.required else None
        print(f"try it:   {deployment.example.curl(view.url, key)}")
    print(f"docs:     {view.url}/docs")
    if view.spec.keys.required:
        print(f"keys:     {command_line('endpoint', 'keys', view.name, workspace=workspace)}")
    next_words: list[tuple[str, ...]] = [("logs", view.name, "-f"), ("endpoint", "show", view.name)]
    if len(view.revisions) > 1:
        next_words.append(("rollback", view.name))
    next_words.append(("down", view.name))
    for title, words in zip(["next:    ", *[" " * 9] * 9], next_words, strict=False):
        print(f"{title} {command_line(*words, workspace=workspace)}")
