"""Exceptions that scoring code may catch."""


class AzureMLException(Exception):
    """Base of all; `message` is its text."""

    def __init__(self, exception_message: str = "") -> None:
        super().__init__(exception_message)
        self.message = exception_message


class UserErrorException(AzureMLException):
    """A mistake of the script."""


class ModelNotFoundException(AzureMLException):
    """No such model in this revision."""


class WebserviceException(AzureMLException):
    """A service failed."""
