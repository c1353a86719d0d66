"""Connections to the registry's database. The only file that knows one database from another."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from onnxport.registry.errors import DatabaseFailed, RegistryFull

_SQLITE = "sqlite:///"
_BUSY_TIMEOUT_S = 60
_WRITES = "onnxport_writes"
_CANNOT_WRITE = ("disk I/O error", "unable to open database file", "database or disk is full")
"""What SQLite says where a database in WAL mode is opened and the files that belong to it cannot be made."""
_NO_ROOM = ("disk I/O error", "database or disk is full")
_NEARLY_NOTHING_BYTES = 256 * 1024
"""With less free space SQLite cannot make its files: the shared memory of the WAL alone takes 32 KiB."""


def open_database(url: str) -> Engine:
    """An engine for a database; connects to nothing yet.

    Connections are not kept open in between: they would be inherited by forked processes, which SQLite forbids.
    """
    if not url.startswith(_SQLITE):
        return create_engine(make_url(url), poolclass=NullPool)
    # The path is taken as it is: it may hold characters that mean something in a URL.
    path = URL.create("sqlite", database=url.removeprefix(_SQLITE))
    engine = create_engine(path, poolclass=NullPool, connect_args={"timeout": _BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def prepare_database(engine: Engine) -> None:
    """Set what a database keeps from then on. To be called once, by one process at a time."""
    if engine.dialect.name == "sqlite":
        with database_errors(engine), engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL").close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one consistent state."""
    with database_errors(engine), ExitStack() as stack:
        try:
            connection = _begin_reading(engine, stack)
        except OperationalError as error:
            if engine.dialect.name != "sqlite" or str(error.orig) not in _CANNOT_WRITE:
                raise
            connection = _begin_reading_without_writing(engine, stack, error)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it or nothing. In SQLite it is alone from its first statement on."""
    with database_errors(engine), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Turn what a database driver raises into `DatabaseFailed`."""
    try:
        yield
    except DBAPIError as error:
        database, reason = _shown(engine.url), str(error.orig)
        if engine.dialect.name == "sqlite" and reason in _NO_ROOM and _is_disk_full(database):
            raise RegistryFull(database) from error
        raise DatabaseFailed(database, reason) from error


def _begin_reading(engine: Engine, stack: ExitStack) -> Connection:
    with ExitStack() as attempt:
        connection = attempt.enter_context(engine.connect())
        attempt.enter_context(connection.begin())
        if engine.dialect.name == "sqlite":
            # A transaction begins with its first statement: one here shows whether the file can be read.
            connection.exec_driver_sql("PRAGMA schema_version").close()
        stack.enter_context(attempt.pop_all())
        return connection


def _begin_reading_without_writing(
    engine: Engine, stack: ExitStack, failure: OperationalError
) -> Connection:
    """Read a database of a full or read-only disk, for which SQLite cannot make the files that it reads with.

    Where no log of changes (`-wal`) lies beside the file, all is in the file, and nobody can begin to change it on such a
    disk: it may be read as one that never changes. Else the log and its index have to be there already.
    """
    path = Path(engine.url.database or "")
    log = path.with_name(f"{path.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("" if has_log else "&immutable=1")
    try:
        return _begin_reading(_read_only_engine(uri), stack)
    except OperationalError:
        raise failure from None


def _read_only_engine(uri: str) -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _is_disk_full(database: str) -> bool:
    try:
        disk = os.statvfs(Path(database).parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _NEARLY_NOTHING_BYTES


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = (
        None  # transactions begin where SQLAlchemy says, not where the driver guesses
    )
    connection.execute("PRAGMA foreign_keys = ON").close()
    connection.execute("PRAGMA synchronous = FULL").close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail half-way; one that says so at once waits its turn.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: URL) -> str:
    return url.database or "" if url.drivername == "sqlite" else url.render_as_string()
