"""Bringing the tables of a database to the newest form. Alembic is imported only when there is something to do."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from onnxport.registry.connection import prepare_database, reading, writing
from onnxport.registry.errors import DatabaseFailed, RegistryTooNew
from onnxport.registry.locks import exclusive
from onnxport.registry.schema import NEWEST

_SCRIPTS = Path(__file__).parent / "migrations"


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
            stored: str | None = connection.scalar(
                select(text("version_num")).select_from(text("alembic_version"))
            )
            return stored
    except DatabaseFailed as error:
        if isinstance(error.__cause__, DBAPIError) and _has_no_tables(engine):
            return None
        raise


def _has_no_tables(engine: Engine) -> bool:
    with reading(engine) as connection:
        return not inspect(connection).get_table_names()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
