"""List, show and delete images, the bundles that were built under a name to be deployed later."""

import click

from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import confirm, print_fields, print_json, print_table


@click.group()
def command() -> None:
    """List, show and delete images, the bundles that were built under a name to be deployed later."""


@command.command(name="list")
@click.argument("name", required=False)
@common_options
def list_images(name: str | None, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """List all images, or the versions of the image NAME."""
    images = open_workspace(workspace).images.list(name)
    if as_json:
        print_json([image.to_json() for image in images])
        return
    rows = [
        (image.name, image.version, image.state, (image.digest or "")[:19], image.created.date())
        for image in images
    ]
    print_table(("name", "version", "state", "digest", "created"), rows)


@command.command()
@click.argument("name")
@click.argument("version", type=int, required=False)
@common_options
def show(name: str, version: int | None, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001
    """Show one version of an image, the newest where none is named, with its log."""
    image = open_workspace(workspace).images.get(name, version)
    if as_json:
        print_json(image.to_json())
        return
    print_fields(
        [
            ("image", image.reference),
            ("state", image.state),
            ("digest", image.digest),
            ("models", ", ".join(f"models:/{one}/{number}" for one, number in image.models)),
            ("created", image.created.isoformat()),
            ("description", image.description),
            ("tags", ", ".join(f"{key}={value}" for key, value in image.tags.items())),
        ]
    )
    print(f"\n{image.log}")


@command.command()
@click.argument("name")
@click.argument("version", type=int)
@common_options
def delete(name: str, version: int, workspace: str | None, as_json: bool, yes: bool) -> None:
    """Forget one version of an image; endpoints that run its bundle run on."""
    images = open_workspace(workspace).images
    image = images.get(name, version)
    if not confirm(f"Delete image {image.reference}?", yes=yes):
        raise click.Abort
    images.delete(name, version)
    if as_json:
        print_json({"deleted": image.reference})
    else:
        print(f"deleted image {image.reference}")
