"""`Dataset`: not there."""

from azureml.core.data import Dataset

__all__ = ["Dataset"]
