"""What the workspace knows: models, versions and endpoints in a database, their bytes in a blob store."""
