"""The tables of the registry. A change here needs a new file in `migrations/versions` and a new `NEWEST`.

Moments are text, RFC 3339 in UTC with microseconds: the same in every database, and sorted as they are.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

NEWEST = "0003"
"""The revision of the tables below: the name of the newest migration."""

metadata = MetaData()

model = Table(
    "model",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("created", String(32), nullable=False),
    # Counts up only: the number of a deleted version is never given again.
    Column("last_version", Integer, nullable=False),
)

model_version = Table(
    "model_version",
    metadata,
    Column("model", String(255), ForeignKey("model.name"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(71), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("framework", String(64), nullable=False),
    Column("framework_version", String(64)),
    Column("main_file", Text),
    Column("created", String(32), nullable=False),
    Column("description", Text, nullable=False),
    Column("signature", JSON(none_as_null=True)),
    Column("source", Text),
    Column("conversion", JSON(none_as_null=True)),
    Column("proof", JSON(none_as_null=True)),
    Column("run", Text),
)


def _of_version(*columns: Column[str] | Column[int], name: str) -> Table:
    """A table of things that belong to one version and go with it."""
    return Table(
        name,
        metadata,
        Column("model", String(255), primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        *columns,
        ForeignKeyConstraint(
            ["model", "version"],
            ["model_version.model", "model_version.version"],
            name=f"{name}_of_version",
            ondelete="CASCADE",
        ),
    )


model_file = _of_version(
    Column("path", String(1024), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    name="model_file",
)
Index("model_file_by_sha256", model_file.c.sha256)

# What a converted version was converted from: kept, and no part of what is served.
model_source_file = _of_version(
    Column("path", String(1024), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    name="model_source_file",
)
Index("model_source_file_by_sha256", model_source_file.c.sha256)

model_tag = _of_version(
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    name="model_tag",
)

model_property = _of_version(
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    name="model_property",
)

model_alias = Table(
    "model_alias",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("alias", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(
        ["model", "version"],
        ["model_version.model", "model_version.version"],
        name="model_alias_of_version",
        ondelete="CASCADE",
    ),
)

endpoint = Table(
    "endpoint",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("created", String(32), nullable=False),
    Column("last_revision", Integer, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("tags", JSON, nullable=False, server_default="{}"),
    Column("properties", JSON, nullable=False, server_default="{}"),
)

endpoint_revision = Table(
    "endpoint_revision",
    metadata,
    Column(
        "endpoint", String(63), ForeignKey("endpoint.name", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(71), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", String(32), nullable=False),
    Column("resources", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
)

endpoint_revision_model = Table(
    "endpoint_revision_model",
    metadata,
    Column("endpoint", String(63), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("model", String(255), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    ForeignKeyConstraint(
        ["endpoint", "number"],
        ["endpoint_revision.endpoint", "endpoint_revision.number"],
        name="endpoint_revision_model_of_revision",
        ondelete="CASCADE",
    ),
)
Index(
    "endpoint_revision_by_model",
    endpoint_revision_model.c.model,
    endpoint_revision_model.c.version,
)

image = Table(
    "image",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("created", String(32), nullable=False),
    # Counts up only, as that of a model.
    Column("last_version", Integer, nullable=False),
)

image_version = Table(
    "image_version",
    metadata,
    Column("image", String(63), ForeignKey("image.name"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("log", Text, nullable=False),
    Column("digest", String(71)),
    Column("models", JSON, nullable=False),
    Column("created", String(32), nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("properties", JSON, nullable=False),
)
