"""How endpoints look on a terminal."""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from onnxport.cli._output import print_fields, print_json, print_table

if TYPE_CHECKING:
    from onnxport.service.endpoint.outcomes import Outcome
    from onnxport.service.endpoint.view import EndpointView


def print_endpoints(views: "Sequence[EndpointView]") -> None:
    """A table, one line per endpoint."""
    print_table(
        ("name", "state", "url", "revisions", "traffic", "keys", "pid"),
        [
            (
                view.name,
                view.state,
                view.url,
                len(view.revisions),
                traffic_text(view),
                "required" if view.spec.keys.required else "-",
                view.status.pid if view.status else "-",
            )
            for view in views
        ],
    )


def print_endpoint(view: "EndpointView") -> None:
    """Everything about one endpoint, its revisions in a table."""
    status = view.status
    print_fields(
        [
            ("name", view.name),
            ("state", view.state),
            ("url", view.url),
            ("docs", f"{view.url}/docs"),
            ("unix socket", view.spec.listen.unix_socket),
            ("generation", view.spec.generation),
            ("traffic", traffic_text(view)),
            ("keys", "required" if view.spec.keys.required else "not required"),
            ("pid", status.pid if status else None),
            ("restarts", status.restarts if status else None),
            ("created", view.created.isoformat(timespec="seconds")),
            ("error", status.error.message if status and status.error else None),
        ]
    )
    for title, lines in (
        ("warning", status.warnings if status else ()),
        ("decided", status.decisions if status else ()),
    ):
        print_fields((title, line) for line in lines)
    print()
    print_table(
        ("revision", "state", "model", "traffic", "loaded", "created"),
        [
            (
                revision.number,
                revision.state,
                ", ".join(revision.models) or "-",
                f"{revision.percent} %",
                "yes" if revision.loaded else "-",
                revision.created.isoformat(timespec="seconds"),
            )
            for revision in reversed(view.revisions)
        ],
    )


def traffic_text(view: "EndpointView") -> str:
    """`1=90 2=10`, as `onnxport traffic` takes it."""
    return " ".join(f"{number}={percent}" for number, percent in view.traffic.items())


def print_outcomes(outcomes: "Sequence[Outcome]", *, as_json: bool) -> int:
    """What starting or stopping came to; returns the exit code."""
    from onnxport.errors import UserError

    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if as_json:
        print_json([outcome.to_json() for outcome in outcomes])
    else:
        print_table(
            ("name", "state", "url"),
            [(outcome.name, outcome.state, outcome.url) for outcome in outcomes],
        )
        for error in errors:
            print(f"error: {error.message}\nhelp: {error.remedy}", file=sys.stderr)
    if not errors:
        return 0
    return 1 if all(isinstance(error, UserError) for error in errors) else 3


def command_line(*words: str, workspace: str | None) -> str:
    """A command of ours as it can be pasted, with the workspace where one was named."""
    where = [] if workspace is None else ["--workspace", workspace]
    return shlex.join(["onnxport", *words, *where])
