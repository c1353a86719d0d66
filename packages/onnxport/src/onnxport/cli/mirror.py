"""Keep files that stand for URLs, for notebooks that download what is no longer there."""

from pathlib import Path

import click

from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import Steps, format_size, print_json, print_table


@click.group()
def command() -> None:
    """Keep files that stand for URLs, for notebooks that download what is no longer there.

    In a notebook, urllib, requests, wget and curl get these URLs from the mirror. It is the folder that ONNXPORT_MIRROR names, else
    `mirror` in the workspace.
    """


@command.command()
@click.argument("url")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--download", is_flag=True, help="Get the file from the URL now.")
@common_options
def add(
    url: str,
    file: Path | None,
    download: bool,
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Copy FILE into the mirror to stand for URL, which is written exactly as the notebook has it."""
    if (file is None) != download:
        raise click.UsageError("give FILE or --download")
    mirror = open_workspace(workspace).mirror
    with Steps(quiet=as_json) as steps, steps.step("mirror") as step:
        added = mirror.download(url) if file is None else mirror.add(url, file)
        step.detail = format_size(added.size or 0)
    if as_json:
        print_json(added.to_json())
    else:
        print(added.path)


@command.command(name="list")
@common_options
def list_urls(workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """List the mirrored URLs."""
    urls = open_workspace(workspace).mirror.list()
    if as_json:
        print_json([one.to_json() for one in urls])
        return
    rows = [
        (one.entry.url, "gone" if one.size is None else format_size(one.size), one.entry.file)
        for one in urls
    ]
    print_table(("url", "size", "file"), rows)


@command.command()
@common_options
def verify(workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Read every mirrored file and compare it with what was added."""
    from onnxport.service.mirror import raise_if_damaged

    with Steps(quiet=as_json) as steps, steps.step("verify") as step:
        urls = open_workspace(workspace).mirror.verify()
        step.detail = f"{len(urls)} URLs"
    if as_json:
        print_json([one.to_json() for one in urls])
    else:
        print_table(
            ("url", "state"),
            [(one.entry.url, "whole" if one.is_whole else "damaged") for one in urls],
        )
    raise_if_damaged(urls)


@command.command()
@click.argument("url")
@common_options
def remove(url: str, workspace: str | None, as_json: bool, yes: bool) -> None:  # noqa: ARG001 - nothing is asked
    """Remove URL from the mirror."""
    gone = open_workspace(workspace).mirror.remove(url)
    if as_json:
        print_json({"url": gone.url, "sha256": gone.sha256})
    else:
        print(f"{gone.url} is no longer mirrored")
