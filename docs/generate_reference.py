"""Write the reference pages that come from the code: every command, every error, the SDK, what there is of azureml.core.

`python docs/generate_reference.py` writes them; with `--check` it fails where a page differs from the code.
"""

import argparse
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import onnxport
from generate_azureml_coverage import coverage_page
from generate_converters import converters_page
from onnxport.cli.main import cli
from onnxport.errors import OnnxportError
from onnxport.service.bundles import Bundles
from onnxport.service.endpoints import Endpoints
from onnxport.service.environments import Environments
from onnxport.service.images import Images
from onnxport.service.mirror import Mirror
from onnxport.service.model.models import Models
from onnxport.service.notebooks import Notebooks
from onnxport.service.script_run import Scripts
from onnxport.workspace import Workspace

REFERENCE = Path(__file__).parent / "reference"


def main() -> int:
    """Write or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    pages = {
        "commands.md": commands_page(),
        "errors.md": errors_page(),
        "sdk.md": sdk_page(),
        "azureml-coverage.md": coverage_page(),
        "converters.md": converters_page(),
    }
    stale = [name for name, text in pages.items() if _read(REFERENCE / name) != text]
    if check and stale:
        print(f"generated pages differ from the code: {', '.join(stale)}; run `make reference`")
        return 1
    if not check:
        REFERENCE.mkdir(exist_ok=True)
        for name, text in pages.items():
            (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


def commands_page() -> str:
    """Every command with its help, as the terminal shows it."""
    lines = ["# Commands", "", "Generated from the code. Every command takes `--help`.", ""]
    for path, command in _commands(cli, ("onnxport",)):
        context = click.Context(command, info_name=" ".join(path), max_content_width=100)
        context.terminal_width = 100
        lines += [
            f"## {' '.join(path)}",
            "",
            "```text",
            command.get_help(context).rstrip(),
            "```",
            "",
        ]
    return "\n".join(lines)


def errors_page() -> str:
    """Every error class with its code and meaning."""
    lines = [
        "# Errors",
        "",
        "Generated from the code. `--json` prints an error as one line with `code`, `message` and `remedy` on standard error.",
        "Exit codes: 0 done, 1 a person can mend it, 2 usage, 3 the machine or a service failed.",
        "",
        "| code | exit | when |",
        "|---|---|---|",
    ]
    rows = {(kind.code, _exit_code(kind), _first_line(kind)) for kind in _error_classes()}
    lines += [f"| `{code}` | {status} | {meaning} |" for code, status, meaning in sorted(rows)]
    return "\n".join([*lines, ""])


def sdk_page() -> str:
    """The public classes with their methods, as their docstrings describe them."""
    lines = [
        "# SDK",
        "",
        "Generated from the code. `from onnxport import Workspace`; everything works in-process, no daemon has to run.",
        "",
    ]
    for title, kind in (
        ("Workspace", Workspace),
        ("Workspace.models", Models),
        ("Workspace.endpoints", Endpoints),
        ("Workspace.environments", Environments),
        ("Workspace.bundles", Bundles),
        ("Workspace.images", Images),
        ("Workspace.scripts", Scripts),
        ("Workspace.notebooks", Notebooks),
        ("Workspace.mirror", Mirror),
    ):
        lines += [f"## {title}", "", *_documented(kind), ""]
        for name, member in vars(kind).items():
            function = getattr(
                member, "__func__", getattr(member, "fget", getattr(member, "func", member))
            )
            if not name.startswith("_") and inspect.isfunction(function):
                lines += [
                    f"### {title}.{name}",
                    "",
                    "```text",
                    f"{name}{inspect.signature(function)}",
                    "",
                    *_documented(function),
                    "```",
                    "",
                ]
    return "\n".join(lines)


def _documented(item: object) -> list[str]:
    return (inspect.getdoc(item) or "").splitlines()


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _commands(child, (*path, name))


def _error_classes() -> list[type[OnnxportError]]:
    for module in pkgutil.walk_packages(onnxport.__path__, "onnxport."):
        if not module.name.rpartition(".")[2].startswith("_") and not (
            {"migrations", "inside"} & set(module.name.split("."))
        ):
            importlib.import_module(module.name)
    found: list[type[OnnxportError]] = []
    waiting = list(OnnxportError.__subclasses__())
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


def _exit_code(kind: type[OnnxportError]) -> int:
    from onnxport.errors import UserError

    return 1 if issubclass(kind, UserError) else 3


def _first_line(kind: type[OnnxportError]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0].replace("|", "\\|")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
