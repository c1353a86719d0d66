"""How commands print."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.cli._output import (
    Steps,
    confirm,
    format_size,
    print_fields,
    print_json,
    print_table,
    printable,
)


def test_a_table_is_aligned_and_has_no_trailing_spaces(capsys):
    print_table(("name", "n"), [("long name", 1), ("x", None)])

    assert "NAME       N\nlong name  1\nx          -\n" == capsys.readouterr().out


def test_a_table_without_rows_shows_its_headers(capsys):
    print_table(("a", "b"), [])

    assert "A  B\n" == capsys.readouterr().out


def test_braces_in_a_cell_are_only_braces(capsys):
    print_table(("a",), [("{0} {}",)])

    assert "A\n{0} {}\n" == capsys.readouterr().out


def test_a_cell_cannot_move_the_cursor(capsys):
    print_table(("a", "b"), [("x\x1b[2J\n", "Größe 🌷")])

    assert "A           B\nx\\x1b[2J\\n  Größe 🌷\n" == capsys.readouterr().out


@given(st.text(st.characters()))
def test_printable_text_is_printable_and_utf_8(text):
    shown = printable(text)

    assert shown.isprintable()
    shown.encode()


def test_fields_without_a_value_are_left_out(capsys):
    print_fields([("name", "x"), ("empty", ""), ("none", None), ("zero", 0)])

    assert "name  x\nzero  0\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    "document", [[], [{"a": "ü"}, 1], {"a": [1, None]}], ids=["empty", "list", "object"]
)
def test_json_is_read_back_as_it_was(capsys, document):
    print_json(document)

    assert document == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (10**13, "10.0 TB"),
    ],
)
def test_sizes_are_short(size, text):
    assert text == format_size(size)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stdin", "yes", "answer"),
    [
        (io.StringIO("n\n"), False, True),
        (Terminal("n\n"), True, True),
        (Terminal("y\n"), False, True),
        (Terminal("YES\n"), False, True),
        (Terminal("n\n"), False, False),
        (Terminal(""), False, False),
    ],
    ids=["no-terminal", "yes-option", "y", "yes", "n", "end"],
)
def test_only_a_terminal_is_asked(monkeypatch, stdin, yes, answer):
    monkeypatch.setattr("sys.stdin", stdin)

    assert answer == confirm("Really?", yes=yes)


def test_steps_are_plain_lines_where_there_is_no_terminal(capsys):
    with Steps() as steps:
        with steps.step("register") as step:
            step.detail = "models:/x/1"
        with pytest.raises(ZeroDivisionError), steps.step("deploy"):
            raise ZeroDivisionError

    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert ("", True, True) == (
        out,
        first.startswith("✓ register"),
        first.endswith("s  models:/x/1"),
    )
    assert second.startswith("✗ deploy")


def test_steps_are_live_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    with Steps() as steps:
        steps.start("register")
        steps.finish("done")

    assert "✓ register" in terminal.getvalue()
    assert "done" in terminal.getvalue()


def test_quiet_steps_print_nothing(capsys):
    with Steps(quiet=True) as steps, steps.step("register"):
        pass

    assert ("", "") == capsys.readouterr()
