"""The entry of the command line: what it shows and which exit codes it gives."""

import errno
import json
import os
import subprocess
import sys

import click
import pytest
from onnxport import __version__
from onnxport.cli import main as entry
from onnxport.errors import PlatformError, UserError


class Mistake(UserError):
    code = "mistake"


class Breakdown(PlatformError):
    code = "breakdown"


@pytest.fixture
def command(monkeypatch):
    """Add the command `try`, which does what it is told."""

    def install(function):
        made = click.command(name="try")(
            click.option("--json", is_flag=True)(lambda json: function())
        )
        monkeypatch.setattr(entry.CommandFolder, "get_command", lambda *_: made)

    return install


def raising(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (Mistake("it is wrong", "Mend it."), 1, "error: it is wrong\nhelp: Mend it.\n"),
        (Breakdown("it broke", "Wait."), 3, "error: it broke\nhelp: Wait.\n"),
        (KeyboardInterrupt(), 130, "\nstopped\n"),
        (click.Abort(), 130, "\nstopped\n"),
        (click.BadParameter("not 7"), 2, "error: Invalid value: not 7\nhelp: See: onnxport try --help\n"),
        (ValueError("a\nb"), 3,
         "error: unexpected ValueError: a b\nhelp: Run it again with ONNXPORT_DEBUG=1 for the traceback, and report it.\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/w/keys.json"), 3,
         ("error: /w/keys.json cannot be written: no space left on device\n"
         "help: Free some space there, or choose a workspace on another disk with --workspace.\n")),
    ],
    ids=["user", "platform", "interrupt", "abort", "usage", "unexpected", "full disk"],
)  # fmt: skip
def test_each_kind_of_error_has_its_lines_and_its_exit_code(command, capsys, error, code, lines):
    command(raising(error))

    assert code == entry.main(["try"])
    assert ("", lines) == capsys.readouterr()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Mistake("m", "r"), "mistake"),
        (ValueError("m"), "unexpected"),
        (click.UsageError("m"), "usage"),
    ],
)
def test_with_json_an_error_is_one_line_of_json(command, capsys, error, code):
    command(raising(error))
    entry.main(["try", "--json"])

    [line] = capsys.readouterr().err.splitlines()

    assert ["code", "message", "remedy"] == sorted(json.loads(line)["error"])
    assert code == json.loads(line)["error"]["code"]


def test_the_traceback_is_shown_when_it_is_asked_for(command, capsys, monkeypatch):
    monkeypatch.setenv("ONNXPORT_DEBUG", "1")
    command(raising(ValueError("why")))

    assert 3 == entry.main(["try"])
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_command_that_works_gives_0(command):
    command(lambda: None)

    assert 0 == entry.main(["try"])


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_file_of_the_folder_with_its_first_line(capsys, option):
    assert 0 == entry.main([option])

    lines = capsys.readouterr().out.splitlines()
    for name in entry.cli.list_commands(click.Context(entry.cli)):
        assert any(line.split(maxsplit=1)[:1] == [name] and len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize("name", entry.cli.list_commands(click.Context(entry.cli)))
def test_every_command_shows_its_own_help(capsys, name):
    assert 0 == entry.main([name, "--help"])
    assert f"Usage: onnxport {name}" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys):
    assert 0 == entry.main(["--version"])
    assert f"onnxport {__version__}\n" == capsys.readouterr().out


def test_no_command_is_a_question_for_help(capsys):
    assert 2 == entry.main([])
    assert "Usage: onnxport" in capsys.readouterr().err


def test_a_wrong_command_is_answered_with_the_closest(capsys):
    assert 2 == entry.main(["modle"])
    assert "error: No such command 'modle'. Did you mean 'model'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["model", "--nope"],
        ["model", "nope"],
        ["model", "show"],
        ["model", "register", "x", "--tag", "=1"],
    ],
)
def test_wrong_usage_gives_2(capsys, arguments):
    assert 2 == entry.main(arguments)
    assert "\nhelp: See: onnxport model" in capsys.readouterr().err


def test_commands_complete_in_the_shell():
    environment = {
        **os.environ,
        "_ONNXPORT_COMPLETE": "bash_complete",
        "COMP_WORDS": "onnxport wor",
        "COMP_CWORD": "1",
    }

    done = subprocess.run(
        [sys.executable, "-m", "onnxport"], env=environment, capture_output=True, text=True
    )

    assert "plain,workspace\n" == done.stdout


def test_a_reader_that_goes_away_is_no_error():
    command = f"set -o pipefail; {sys.executable} -m onnxport --help | true; echo $?"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)

    assert ("", True) == (done.stderr, done.stdout.strip() in {"0", "141"})
