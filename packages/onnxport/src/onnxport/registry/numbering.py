"""The next number of something that has numbered versions: 1, 2, 3 ... without a gap, each given once."""

from datetime import datetime

from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from onnxport.registry.moments import to_text


def next_number(connection: Connection, owners: Table, name: str, created: datetime) -> int:
    """Give the next number under a name, of which there may be none yet.

    Args:
        connection: in a transaction that also records what gets the number.
        owners: the table of names, with `name`, `created` and `last_version`.
        name: what has versions.
        created: the moment of the name's first version, should this be it.
    """
    column = owners.c
    raised = update(owners).where(column.name == name).values(last_version=column.last_version + 1)
    # The update locks the row: of two processes, the second sees the first one's number.
    if connection.execute(raised).rowcount == 0:
        try:
            with connection.begin_nested():
                row = {"name": name, "created": to_text(created), "last_version": 1}
                connection.execute(insert(owners).values(row))
        except IntegrityError:  # another process made it just now
            connection.execute(raised)
    number = connection.execute(select(column.last_version).where(column.name == name))
    return int(number.scalar_one())
