"""Run by Alembic: migrates over the connection that `onnxport.registry.migrate` opened, in its transaction."""

from alembic import context

from onnxport.registry.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
