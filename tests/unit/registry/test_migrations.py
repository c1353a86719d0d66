"""The database: made, migrated, refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fake.registry import new_version
from onnxport.registry import migrate
from onnxport.registry.connection import open_database, reading
from onnxport.registry.errors import DatabaseFailed, RegistryTooNew
from onnxport.registry.location import Location
from onnxport.registry.registry import Registry
from onnxport.registry.schema import NEWEST, metadata


def open_registry(root: Path) -> Registry:
    """A registry that makes its own tables."""
    root.mkdir(exist_ok=True)
    return Registry(Location.in_folder(root))


def test_migrations_lead_to_the_tables_that_the_code_uses(tmp_path):
    open_registry(tmp_path).models.names()
    engine = open_database(Location.in_folder(tmp_path).database_url)

    with reading(engine) as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert [] == differences


def test_the_newest_migration_is_the_one_that_the_code_expects():
    files = Path(migrate.__file__).parent.glob("migrations/versions/[0-9]*.py")

    assert NEWEST == max(path.name[:4] for path in files)


def test_the_database_keeps_its_promises_on_sqlite(tmp_path):
    """Readers do not wait for writers, and a reference that leads nowhere is refused."""
    open_registry(tmp_path).models.names()
    engine = open_database(Location.in_folder(tmp_path).database_url)

    with reading(engine) as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        ]

    assert ["wal", 1, 2] == values


def test_a_registry_of_a_newer_onnxport_is_refused_and_left_alone(tmp_path):
    open_registry(tmp_path).models.add(new_version())
    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(
        RegistryTooNew, match=r"has format 9999; this onnxport knows formats up to 0"
    ):
        open_registry(tmp_path).models.names()

    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection:
        assert [("9999",)] == connection.execute("SELECT * FROM alembic_version").fetchall()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    (tmp_path / "registry.db").write_bytes(b"not a database, but long enough to look like one" * 50)

    with pytest.raises(
        DatabaseFailed, match=r"registry\.db cannot be used: file is not a database"
    ):
        open_registry(tmp_path).models.names()


def test_a_database_with_other_tables_is_not_touched(tmp_path):
    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection, connection:
        connection.execute("CREATE TABLE diary (day TEXT)")

    with pytest.raises(DatabaseFailed, match="alembic_version"):
        open_registry(tmp_path).models.names()

    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert [("diary",)] == tables


@pytest.mark.parametrize("name", ["plain", "with space", "ü?#%20&a=b"])
def test_a_workspace_may_have_any_name(tmp_path, name):
    open_registry(tmp_path / name).models.add(new_version())

    assert (tmp_path / name / "registry.db").is_file()
    assert ["iris"] == open_registry(tmp_path / name).models.names()


def test_tables_that_another_process_makes_meanwhile_are_taken_as_they_are(tmp_path, monkeypatch):
    """The first look finds no tables; before the second look another process has made them."""
    looks = []

    def reading_while_another_makes_tables(engine):
        looks.append(engine)
        if len(looks) == 2:
            monkeypatch.undo()
            open_registry(tmp_path).models.add(new_version())
        return reading(engine)

    monkeypatch.setattr(migrate, "reading", reading_while_another_makes_tables)

    assert 1 == len(open_registry(tmp_path).models.names())
    assert len(looks) == 2
