"""Options of every command that converts a model, spelled once, and what they mean together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from onnxport.service.conversion.options import ConvertOptions

F = TypeVar("F", bound=Callable[..., Any])
_NAMES = (
    "trust",
    "framework",
    "code",
    "code_args",
    "inputs",
    "outputs",
    "packages",
    "opset",
    "expected",
    "allow_unproven",
)


class ConvertingCommand(click.Command):
    """`--trust` may stand alone in front of the file: it never takes the next word as its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, ["--trust=sandboxed" if a == "--trust" else a for a in args])


def conversion_options(function: F) -> F:
    """Add what a conversion may be told; `taken_from` makes `ConvertOptions` of it."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def refuse_conversion(given: dict[str, Any], instead: str) -> None:
    """Raise a usage error for an option of `conversion_options` beside `instead`, with which nothing is converted."""
    for name in _NAMES:
        if given[name]:
            option = "--with" if name == "packages" else "--" + name.replace("_", "-")
            raise click.UsageError(
                f"{option} is for converting a MODEL: leave it out with {instead}"
            )


def taken_from(given: dict[str, Any]) -> "ConvertOptions":
    """Take the options of `conversion_options` out of a command's keyword arguments. Raises `CodeUnusable`."""
    from onnxport.service.conversion.options import ConvertOptions, Trust, code_from

    taken = {name: given.pop(name) for name in _NAMES}
    code, arguments = taken.pop("code"), taken.pop("code_args")
    return ConvertOptions(
        **{
            **taken,
            "trust": Trust(taken["trust"] or "no"),
            "code": None if code is None else code_from(code, arguments),
            "inputs": _listed(taken["inputs"]),
            "outputs": _listed(taken["outputs"]),
        }
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


_OPTIONS = [
    click.option(
        "--expected",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What the framework gave for the sample elsewhere, to compare with too.",
    ),
    click.option(
        "--trust",
        type=click.Choice(["sandboxed", "unsandboxed"]),
        metavar="[=unsandboxed]",
        help="Vouch for a file that runs code when opened.",
    ),
    click.option(
        "--code",
        metavar="FILE.py:CLASS",
        help="The model class, for a file that holds weights only.",
    ),
    click.option(
        "--code-args",
        metavar="JSON",
        help="What to call the class with: a list, or an object of named arguments.",
    ),
    click.option("--inputs", metavar="NAMES", help="The inputs of a graph that does not say them."),
    click.option("--outputs", metavar="NAMES", help="The outputs of such a graph."),
    click.option(
        "--framework", metavar="NAME", help="The converter, for a file that could be of several."
    ),
    click.option(
        "--with",
        "packages",
        multiple=True,
        metavar="REQUIREMENT",
        help="Another package or version in the converter's environment, such as torch==2.9; repeatable.",
    ),
    click.option("--opset", type=click.IntRange(7), help="The operator set to write."),
    click.option(
        "--allow-unproven",
        is_flag=True,
        help="Go on although the conversion is not shown to predict the same.",
    ),
]
