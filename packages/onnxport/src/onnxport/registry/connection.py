"""Connections to the registry's database. The only file that knows one database from another."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from onnxport.registry.errors import DatabaseFailed

_SQLITE = "sqlite:///"
_BUSY_TIMEOUT_S = 60
_WRITES = "onnxport_writes"


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
    with database_errors(engine), engine.connect() as connection, connection.begin():
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
        raise DatabaseFailed(_shown(engine.url), str(error.orig)) from error


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
