"""Where a workspace keeps its records and its bytes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Location:
    """A workspace's folder, the URL of its database and the URL of its blob store."""

    root: Path
    database_url: str
    blob_url: str

    @classmethod
    def in_folder(cls, root: Path) -> Self:
        """Everything inside one folder: SQLite in `registry.db`, blobs in `blobs/`."""
        root = root.absolute()
        return cls(root, f"sqlite:///{root / 'registry.db'}", (root / "blobs").as_uri())
