"""Ways to log in: accepted, and without an effect, since nobody logs in to a folder."""

from typing import Any


class AbstractAuthentication:
    """Whatever was used to log in."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Nothing is kept: least of all a secret."""

    def get_authentication_header(self) -> dict[str, str]:
        """No header."""
        return {}


class InteractiveLoginAuthentication(AbstractAuthentication):
    """A person with a browser."""


class AzureCliAuthentication(AbstractAuthentication):
    """A person with the cloud's command line."""


class ServicePrincipalAuthentication(AbstractAuthentication):
    """A program with a secret."""


class MsiAuthentication(AbstractAuthentication):
    """A program on the cloud's machine."""


class TokenAuthentication(AbstractAuthentication):
    """A program with a token."""
