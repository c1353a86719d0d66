"""Records of endpoints and their revisions. What runs is another matter: see `docs/specs/endpoint.md`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from onnxport.domain.names import check_endpoint_name
from onnxport.registry.connection import reading, writing
from onnxport.registry.errors import (
    EndpointExists,
    EndpointNotFound,
    RevisionNotFound,
    VersionNotFound,
)
from onnxport.registry.moments import from_text, now_text
from onnxport.registry.schema import (
    endpoint,
    endpoint_revision,
    endpoint_revision_model,
    model_version,
)


class RevisionState(StrEnum):
    """How far a revision has come: `pending` until it answered its golden request, `retired` when it is no longer loaded."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    RETIRED = "retired"


_USING = (RevisionState.PENDING, RevisionState.READY)
"""States in which a revision may get traffic now or after a rollback."""


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """One endpoint: its name, when it was made, the number of its newest revision (0 before the first), its labels."""

    name: str
    created: datetime
    last_revision: int
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """One revision: bundle digest, state, model versions in the bundle's order, resources and settings as JSON objects."""

    endpoint: str
    number: int
    digest: str
    state: RevisionState
    created: datetime
    models: tuple[tuple[str, int], ...]
    resources: Mapping[str, Any]
    settings: Mapping[str, Any]


class EndpointRecords:
    """Endpoints of one workspace."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str) -> EndpointRecord:
        """Record a new endpoint without revisions; raises `EndpointExists` or `InvalidName`."""
        created = now_text()
        row = {"name": check_endpoint_name(name), "created": created, "last_revision": 0}
        with writing(self._engine) as connection:
            try:
                connection.execute(insert(endpoint).values(row))
            except IntegrityError:
                raise EndpointExists(name) from None
        return EndpointRecord(name, from_text(created), 0)

    def get(self, name: str) -> EndpointRecord:
        """The endpoint; raises `EndpointNotFound`."""
        with reading(self._engine) as connection:
            _require(connection, name)
            row = connection.execute(select(endpoint).where(endpoint.c.name == name)).one()
        return _endpoint(row)

    def list(self) -> list[EndpointRecord]:
        """All endpoints by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(endpoint).order_by(endpoint.c.name)).all()
        return [_endpoint(row) for row in rows]

    def set_labels(self, name: str, labels: Mapping[str, Any]) -> None:
        """Replace `description`, `tags` and `properties`, those that are there; raises `EndpointNotFound`."""
        with writing(self._engine) as connection:
            _require(connection, name)
            if labels:
                changed = update(endpoint).where(endpoint.c.name == name).values(**labels)
                connection.execute(changed)

    def delete(self, name: str) -> None:
        """Forget the endpoint and its revisions; raises `EndpointNotFound`."""
        with writing(self._engine) as connection:
            _require(connection, name)
            connection.execute(delete(endpoint).where(endpoint.c.name == name))

    def allocate_revision(
        self,
        name: str,
        digest: str,
        models: Sequence[tuple[str, int]],
        resources: Mapping[str, Any],
        settings: Mapping[str, Any],
    ) -> int:
        """Record the endpoint's next revision as `pending` and return its number: 1, 2, 3 ... without a gap.

        Raises:
            EndpointNotFound: there is no such endpoint.
            VersionNotFound: a model version is not registered, or not any more.
        """
        with writing(self._engine) as connection:
            number = _next_number(connection, name)
            connection.execute(
                insert(endpoint_revision).values(
                    endpoint=name,
                    number=number,
                    digest=digest,
                    state=RevisionState.PENDING.value,
                    created=now_text(),
                    resources=dict(resources),
                    settings=dict(settings),
                )
            )
            for position, (used, version) in enumerate(models):
                _require_version(connection, used, version)
                connection.execute(
                    insert(endpoint_revision_model).values(
                        endpoint=name, number=number, model=used, version=version, position=position
                    )
                )
        return number

    def set_revision_state(self, name: str, number: int, state: RevisionState | str) -> None:
        """Change the state of a revision; raises `RevisionNotFound`, or `ValueError` for an unknown state."""
        column = endpoint_revision.c
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(endpoint_revision)
                .where(column.endpoint == name, column.number == number)
                .values(state=RevisionState(state).value)
            )
            if changed.rowcount == 0:
                _require(connection, name)
                numbers = select(column.number).where(column.endpoint == name)
                raise RevisionNotFound(name, number, connection.scalars(numbers).all())

    def revisions(self, name: str) -> Sequence[RevisionRecord]:
        """All revisions of an endpoint, ascending; raises `EndpointNotFound`."""
        used, revision = endpoint_revision_model, endpoint_revision
        with reading(self._engine) as connection:
            _require(connection, name)
            models = connection.execute(
                select(used).where(used.c.endpoint == name).order_by(used.c.number, used.c.position)
            ).all()
            rows = connection.execute(
                select(revision).where(revision.c.endpoint == name).order_by(revision.c.number)
            ).mappings()
            by_number: dict[int, list[tuple[str, int]]] = {}
            for row in models:
                by_number.setdefault(row.number, []).append((row.model, row.version))
            return [_revision(row, by_number.get(row["number"], [])) for row in rows]

    def users_of(self, model: str, version: int) -> Sequence[str]:
        """Names of the endpoints with a pending or ready revision of this model version, sorted."""
        with reading(self._engine) as connection:
            return users_of(connection, model, version)

    def digests(self) -> frozenset[str]:
        """The digests of all bundles that some revision names."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(endpoint_revision.c.digest).distinct()))


def users_of(connection: Connection, model: str, version: int) -> Sequence[str]:
    """The same as `EndpointRecords.users_of`, inside a transaction."""
    used, revision = endpoint_revision_model.c, endpoint_revision.c
    statement = (
        select(used.endpoint)
        .join(
            endpoint_revision,
            (revision.endpoint == used.endpoint) & (revision.number == used.number),
        )
        .where(used.model == model, used.version == version)
        .where(revision.state.in_([state.value for state in _USING]))
        .distinct()
        .order_by(used.endpoint)
    )
    return connection.scalars(statement).all()


def _require(connection: Connection, name: str) -> None:
    names = connection.scalars(select(endpoint.c.name)).all()
    if name not in names:
        raise EndpointNotFound(name, get_close_matches(name, names))


def _next_number(connection: Connection, name: str) -> int:
    # The update locks the row: of two processes, the second sees the first one's number.
    connection.execute(
        update(endpoint)
        .where(endpoint.c.name == name)
        .values(last_revision=endpoint.c.last_revision + 1)
    )
    number: int | None = connection.scalar(
        select(endpoint.c.last_revision).where(endpoint.c.name == name)
    )
    if number is None:
        _require(connection, name)
        raise EndpointNotFound(name, [])
    return number


def _require_version(connection: Connection, name: str, version: int) -> None:
    column = model_version.c
    statement = select(column.version).where(column.model == name).with_for_update(read=True)
    versions = connection.scalars(statement).all()
    if version not in versions:
        raise VersionNotFound(name, version, versions)


def _endpoint(row: Any) -> EndpointRecord:
    return EndpointRecord(
        row.name,
        from_text(row.created),
        row.last_revision,
        row.description,
        row.tags,
        row.properties,
    )


def _revision(row: RowMapping, models: Sequence[tuple[str, int]]) -> RevisionRecord:
    return RevisionRecord(
        row["endpoint"],
        row["number"],
        row["digest"],
        RevisionState(row["state"]),
        from_text(row["created"]),
        tuple(models),
        row["resources"],
        row["settings"],
    )
