"""Many processes on one workspace at once, and processes that are killed."""

import subprocess
import sys

import fake.registering as program
import pytest
from onnxport import Workspace


def run(*arguments: object) -> list[str]:
    command = [sys.executable, "-P", program.__file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.split()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "workspace"


def blob_files(root):
    return {
        path.parent.name + path.name: path.stat().st_size for path in root.glob("blobs/sha256/*/*")
    }


def test_32_processes_at_once_get_32_numbers_without_a_gap(root):
    """The workspace does not even exist when they start."""
    numbers = run("race", root, 32)

    assert list(range(1, 33)) == sorted(map(int, numbers))
    assert list(range(1, 33)) == [
        version.version for version in Workspace.open(root).models.versions("iris")
    ]
    assert () == Workspace.open(root).gc(verify=True).damaged


def test_kill_9_leaves_no_half_version_and_nothing_that_stays(root):
    run("killed", root, 40, 20261123)
    workspace = Workspace.open(root)
    models = workspace.models
    versions = models.versions("iris")

    tidied = workspace.gc(verify=True)

    assert list(range(1, len(versions) + 1)) == [version.version for version in versions]
    assert versions
    assert () == tidied.damaged
    named = {file.sha256: file.size for v in versions for file in models.get(v.reference).files}
    assert named == blob_files(root)
    assert [] == list(root.glob("blobs/partial/*"))


def test_garbage_collection_takes_nothing_from_registrations_under_way(root):
    run("swept", root, 2)
    workspace = Workspace.open(root)

    tidied = workspace.gc(verify=True)

    assert ["a", "b", "c"] == workspace.models.names()
    assert () == tidied.damaged
    assert workspace.show().size == sum(blob_files(root).values())


def test_an_alias_that_many_move_at_once_belongs_to_one_version(root, tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    models = Workspace.open(root).models
    for _ in range(8):
        models.register(tmp_path / "model", "iris", framework="test")

    run("aliases", root, 8)

    owners = [version.version for version in models.versions("iris") if version.aliases]
    assert 1 == len(owners)
    assert owners == [models.get("models:/iris@champion").version]
    assert 1 == len(blob_files(root))
