"""Names around data, secrets and networks: none is there."""

from azureml._not_provided import Absent

_FILES = "Read files where they are: paths of this machine need no datastore."
_CLOUD = "Nothing of the cloud is here."


class Datastore(metaclass=Absent):
    """Not there."""

    instead = _FILES


class Dataset(metaclass=Absent):
    """Not there."""

    instead = _FILES


class Keyvault(metaclass=Absent):
    """Not there."""

    instead = "Use environment variables."


class LinkedService(metaclass=Absent):
    """Not there."""

    instead = _CLOUD


class PrivateEndPoint(metaclass=Absent):
    """Not there."""

    instead = _CLOUD


class PrivateEndPointConfig(metaclass=Absent):
    """Not there."""

    instead = _CLOUD
