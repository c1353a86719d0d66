"""`Datastore`: not there."""

from azureml.core.data import Datastore

__all__ = ["Datastore"]
