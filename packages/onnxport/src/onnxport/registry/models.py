"""Records of models: names, numbered versions, tags and aliases. Every change is one transaction."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    union,
    update,
)
from sqlalchemy.exc import IntegrityError

from onnxport.domain.model import ModelFile, ModelVersion
from onnxport.domain.names import ModelReference
from onnxport.registry.blobs.interface import Blob
from onnxport.registry.connection import reading, writing
from onnxport.registry.endpoints import users_of
from onnxport.registry.errors import PropertyFixed, VersionInUse
from onnxport.registry.model_lookup import find_version, require_model
from onnxport.registry.model_rows import (
    ModelSummary,
    NewVersion,
    VersionSummary,
    row_of,
    version_of,
)
from onnxport.registry.moments import from_text
from onnxport.registry.numbering import next_number
from onnxport.registry.schema import (
    model,
    model_alias,
    model_file,
    model_property,
    model_source_file,
    model_tag,
    model_version,
)


class ModelRecords:
    """Models of one workspace. Bytes are elsewhere: a version here names files by their SHA-256."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, new: NewVersion) -> ModelVersion:
        """Record a version under the model's next number: 1, 2, 3 ... without a gap, each given once.

        Its aliases move here from the version that had them.
        """
        created = datetime.now(UTC)
        with writing(self._engine) as connection:
            version = new.numbered(next_number(connection, model, new.name, created), created)
            connection.execute(insert(model_version).values(row_of(version)))
            _insert_all(connection, model_file, version, _file_rows(version.files))
            sources = _file_rows(version.lineage.source_files)
            _insert_all(connection, model_source_file, version, sources)
            _insert_all(connection, model_tag, version, _pair_rows(version.tags))
            _insert_all(connection, model_property, version, _pair_rows(version.properties))
            for alias in version.aliases:
                _move_alias(connection, version.name, alias, version.version)
        return version

    def names(self) -> list[str]:
        """The names of models that have a version, sorted."""
        statement = select(model_version.c.model).distinct().order_by(model_version.c.model)
        with reading(self._engine) as connection:
            return list(connection.scalars(statement))

    def numbers(self) -> frozenset[tuple[str, int]]:
        """Name and number of every version."""
        statement = select(model_version.c.model, model_version.c.version)
        with reading(self._engine) as connection:
            return frozenset((name, version) for name, version in connection.execute(statement))

    def get(self, reference: ModelReference) -> ModelVersion:
        """One version; raises `ModelNotFound`, `VersionNotFound` or `AliasNotFound`."""
        with reading(self._engine) as connection:
            return _read(connection, reference.name, find_version(connection, reference))

    def models(self) -> list[ModelSummary]:
        """All models that have a version, by name."""
        column = model_version.c
        counts = (
            select(
                column.model,
                func.count().label("versions"),
                func.max(column.version).label("newest"),
            )
            .group_by(column.model)
            .subquery()
        )
        statement = (
            select(counts, column.framework, column.created)
            .join(
                model_version,
                and_(column.model == counts.c.model, column.version == counts.c.newest),
            )
            .order_by(column.model)
        )
        with reading(self._engine) as connection:
            aliases: dict[str, dict[str, int]] = {}
            for row in connection.execute(select(model_alias).order_by(model_alias.c.alias)):
                aliases.setdefault(row.model, {})[row.alias] = row.version
            return [
                ModelSummary(
                    name, count, newest, framework, from_text(created), aliases.get(name, {})
                )
                for name, count, newest, framework, created in connection.execute(statement)
            ]

    def versions(self, name: str) -> list[VersionSummary]:
        """All versions of a model, ascending, without signatures and files; raises `ModelNotFound`."""
        column = model_version.c
        statement = (
            select(
                column.version,
                column.digest,
                column.size,
                column.framework,
                column.framework_version,
                column.created,
                column.description,
            )
            .where(column.model == name)
            .order_by(column.version)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
            if not rows:
                require_model(connection, name)
            tags = _tags_by_version(connection, name)
            aliases = _aliases_by_version(connection, name)
        return [
            VersionSummary(
                name,
                version,
                digest,
                size,
                framework,
                framework_version,
                from_text(created),
                description,
                tags.get(version, {}),
                tuple(aliases.get(version, ())),
            )
            for version, digest, size, framework, framework_version, created, description in rows
        ]

    def set_tags(
        self, reference: ModelReference, tags: Mapping[str, str], removed: Iterable[str] = ()
    ) -> ModelVersion:
        """Set some tags and remove others; the rest stays."""
        column = model_tag.c
        with writing(self._engine) as connection:
            name, version = reference.name, find_version(connection, reference)
            gone = delete(model_tag).where(column.model == name, column.version == version)
            connection.execute(gone.where(column.key.in_([*removed, *tags])))
            changed = _read(connection, name, version)
            _insert_all(connection, model_tag, changed, _pair_rows(tags))
            return _read(connection, name, version)

    def set_labels(self, reference: ModelReference, labels: Mapping[str, Any]) -> ModelVersion:
        """Replace `description` and `tags`, and add `properties`: those that are there.

        Raises:
            PropertyFixed: a property has another value already.
        """
        column = model_version.c
        with writing(self._engine) as connection:
            before = _read(connection, reference.name, find_version(connection, reference))
            if "description" in labels:
                this = and_(column.model == before.name, column.version == before.version)
                changed = update(model_version).where(this)
                connection.execute(changed.values(description=labels["description"]))
            if "tags" in labels:
                of_this = (model_tag.c.model == before.name) & (
                    model_tag.c.version == before.version
                )
                connection.execute(delete(model_tag).where(of_this))
                _insert_all(connection, model_tag, before, _pair_rows(labels["tags"]))
            added = dict(labels.get("properties", {}))
            for key in added.keys() & before.properties.keys():
                if added.pop(key) != before.properties[key]:
                    raise PropertyFixed(before.reference, key)
            _insert_all(connection, model_property, before, _pair_rows(added))
            return _read(connection, before.name, before.version)

    def set_description(self, reference: ModelReference, description: str) -> ModelVersion:
        """Replace the description of a version."""
        column = model_version.c
        with writing(self._engine) as connection:
            name, version = reference.name, find_version(connection, reference)
            connection.execute(
                update(model_version)
                .where(column.model == name, column.version == version)
                .values(description=description)
            )
            return _read(connection, name, version)

    def set_alias(self, reference: ModelReference, alias: str) -> ModelVersion:
        """Let an alias mean this version, whatever it meant before."""
        with writing(self._engine) as connection:
            name, version = reference.name, find_version(connection, reference)
            _move_alias(connection, name, alias, version)
            return _read(connection, name, version)

    def remove_alias(self, name: str, alias: str) -> None:
        """Forget an alias; raises `ModelNotFound` or `AliasNotFound`."""
        with writing(self._engine) as connection:
            find_version(connection, ModelReference(name, alias=alias))
            connection.execute(
                delete(model_alias).where(model_alias.c.model == name, model_alias.c.alias == alias)
            )

    def delete(self, reference: ModelReference) -> ModelReference:
        """Forget one version, with its tags and aliases; its number is not given again. Bytes stay until they are swept.

        Raises:
            ModelNotFound, VersionNotFound, AliasNotFound: there is no such version.
            VersionInUse: an endpoint has a pending or ready revision with it.
        """
        with writing(self._engine) as connection:
            version = find_version(connection, reference)
            return _delete(connection, reference.name, version)

    def delete_all(self, name: str) -> list[ModelReference]:
        """Forget all versions of a model, or none when one of them is in use."""
        with writing(self._engine) as connection:
            require_model(connection, name)
            column = model_version.c
            numbers = select(column.version).where(column.model == name).order_by(column.version)
            versions = connection.scalars(numbers).all()
            return [_delete(connection, name, version) for version in versions]

    def blobs(self) -> list[Blob]:
        """The blobs that versions name, each once: what they serve and what they were converted from."""
        served, sources = model_file.c, model_source_file.c
        statement = union(
            select(served.sha256, served.size), select(sources.sha256, sources.size)
        ).order_by("sha256")
        with reading(self._engine) as connection:
            return [Blob(sha256, size) for sha256, size in connection.execute(statement)]


def _insert_all(
    connection: Connection, table: Table, version: ModelVersion, rows: list[dict[str, object]]
) -> None:
    if rows:
        owner = {"model": version.name, "version": version.version}
        connection.execute(insert(table), [{**owner, **row} for row in rows])


def _file_rows(files: Iterable[ModelFile]) -> list[dict[str, object]]:
    return [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in files]


def _pair_rows(pairs: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]


def _move_alias(connection: Connection, name: str, alias: str, version: int) -> None:
    column = model_alias.c
    moved = (
        update(model_alias)
        .where(column.model == name, column.alias == alias)
        .values(version=version)
    )
    if connection.execute(moved).rowcount == 0:
        try:
            with connection.begin_nested():
                row = {"model": name, "alias": alias, "version": version}
                connection.execute(insert(model_alias).values(row))
        except IntegrityError:  # another process set it just now
            connection.execute(moved)


def _delete(connection: Connection, name: str, version: int) -> ModelReference:
    reference = ModelReference(name, version)
    column = model_version.c
    this = and_(column.model == name, column.version == version)
    # Locked before the look: a deployment that comes later waits, and finds the version gone.
    connection.execute(select(column.version).where(this).with_for_update())
    endpoints = users_of(connection, name, version)
    if endpoints:
        raise VersionInUse(reference, endpoints)
    connection.execute(delete(model_version).where(this))
    return reference


def _read(connection: Connection, name: str, version: int) -> ModelVersion:
    def rows_of(table: Table, *order: str) -> list[Mapping[str, object]]:
        statement = select(table).where(table.c.model == name, table.c.version == version)
        ordered = statement.order_by(*(table.c[column] for column in order))
        return [dict(row) for row in connection.execute(ordered).mappings()]

    [row] = rows_of(model_version)
    return version_of(
        row,
        _files(rows_of(model_file, "path")),
        _files(rows_of(model_source_file, "path")),
        {str(tag["key"]): str(tag["value"]) for tag in rows_of(model_tag, "key")},
        {str(entry["key"]): str(entry["value"]) for entry in rows_of(model_property, "key")},
        [str(alias["alias"]) for alias in rows_of(model_alias, "alias")],
    )


def _files(rows: Iterable[Mapping[str, object]]) -> list[ModelFile]:
    return [ModelFile(str(row["path"]), int(str(row["size"])), str(row["sha256"])) for row in rows]


def _tags_by_version(connection: Connection, name: str) -> dict[int, dict[str, str]]:
    column = model_tag.c
    statement = select(column.version, column.key, column.value).where(column.model == name)
    tags: dict[int, dict[str, str]] = {}
    ordered = statement.order_by(column.version, column.key)
    for version, key, value in connection.execute(ordered).all():
        tags.setdefault(version, {})[key] = value
    return tags


def _aliases_by_version(connection: Connection, name: str) -> dict[int, list[str]]:
    column = model_alias.c
    statement = select(column.version, column.alias).where(column.model == name)
    aliases: dict[int, list[str]] = {}
    for version, alias in connection.execute(statement.order_by(column.alias)).all():
        aliases.setdefault(version, []).append(alias)
    return aliases
