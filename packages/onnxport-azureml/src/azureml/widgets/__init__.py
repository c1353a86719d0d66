"""`RunDetails`: not there before runs are."""

from azureml._not_provided import Absent
from azureml.core.runconfig import NOT_YET


class RunDetails(metaclass=Absent):
    """Not there yet: touching it raises `NotProvidedException`."""

    instead = NOT_YET
