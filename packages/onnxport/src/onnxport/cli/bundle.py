"""Show, check, export and import bundles."""

import sys
from typing import TYPE_CHECKING

import click

from onnxport.cli._endpoint_text import command_line
from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import Steps, format_size, print_fields, print_json, print_table

if TYPE_CHECKING:
    from onnxport.service.bundles import BundleView

BUNDLE_HELP = "BUNDLE is an endpoint, ENDPOINT/REVISION, or a digest or its beginning."


@click.group()
def command() -> None:
    """Show, check, export and import bundles, the immutable directories that revisions run."""


@command.command(epilog=BUNDLE_HELP)
@click.argument("bundle")
@common_options
def show(bundle: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Show what a bundle holds."""
    view = open_workspace(workspace).bundles.show(bundle)
    if as_json:
        print_json(view.to_json())
    else:
        _print_bundle(view)


@command.command(epilog=BUNDLE_HELP)
@click.argument("bundle")
@common_options
def verify(bundle: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Read every byte of a bundle and compare it with its digest."""
    with Steps(quiet=as_json) as steps, steps.step("verify") as step:
        view = open_workspace(workspace).bundles.verify(bundle)
        step.detail = f"{len(view.manifest.files)} files, {format_size(view.size)}"
    if as_json:
        print_json(view.to_json())
    else:
        print(f"{view.digest} is whole")


@command.command(epilog=BUNDLE_HELP)
@click.argument("bundle")
@click.argument("file", type=click.Path(), required=False)
@common_options
def export(bundle: str, file: str | None, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Write a bundle to FILE, a .tar.gz, by default bundle-DIGEST.tar.gz."""
    with Steps(quiet=as_json) as steps, steps.step("export") as step:
        path = open_workspace(workspace).bundles.export(bundle, file)
        step.detail = format_size(path.stat().st_size)
    if as_json:
        print_json({"path": str(path), "bytes": path.stat().st_size})
    else:
        print(path)


@command.command(name="import")
@click.argument("file", type=click.Path())
@common_options
def import_archive(file: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Take the bundle in FILE into the workspace, checking every byte."""
    with Steps(quiet=as_json) as steps, steps.step("import") as step:
        imported = open_workspace(workspace).bundles.import_archive(file)
        step.detail = "" if imported.is_new else "it was there already"
    if as_json:
        print_json({**imported.view.to_json(), "is_new": imported.is_new})
    else:
        print(imported.view.digest)
        words = ("deploy", "--bundle", imported.view.digest[:19])
        print(f"next: {command_line(*words, workspace=workspace)}", file=sys.stderr)


def _print_bundle(view: "BundleView") -> None:
    manifest = view.manifest
    code, environment, sample = manifest.code, manifest.environment, manifest.sample
    models = [f"{model.name}/{model.version} ({model.framework})" for model in manifest.models]
    variables = ", ".join(environment.variables) if environment else ""
    print_fields(
        [
            ("digest", view.digest),
            ("kind", manifest.kind),
            ("directory", view.directory),
            ("size", format_size(view.size)),
            ("revisions", ", ".join(view.revisions) or "none"),
            ("models", ", ".join(models) or "none"),
            ("script", code.entry_script if code else None),
            ("source folder", code.source_directory if code else None),
            ("python", environment.python if environment else None),
            ("platforms", ", ".join(environment.platforms) if environment else None),
            ("environment", environment.specification if environment else None),
            ("variables", variables),
            ("sample", f"{sample.path} ({sample.content_type})" if sample else None),
        ]
    )
    print()
    rows = [(file.path, format_size(file.size), file.sha256) for file in manifest.files]
    print_table(("file", "size", "sha256"), rows)
