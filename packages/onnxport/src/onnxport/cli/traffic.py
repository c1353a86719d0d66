"""Share the traffic of an endpoint among its revisions."""

import re

import click

from onnxport.cli._endpoint_text import print_endpoints, traffic_text
from onnxport.cli._options import common_options, open_workspace
from onnxport.cli._output import Steps, print_json

_SHARE = re.compile(r"([1-9][0-9]{0,8})=([0-9]{1,3})%?")


@click.command()
@click.argument("name")
@click.argument("shares", nargs=-1, metavar="[REVISION=PERCENT]...")
@common_options
def command(
    name: str,
    shares: tuple[str, ...],
    workspace: str | None,
    as_json: bool,
    yes: bool,  # noqa: ARG001 - nothing is asked
) -> None:
    """Set the shares, for example `onnxport traffic iris 1=90 2=10`; without shares, show them."""
    percents = _read(shares)
    endpoints = open_workspace(workspace).endpoints
    with Steps(quiet=as_json) as steps:
        view = (
            endpoints.traffic(name, percents, progress=steps) if percents else endpoints.get(name)
        )
    if as_json:
        print_json(view.to_json())
    elif percents:
        print_endpoints([view])
    else:
        print(traffic_text(view))


def _read(shares: tuple[str, ...]) -> dict[int, int]:
    percents: dict[int, int] = {}
    for share in shares:
        found = _SHARE.fullmatch(share)
        if found is None:
            raise click.UsageError(f"{share!r} is not REVISION=PERCENT, for example 2=10")
        number = int(found[1])
        if number in percents:
            raise click.UsageError(f"revision {number} is named twice")
        percents[number] = int(found[2])
    return percents
