"""`RunDetails` under its name of 2018."""

from azureml.widgets import RunDetails

__all__ = ["RunDetails"]
