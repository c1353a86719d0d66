"""`Keyvault`: not there."""

from azureml.core.data import Keyvault

__all__ = ["Keyvault"]
