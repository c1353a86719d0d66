"""Images with versions; endpoints get a description, tags and properties."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables and add the columns."""
    op.create_table(
        "image",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
    )
    op.create_table(
        "image_version",
        sa.Column("image", sa.String(63), sa.ForeignKey("image.name"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("digest", sa.String(71)),
        sa.Column("models", sa.JSON, nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("properties", sa.JSON, nullable=False),
    )
    for name, kind, default in (
        ("description", sa.Text(), ""),
        ("tags", sa.JSON(), "{}"),
        ("properties", sa.JSON(), "{}"),
    ):
        column = sa.Column(name, kind, nullable=False, server_default=default)
        op.add_column("endpoint", column)
