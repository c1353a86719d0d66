"""A registry on a disk that takes nothing more can be read; changes say that there is no room."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from onnxport.registry.connection import open_database
from onnxport.registry.endpoints import EndpointRecords
from onnxport.registry.errors import DatabaseFailed, RegistryFull
from onnxport.registry.location import Location
from onnxport.registry.registry import Registry
from sqlalchemy import event


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 1 MiB."""
    folder = tmp_path / "small ü? #disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a file system")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_registry_on_a_full_disk_can_be_read_and_says_why_it_cannot_be_changed(small_disk):
    Registry(Location.in_folder(small_disk)).endpoints.create("iris")
    fill(small_disk)

    endpoints = Registry(Location.in_folder(small_disk)).endpoints
    assert ["iris"] == [record.name for record in endpoints.list()]
    with pytest.raises(RegistryFull, match="there is no room left in"):
        endpoints.create("other")
    (small_disk / "filler").unlink()
    assert "other" == endpoints.create("other").name


def test_a_registry_on_a_read_only_disk_can_be_read(small_disk):
    Registry(Location.in_folder(small_disk)).endpoints.create("iris")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    endpoints = Registry(Location.in_folder(small_disk)).endpoints
    assert ["iris"] == [record.name for record in endpoints.list()]
    with pytest.raises(DatabaseFailed):
        endpoints.create("other")


@pytest.fixture
def database(tmp_path):
    """A registry's database with one endpoint, and a name that means something in a URI."""
    folder = tmp_path / "my ü?#%41"
    folder.mkdir()
    location = Location.in_folder(folder)
    Registry(location).endpoints.create("iris")
    return open_database(location.database_url)


def fail_to_open(database, reason: str) -> None:
    @event.listens_for(database, "do_connect")
    def fail(*_):
        raise sqlite3.OperationalError(reason)


@pytest.mark.parametrize(
    "reason", ["disk I/O error", "unable to open database file", "database or disk is full"]
)
def test_reading_goes_on_where_opening_for_writing_fails(database, reason):
    fail_to_open(database, reason)

    assert ["iris"] == [record.name for record in EndpointRecords(database).list()]


def test_another_failure_of_opening_is_told(database):
    fail_to_open(database, "file is not a database")

    with pytest.raises(DatabaseFailed, match="not a database"):
        EndpointRecords(database).list()


@pytest.mark.parametrize(("free", "kind"), [(0, RegistryFull), (1 << 30, DatabaseFailed)])
def test_a_failure_is_put_down_to_a_full_disk_only_where_it_is_full(
    database, monkeypatch, free, kind
):
    fail_to_open(database, "disk I/O error")
    disk = SimpleNamespace(f_bavail=free, f_frsize=1)
    monkeypatch.setattr("onnxport.registry.connection.os.statvfs", lambda _: disk)

    with pytest.raises(DatabaseFailed) as caught:
        EndpointRecords(database).create("other")
    assert kind is type(caught.value)


def test_changes_in_the_log_are_not_passed_over(database):
    with open_writer(database) as writer:
        writer.execute(
            "insert into endpoint (name, created, last_revision) values ('late', '2026-01-01T00:00:00+00:00', 0)"
        )
        fail_to_open(database, "disk I/O error")

        assert ["iris", "late"] == [record.name for record in EndpointRecords(database).list()]


def open_writer(database):
    """A connection of another program, that keeps its changes in the log."""
    return closing(sqlite3.connect(database.url.database, isolation_level=None))
