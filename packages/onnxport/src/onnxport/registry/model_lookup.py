"""From a reference to the number of a version, with an error that says what there is instead."""

from difflib import get_close_matches

from sqlalchemy import Connection, func, select

from onnxport.domain.names import ModelReference
from onnxport.registry.errors import AliasNotFound, ModelNotFound, VersionNotFound
from onnxport.registry.schema import model_alias, model_version


def find_version(connection: Connection, reference: ModelReference) -> int:
    """The number that a reference means; without version and alias the newest one.

    Raises:
        ModelNotFound, VersionNotFound, AliasNotFound: it means nothing.
    """
    if reference.alias is not None:
        return _version_of_alias(connection, reference.name, reference.alias)
    if reference.version is not None:
        return _existing(connection, reference.name, reference.version)
    newest = select(func.max(model_version.c.version)).where(
        model_version.c.model == reference.name
    )
    version: int | None = connection.scalar(newest)
    if version is None:
        raise _model_not_found(connection, reference.name)
    return version


def require_model(connection: Connection, name: str) -> None:
    """Raise `ModelNotFound` unless the model has a version."""
    find_version(connection, ModelReference(name))


def _version_of_alias(connection: Connection, name: str, alias: str) -> int:
    column = model_alias.c
    statement = select(column.version).where(column.model == name, column.alias == alias)
    version: int | None = connection.scalar(statement)
    if version is None:
        require_model(connection, name)
        known = select(column.alias).where(column.model == name).order_by(column.alias)
        raise AliasNotFound(name, alias, connection.scalars(known).all())
    return version


def _existing(connection: Connection, name: str, version: int) -> int:
    column = model_version.c
    statement = select(column.version).where(column.model == name, column.version == version)
    if connection.scalar(statement) is None:
        require_model(connection, name)
        known = select(column.version).where(column.model == name)
        raise VersionNotFound(name, version, connection.scalars(known).all())
    return version


def _model_not_found(connection: Connection, name: str) -> ModelNotFound:
    names = connection.scalars(select(model_version.c.model).distinct()).all()
    return ModelNotFound(name, get_close_matches(name, names))
