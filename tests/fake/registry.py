"""Registries in a folder, with versions that need no files."""

import hashlib
import tempfile
from functools import cache
from pathlib import Path

from onnxport.domain.model import ModelFile
from onnxport.registry.location import Location
from onnxport.registry.model_rows import NewVersion
from onnxport.registry.registry import Registry


def open_registry(root: Path) -> Registry:
    """The registry in a folder; a new one starts from a copy of one that was migrated once, which saves most of a test's time."""
    root.mkdir(parents=True, exist_ok=True)
    database = root / "registry.db"
    if not database.exists():
        database.write_bytes(_empty_database())
    return Registry(Location.in_folder(root))


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        assert [] == Registry(Location.in_folder(Path(folder))).models.names()
        return (Path(folder) / "registry.db").read_bytes()


def new_version(name: str = "iris", content: bytes = b"weights", **more: object) -> NewVersion:
    """A version of one file that nobody reads."""
    file = ModelFile("model.bin", len(content), hashlib.sha256(content).hexdigest())
    fields = {"framework": "test", "framework_version": None, "main_file": None, "signature": None}
    return NewVersion(name=name, files=(file,), **{**fields, **more})
