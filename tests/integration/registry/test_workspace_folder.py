"""Finding, making, listing and tidying workspaces."""

import os
import time
from pathlib import Path

import pytest
from onnxport import Workspace
from onnxport.service.workspace import NotAWorkspace, UnsupportedLocation, WorkspaceUnusable


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("ONNXPORT_WORKSPACE", raising=False)
    return tmp_path


def test_the_path_counts_then_the_environment_then_the_users_data_folder(tmp_path, monkeypatch):
    assert tmp_path / "xdg_data_home/onnxport" == Workspace.open().root
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "environment"))
    assert tmp_path / "environment" == Workspace.open().root
    assert tmp_path / "given" == Workspace.open(tmp_path / "given").root


def test_a_relative_path_stays_what_it_was_when_the_process_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.open("here")
    monkeypatch.chdir("/")

    assert [] == workspace.models.names()
    assert tmp_path / "here" == workspace.root


def test_a_folder_with_other_things_is_not_made_into_a_workspace(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_text("x")

    with pytest.raises(NotAWorkspace, match="photos is not a workspace"):
        Workspace.open(tmp_path / "photos")

    assert ["cat.jpg"] == [path.name for path in (tmp_path / "photos").iterdir()]


def test_a_url_is_refused_until_it_is_supported():
    with pytest.raises(UnsupportedLocation, match="postgresql:// URL") as caught:
        Workspace.open("postgresql://me:secret@host/db")

    assert "secret" not in str(caught.value)


def test_a_place_where_no_folder_can_be_is_named(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(WorkspaceUnusable, match="file/below cannot be used"):
        Workspace.open(tmp_path / "file/below")


def test_known_workspaces_are_the_default_the_environments_and_the_initialised_ones(
    tmp_path, monkeypatch
):
    made = Workspace.open(tmp_path / "made")
    made.remember()
    made.remember()
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "environment"))

    known = [
        (workspace.root.name, workspace.origin, workspace.exists) for workspace in Workspace.known()
    ]

    assert [
        ("onnxport", "default", False),
        ("environment", "$ONNXPORT_WORKSPACE", False),
        ("made", "initialised", True),
    ] == known


def make_bundle(root: Path, digits: str, age_s: float) -> Path:
    path = root / "bundles" / (digits * 64)
    path.mkdir(parents=True)
    (path / "bundle.json").write_text("{}")
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_bundles_that_no_revision_names_are_removed_after_an_hour(tmp_path):
    workspace = Workspace.open(tmp_path / "workspace")
    named, old, young = (
        make_bundle(workspace.root, d, age) for d, age in (("a", 9e9), ("b", 4000), ("c", 3000))
    )
    records = workspace.endpoints._store.records
    records.create("iris")
    records.allocate_revision("iris", f"sha256:{named.name}", [], {}, {})

    tidied = workspace.gc()

    assert (1, [True, False, True]) == (
        tidied.bundles,
        [path.exists() for path in (named, old, young)],
    )


def test_two_registrations_of_the_same_bytes_share_them_until_the_last_is_deleted(tmp_path):
    workspace = Workspace.open(tmp_path / "workspace")
    (tmp_path / "m").write_bytes(b"the same")
    for name in ("a", "b"):
        workspace.models.register(tmp_path / "m", name, framework="test")

    assert (2, 8) == (workspace.show().versions, workspace.show().size)
    workspace.models.delete("a")
    assert 0 == workspace.gc().blobs
    workspace.models.delete("b")
    assert (1, 8) == (workspace.gc().blobs, 8)
