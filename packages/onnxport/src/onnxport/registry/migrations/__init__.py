"""Changes of the tables over time, run by Alembic."""
