"""Bringing the tables of a database to the newest form. Alembic is imported only when there is something to do."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from onnxport.registry.connection import prepare_database, reading, writing
from onnxport.registry.errors import DatabaseFailed, RegistryTooNew
from onnxport.registry.locks import exclusive
from onnxport.registry.schema import NEWEST

_SCRIPTS = Path(__file__).parent / "migrations"
_REVISIONS = "alembic_version"


def bring_up_to_date(engine: Engine, lock: Path) -> None:
    """Create or migrate the tables; one process does it, the others wait at `lock`.

    Raises:
        RegistryTooNew: a newer onnxport has changed the tables.
        DatabaseFailed: the database cannot be read or written.
    """
    if _is_current(engine):
        return
    with exclusive(lock):
        if _is_current(engine):
            return
        prepare_database(engine)
        with writing(engine) as connection:
            _upgrade(connection)


def _is_current(engine: Engine) -> bool:
    stored = _stored_revision(engine)
    if stored is not None and stored > NEWEST:  # names of revisions are numbers of four digits
        raise RegistryTooNew(engine.url.render_as_string(), stored, NEWEST)
    return stored == NEWEST


def _stored_revision(engine: Engine) -> str | None:
    try:
        with reading(engine) as connection:
            return _read_revision(connection)
    except DatabaseFailed as error:
        if not isinstance(error.__cause__, DBAPIError):
            raise
        # Another process may make the tables at this moment: looked at in one state, they are all there or none is.
        with reading(engine) as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                return None
            if _REVISIONS in tables:
                return _read_revision(connection)
        raise


def _read_revision(connection: Connection) -> str | None:
    stored: str | None = connection.scalar(
        select(text("version_num")).select_from(text(_REVISIONS))
    )
    return stored


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
