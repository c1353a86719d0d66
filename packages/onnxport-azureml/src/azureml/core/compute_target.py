"""The exception of compute targets, under the name of 2018."""

from azureml.core.compute.target import ComputeTarget
from azureml.exceptions import ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException"]
