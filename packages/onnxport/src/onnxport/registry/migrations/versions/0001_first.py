"""The first tables: models with versions, endpoints with revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    _create_models()
    for name in ("model_tag", "model_property"):
        _create_pairs_of_versions(name)
    _create_files()
    _create_aliases()
    _create_endpoints()


def _create_models() -> None:
    op.create_table(
        "model",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
    )
    op.create_table(
        "model_version",
        sa.Column("model", sa.String(255), sa.ForeignKey("model.name"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("framework", sa.String(64), nullable=False),
        sa.Column("framework_version", sa.String(64)),
        sa.Column("main_file", sa.Text),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("signature", sa.JSON),
        sa.Column("source", sa.Text),
        sa.Column("conversion", sa.JSON),
        sa.Column("proof", sa.JSON),
        sa.Column("run", sa.Text),
    )


def _create_pairs_of_versions(name: str) -> None:
    op.create_table(
        name,
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        _of_version(name),
    )


def _create_files() -> None:
    op.create_table(
        "model_file",
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("path", sa.String(1024), primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _of_version("model_file"),
    )
    op.create_index("model_file_by_sha256", "model_file", ["sha256"])


def _create_aliases() -> None:
    op.create_table(
        "model_alias",
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("alias", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        _of_version("model_alias"),
    )


def _create_endpoints() -> None:
    op.create_table(
        "endpoint",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("last_revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "endpoint_revision",
        sa.Column(
            "endpoint",
            sa.String(63),
            sa.ForeignKey("endpoint.name", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("resources", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
    )
    op.create_table(
        "endpoint_revision_model",
        sa.Column("endpoint", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint", "number"],
            ["endpoint_revision.endpoint", "endpoint_revision.number"],
            name="endpoint_revision_model_of_revision",
            ondelete="CASCADE",
        ),
    )
    op.create_index("endpoint_revision_by_model", "endpoint_revision_model", ["model", "version"])


def _of_version(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["model", "version"],
        ["model_version.model", "model_version.version"],
        name=f"{table}_of_version",
        ondelete="CASCADE",
    )
