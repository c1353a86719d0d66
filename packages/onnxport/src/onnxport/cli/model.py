"""Register models, list, show, label, download and delete them."""

from typing import Any

import click

from onnxport.cli._model_text import (
    model_json,
    model_rows,
    show_version,
    version_json,
    version_rows,
    version_summary_json,
)
from onnxport.cli._options import common_options, key_value_option, open_workspace
from onnxport.cli._output import Steps, confirm, format_size, print_json, print_table

MODEL_HELP = "MODEL is a name (its newest version), models:/NAME/VERSION or models:/NAME@ALIAS."


@click.group()
def command() -> None:
    """Register models, list, show, label, download and delete them."""


@command.command()
@click.argument("path", type=click.Path())
@click.option("-n", "--name", help="The model's name.  [default: from the path]")
@click.option("--description", default="", help="What people should know about this version.")
@key_value_option("--tag", help="A label that may change later; repeatable.")
@key_value_option("--property", help="A label that never changes; repeatable.")
@click.option("--alias", help="A name for this version, such as champion.")
@click.option("--framework", help="What the model was made with; needed for other files than ONNX.")
@click.option("--framework-version", help="The version of that framework.")
@click.option("--proof", type=click.Path(), help="The proof document.  [default: PATH.proof.json]")
@click.option(
    "--converted-from",
    type=click.Path(),
    metavar="PATH",
    help="What the model was converted from, to be kept with it.",
)
@common_options
def register(
    path: str,
    name: str | None,
    description: str,
    tag: dict[str, str],
    property: dict[str, str],  # noqa: A002 - the option's name
    alias: str | None,
    framework: str | None,
    framework_version: str | None,
    proof: str | None,
    converted_from: str | None,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Copy the model at PATH into the workspace as a new version.

    PATH is an ONNX file (its external data files come along), a folder, or, with --framework, any other file.
    """
    models = open_workspace(workspace).models
    with Steps(quiet=as_json) as steps, steps.step("register") as step:
        version = models.register(
            path,
            name,
            description=description,
            tags=tag,
            properties=property,
            alias=alias,
            framework=framework,
            framework_version=framework_version,
            proof=proof,
            converted_from=converted_from,
        )
        step.detail = format_size(version.size)
    if as_json:
        print_json(version_json(version))
    else:
        print(version.reference)


@command.command(name="list")
@click.argument("name", required=False)
@common_options
def list_models(name: str | None, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """List the models, or all versions of the model NAME."""
    models = open_workspace(workspace).models
    if name is None:
        summaries = models.list()
        if as_json:
            print_json([model_json(summary) for summary in summaries])
        else:
            print_table(*model_rows(summaries))
        return
    versions = models.versions(name)
    if as_json:
        print_json([version_summary_json(version) for version in versions])
    else:
        print_table(*version_rows(versions))


@command.command(epilog=MODEL_HELP)
@click.argument("model")
@common_options
def show(model: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Show everything about one version."""
    version = open_workspace(workspace).models.get(model)
    if as_json:
        print_json(version_json(version))
    else:
        show_version(version)


@command.command(epilog=MODEL_HELP)
@click.argument("model")
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--remove", multiple=True, metavar="KEY", help="Remove this tag; repeatable.")
@common_options
def tag(
    model: str,
    tags: tuple[str, ...],
    remove: tuple[str, ...],
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Set and remove tags of a version; without any, show them."""
    models = open_workspace(workspace).models
    pairs = dict(text.partition("=")[::2] for text in tags)
    version = models.get(model)
    if remove:
        version = models.untag(version.reference, remove)
    if pairs:
        version = models.tag(version.reference, pairs)
    if as_json:
        print_json(dict(version.tags))
    else:
        print_table(("key", "value"), version.tags.items())


@command.command(epilog=MODEL_HELP)
@click.argument("model")
@click.argument("alias")
@click.option("--remove", is_flag=True, help="Forget the alias.")
@common_options
def alias(
    model: str,
    alias: str,
    remove: bool,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001
) -> None:
    """Let ALIAS mean this version, whatever it meant before."""
    models = open_workspace(workspace).models
    version = models.get(model)
    document: dict[str, Any] = {"name": version.name, "alias": alias, "version": None}
    if remove:
        models.remove_alias(version.name, alias)
    else:
        document["version"] = models.set_alias(version.reference, alias).version
    if as_json:
        print_json(document)
    elif remove:
        print(f"models:/{version.name}@{alias} is gone")
    else:
        print(f"models:/{version.name}@{alias} is {version.reference}")


@command.command(epilog=MODEL_HELP)
@click.argument("model")
@click.argument("directory", type=click.Path(), default=".")
@click.option("--source", is_flag=True, help="Copy what the version was converted from instead.")
@common_options
def download(
    model: str,
    directory: str,
    source: bool,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Copy a version's files into DIRECTORY, checking every byte."""
    models = open_workspace(workspace).models
    with Steps(quiet=as_json) as steps, steps.step("download"):
        path = models.download(model, directory, source=source)
    if as_json:
        print_json({"path": str(path)})
    else:
        print(path)


@command.command(epilog=MODEL_HELP)
@click.argument("model")
@click.option("--all", "every", is_flag=True, help="Delete every version of the model.")
@common_options
def delete(model: str, every: bool, workspace: str | None, as_json: bool, yes: bool) -> None:
    """Delete a version, unless an endpoint uses it. Its number is not given again."""
    models = open_workspace(workspace).models
    version = models.get(model)
    what = f"every version of {version.name!r}" if every else str(version.reference)
    if not confirm(f"Delete {what}?", yes=yes):
        raise click.Abort
    gone = models.delete_all(version.name) if every else [models.delete(version.reference)]
    if as_json:
        print_json([str(reference) for reference in gone])
    else:
        for reference in gone:
            print(f"deleted {reference}")
