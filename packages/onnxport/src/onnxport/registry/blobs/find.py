"""Finding blob stores: the files of this folder, and installed packages that offer `onnxport.stores` entry points."""

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from onnxport.errors import UserError
from onnxport.registry.blobs.interface import BlobStore

_GROUP = "onnxport.stores"
_NOT_STORES = {"__init__", "interface", "find"}


class StoreNotFound(UserError):
    """No store answers to a URL's scheme."""

    code = "store_not_found"

    def __init__(self, scheme: str, known: list[str]) -> None:
        super().__init__(
            f"no blob store answers to {scheme}:// URLs; there are {', '.join(known)}",
            f"Use one of these schemes, or install a package with an entry point in {_GROUP}.",
        )


def store_modules() -> Iterator[ModuleType]:
    """The modules of all stores, this folder's first."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in _NOT_STORES and not path.stem.startswith("_"):
            yield import_module(f"onnxport.registry.blobs.{path.stem}")
    for entry in entry_points(group=_GROUP):
        yield entry.load()


def open_store(url: str) -> BlobStore:
    """The store behind a URL; raises `StoreNotFound`."""
    scheme = urlsplit(url).scheme
    known: list[str] = []
    for module in store_modules():
        if scheme in module.SCHEMES:
            store: BlobStore = module.create(url)
            return store
        known += module.SCHEMES
    raise StoreNotFound(scheme, known)
