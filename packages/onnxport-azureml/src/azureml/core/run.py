"""`Run`: not there yet."""

from azureml._not_provided import Absent
from azureml.core.runconfig import NOT_YET


class Run(metaclass=Absent):
    """Not there yet: touching it raises `NotProvidedException`."""

    instead = NOT_YET


def get_run(*_: object, **__: object) -> None:
    """Not there yet."""
    Run.get("")
