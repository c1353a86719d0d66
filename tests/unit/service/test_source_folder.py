"""From a script or its folder to the files of a bundle: what is taken, what is left out, what is refused."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.bundle.interface import ScoringCode
from onnxport.service.scoring import source_folder
from onnxport.service.scoring.errors import (
    ScriptOutsideSource,
    ScriptUnreadable,
    SourceFolderUnsuitable,
)
from onnxport.service.scoring.ignore_patterns import IgnorePatterns
from onnxport.service.scoring.source_folder import read_code


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my app ü"
    write(folder / "score.py", "entry")
    write(folder / "lib/deep/help.py", "help")
    write(folder / "data.csv", "1,2")
    return folder


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_single_script_keeps_its_name(folder):
    code = read_code(folder / "score.py", None)

    assert ScoringCode({"score.py": b"entry"}, "score.py", None) == code


def test_a_folder_is_taken_whole_under_its_own_name(folder):
    code = read_code(folder / "score.py", folder)

    assert ("my app ü/score.py", "my app ü") == (code.entry_script, code.source_directory)
    assert {
        "my app ü/score.py": b"entry",
        "my app ü/lib/deep/help.py": b"help",
        "my app ü/data.csv": b"1,2",
    } == code.files


def test_the_script_may_be_named_from_the_folder_or_from_here(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    here, there = Path(folder.name), Path("lib/deep/help.py")

    assert read_code(here / there, here) == read_code(there, here)
    monkeypatch.chdir(folder)
    assert "my app ü/score.py" == read_code(Path("score.py"), Path()).entry_script


def test_what_no_code_needs_is_left_out(folder):
    for name in (
        ".git/config",
        "__pycache__/score.pyc",
        "lib/old.pyc",
        ".venv/bin/python",
        ".ipynb_checkpoints/x.ipynb",
        "myenv/pyvenv.cfg",
        "myenv/lib/big.py",
        "workspace/registry.db",
    ):
        write(folder / name)

    code = read_code(folder / "score.py", folder, folder / "workspace")

    assert 3 == len(code.files)


def test_an_amlignore_is_honoured(folder):
    write(folder / ".amlignore", "# data stays here\n*.csv\nlib/deep/\n!lib/deep/help.py\n")

    assert ["my app ü/score.py"] == list(read_code(folder / "score.py", folder).files)


def test_a_script_that_is_left_out_is_told(folder):
    write(folder / ".amlignore", "score.py")

    with pytest.raises(ScriptOutsideSource, match="left out"):
        read_code(folder / "score.py", folder)


def test_a_link_inside_the_folder_is_copied(folder):
    (folder / "alias.py").symlink_to("lib/deep/help.py")

    assert b"help" == read_code(folder / "score.py", folder).files["my app ü/alias.py"]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda folder: (folder / "x").symlink_to("/etc/passwd"), "out of the source folder"),
        (lambda folder: (folder / "x").symlink_to("../other"), "out of the source folder"),
        (lambda folder: (folder / "x").symlink_to("lib"), "link to a folder"),
        (lambda folder: (folder / "x").symlink_to("nowhere"), "link to nothing"),
        (lambda folder: (folder / "x").symlink_to("x"), "link to nothing"),
        (lambda folder: os.mkfifo(folder / "x"), "not a plain file"),
        (lambda folder: write(folder / "a\\b"), "backslash"),
        (lambda folder: write(folder / os.fsdecode(b"\xff")), "not Unicode"),
        (lambda folder: write(folder / "a\nb"), "line break"),
    ],
    ids=["absolute", "up", "folder", "nothing", "itself", "pipe", "backslash", "bytes", "lines"],
)
def test_what_cannot_be_part_of_a_bundle_is_refused_with_its_name(folder, make, why):
    write(folder.parent / "other", "secret")
    make(folder)

    with pytest.raises(SourceFolderUnsuitable, match=why):
        read_code(folder / "score.py", folder)


@pytest.mark.parametrize(("limit", "value"), [("MOST_FILES", 2), ("MOST_BYTES", 5)])
def test_a_folder_beyond_the_limits_is_refused_with_what_helps(folder, monkeypatch, limit, value):
    monkeypatch.setattr(source_folder, limit, value)

    with pytest.raises(SourceFolderUnsuitable, match="holds more than") as caught:
        read_code(folder / "score.py", folder)

    assert ".amlignore" in caught.value.remedy


def test_a_script_elsewhere_or_nowhere_is_told(folder, tmp_path):
    with pytest.raises(ScriptOutsideSource, match="lies elsewhere"):
        read_code(write(tmp_path / "other.py"), folder)
    for missing in (tmp_path / "no.py", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(ScriptUnreadable):
            read_code(missing, None)
    with pytest.raises(ScriptUnreadable, match="no such file"):
        read_code(Path("no.py"), folder)
    with pytest.raises(SourceFolderUnsuitable, match="not a folder"):
        read_code(folder / "score.py", folder / "score.py")


PATTERNS = st.text(st.sampled_from("ab*?/!#[] \\.^-"), max_size=8)
PATHS = st.lists(st.text(st.sampled_from("ab.-]"), min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("*.csv", ["a.csv", "x/y/a.csv"], ["a.csvx"]),
        ("/a.py", ["a.py"], ["x/a.py"]),
        ("x/a.py", ["x/a.py"], ["y/x/a.py"]),
        ("**/logs", ["logs", "x/y/logs"], ["logs2"]),
        ("a/**/b", ["a/b", "a/x/y/b"], ["a/xb"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("[ab].py", ["a.py", "x/b.py"], ["c.py"]),
        ("[!a].py", ["b.py"], ["a.py"]),
        ("\\#x", ["#x"], ["x"]),
        ("?.py", ["a.py"], ["ab.py"]),
        ("# a.py", [], ["a.py"]),
    ],
)
def test_patterns_mean_what_git_means(pattern, left_out, kept):
    patterns = IgnorePatterns.of([pattern])

    assert left_out == [p for p in [*left_out, *kept] if patterns.leaves_out(p, is_folder=False)]


@given(st.lists(PATTERNS, max_size=4), PATHS)
def test_any_pattern_is_read_and_leaves_out_or_not(lines, parts):
    IgnorePatterns.of(lines).leaves_out("/".join(parts), is_folder=False)


def test_git_agrees(tmp_path):
    lines = ["*.log", "!keep.log", "/build", "docs/*.md", "**/tmp/x", "[0-9]*.txt", "a?c"]
    paths = ["a.log", "keep.log", "d/a.log", "build", "d/build", "docs/a.md", "docs/d/a.md"]
    paths += ["tmp/x", "d/tmp/x", "1a.txt", "a.txt", "abc", "d/abc", "abbc"]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("\n".join(lines))
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", *paths], cwd=tmp_path, capture_output=True, text=True
    )
    patterns = IgnorePatterns.of(lines)

    ours = [path for path in paths if patterns.leaves_out(path, is_folder=False)]
    assert asked.stdout.split() == ours
