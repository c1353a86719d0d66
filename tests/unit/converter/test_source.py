"""A model's path: what is refused before it is opened, and what of the user's files goes with it."""

import os
from pathlib import Path

import pytest
from onnxport.converter.interface import Code, Job
from onnxport.converter.isolation.source import file_named, place_of, readable_for, why_unreadable


def names(paths: list[str], folder: Path) -> list[str]:
    return sorted(os.path.relpath(path, folder) for path in paths)


def test_files_and_plain_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("x")
    (tmp_path / "model" / "same").symlink_to("weights")

    assert why_unreadable(tmp_path / "model") is None
    assert why_unreadable(tmp_path / "model" / "weights") is None
    assert why_unreadable(tmp_path / "none") == "there is no such file or folder"


def test_a_cache_of_models_keeps_contents_beside(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--x" / "snapshots" / "1234"
    blobs = tmp_path / "models--x" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (blobs / "abcd").write_text("weights")
    (tmp_path / "models--x" / "token").write_text("secret")
    (snapshot / "model.safetensors").symlink_to("../../blobs/abcd")

    assert why_unreadable(snapshot) is None
    assert ["blobs/abcd", "snapshots/1234"] == names(
        readable_for(Job(snapshot, "folder")), tmp_path / "models--x"
    )
    (snapshot / "other").symlink_to("../../token")
    assert "link to elsewhere" in str(why_unreadable(snapshot))


def test_files_whose_names_begin_alike_go_with_a_model(tmp_path: Path) -> None:
    for name in ("net-symbol.json", "net-0000.params", "net.txt", "other", ".ssh", ".netrc"):
        (tmp_path / name).write_text("x")
    (tmp_path / "net-folder").mkdir()

    assert ["net-0000.params", "net-symbol.json", "net-symbol.json", "net.txt"] == names(
        readable_for(Job(tmp_path / "net-symbol.json", "file")), tmp_path
    )
    assert [".netrc"] == names(readable_for(Job(tmp_path / ".netrc", "file")), tmp_path)


@pytest.mark.parametrize(("at_home", "expected"), [(False, ["."]), (True, ["net.py", "package"])])
def test_a_home_directory_is_not_shown_for_the_code_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_home: bool, expected: list[str]
) -> None:
    home = tmp_path / "home"
    for name in (".ssh/id_rsa", ".hidden/__init__.py", "package/__init__.py", "papers/a", "net.py"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    monkeypatch.setenv("HOME", str(home if at_home else tmp_path / "elsewhere"))
    model = tmp_path / "m.pt"
    model.write_text("x")
    found = readable_for(Job(model, "weights", code=Code(home / "net.py", "Net")))

    assert expected == sorted(set(names([p for p in found if not p.endswith("m.pt")], home)))


def test_a_path_through_the_folder_above_names_the_folder_itself_and_keeps_a_links_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "blob").write_text("x")
    (tmp_path / "model.pt").symlink_to("blob")
    model = tmp_path / "work" / ".." / "model.pt"

    assert tmp_path.resolve() / "model.pt" == place_of(model)
    assert tmp_path.resolve() == place_of(tmp_path / "work" / "..")
    assert [str(tmp_path.resolve() / "model.pt")] * 2 == readable_for(Job(model, "file"))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((), "net.ckpt"),
        (("net.ckpt.index",), "net.ckpt.index"),
        (("net.ckpt.index", "net.ckpt.meta"), "net.ckpt.meta"),
        (("net.ckpt", "net.ckpt.meta"), "net.ckpt"),
    ],
)
def test_a_checkpoint_is_named_by_what_its_files_begin_with(
    tmp_path: Path, there: tuple[str, ...], expected: str
) -> None:
    for name in there:
        (tmp_path / name).write_text("x")

    assert tmp_path / expected == file_named(tmp_path / "net.ckpt")
