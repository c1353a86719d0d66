"""The entry of the command line: finds commands, shows errors, sets exit codes.

A command is a file of this package: `deploy.py` holds `onnxport deploy`, as a Click command or group named `command`. Nothing of it is
imported before it is called; its line in `onnxport --help` is the first line of its module docstring.

Exit codes: 0 done, 1 the person's mistake, 2 usage, 3 the platform's failure, 130 interrupted, 141 the reader of the output went away.
"""

import errno
import gc
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

import click

from onnxport import __version__
from onnxport.domain.printable_text import printable
from onnxport.errors import DiskUnwritable, OnnxportError, UserError

PROGRAM = "onnxport"
DEBUG_VARIABLE = "ONNXPORT_DEBUG"
_COMPLETE_VARIABLE = "_ONNXPORT_COMPLETE"
_FOLDER = Path(__file__).parent
_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class CommandFolder(click.Group):
    """A group whose commands are the files of a folder, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of the files that hold a command, sorted."""
        stems = (path.stem for path in _FOLDER.glob("*.py"))
        return sorted(stem.replace("_", "-") for stem in stems if _is_command(stem))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a command; `None` where there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"onnxport.cli.{cmd_name.replace('-', '_')}")
        return cast("click.Command", module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a wrong name is answered with the closest ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            names = self.list_commands(ctx)
            raise click.NoSuchCommand(error.command_name, possibilities=names, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list["click.shell_completion.CompletionItem"]:
        """Complete the name of a command without importing one."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=_summary(name)) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]


@click.command(
    cls=CommandFolder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """From a model file of any framework to a live, proven, updatable endpoint.

    Start with: onnxport deploy MODEL.onnx
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors are shown, never raised."""
    if arguments is None:
        return _main_of_process(sys.argv[1:])
    return _main(list(arguments))


def _main_of_process(arguments: list[str]) -> int:
    """The same, knowing that the process does nothing else: a fifth of a short command's time is garbage collection."""
    gc.set_threshold(100_000, 20, 100)
    code = _main(arguments)
    gc.freeze()  # what is left is the interpreter's end, which would look at everything once more
    return code


def _main(given: list[str]) -> int:
    if _COMPLETE_VARIABLE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, PROGRAM, _COMPLETE_VARIABLE, os.environ[_COMPLETE_VARIABLE])
    try:
        code = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at exit: give it a place where that works.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (KeyboardInterrupt, click.Abort):
        print("\nstopped", file=sys.stderr)
        return 130
    except Exception as error:
        return _show_unexpected(error, as_json="--json" in given)
    return code


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        with cli.make_context(PROGRAM, arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except click.ClickException as error:
        command = (
            error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else PROGRAM
        )
        _show_error("usage", error.format_message(), f"See: {command} --help", as_json=as_json)
        return 2
    except OnnxportError as error:
        return _show_expected(error, as_json=as_json)
    except OSError as error:
        if error.errno not in _DISK_TROUBLE:
            raise
        trouble = DiskUnwritable(str(error.filename or ""), (error.strerror or "").lower())
        return _show_expected(trouble, as_json=as_json)
    return 0


def _show_expected(error: OnnxportError, *, as_json: bool) -> int:
    _show_error(error.code, error.message, error.remedy, as_json=as_json)
    _show_traceback_if_asked(error)
    return 1 if isinstance(error, UserError) else 3


def _show_unexpected(error: Exception, *, as_json: bool) -> int:
    message = f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:500]}"
    remedy = f"Run it again with {DEBUG_VARIABLE}=1 for the traceback, and report it."
    _show_error("unexpected", message, remedy, as_json=as_json)
    _show_traceback_if_asked(error)
    return 3


def _show_error(code: str, message: str, remedy: str, *, as_json: bool) -> None:
    if as_json:
        document = {"error": {"code": code, "message": message, "remedy": remedy}}
        print(json.dumps(document), file=sys.stderr)
    else:
        lines = f"error: {message}\nhelp: {remedy}".split("\n")
        # Names of files and words of frameworks are other people's: none may move the cursor.
        print("\n".join(map(printable, lines)), file=sys.stderr)


def _show_traceback_if_asked(error: Exception) -> None:
    if os.environ.get(DEBUG_VARIABLE, "") not in {"", "0"}:
        import traceback

        traceback.print_exception(error)


def _is_command(stem: str) -> bool:
    return stem != "main" and not stem.startswith("_")


def _summary(command: str) -> str:
    """The first line of the docstring of a command's file, without its full stop."""
    with (_FOLDER / f"{command.replace('-', '_')}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"').rstrip(".")
