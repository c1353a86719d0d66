"""The registry of one workspace: its database, brought up to date, and its blob store."""

from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from onnxport.registry.blobs.find import open_store
from onnxport.registry.blobs.interface import BlobStore
from onnxport.registry.connection import open_database
from onnxport.registry.endpoints import EndpointRecords
from onnxport.registry.images import ImageRecords
from onnxport.registry.location import Location
from onnxport.registry.migrate import bring_up_to_date
from onnxport.registry.models import ModelRecords


class Registry:
    """Opens what is asked for when it is first asked for.

    Raises:
        RegistryTooNew, DatabaseFailed: from `models`, `endpoints` and `images`, when the database cannot be used.
    """

    def __init__(self, location: Location) -> None:
        self._location = location

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self._location.root

    @cached_property
    def blobs(self) -> BlobStore:
        """The bytes of models."""
        return open_store(self._location.blob_url)

    @cached_property
    def models(self) -> ModelRecords:
        """The records of models."""
        return ModelRecords(self._engine)

    @cached_property
    def endpoints(self) -> EndpointRecords:
        """The records of endpoints."""
        return EndpointRecords(self._engine)

    @cached_property
    def images(self) -> ImageRecords:
        """The records of images."""
        return ImageRecords(self._engine)

    @cached_property
    def _engine(self) -> Engine:
        engine = open_database(self._location.database_url)
        bring_up_to_date(engine, self._location.root / "registry.lock")
        return engine
