"""The keys of an endpoint: made at random, kept in the workspace, known to the endpoint by their SHA-256 only."""

import hashlib
import secrets
from collections.abc import Mapping

from onnxport.domain.endpoint import AcceptedKey

KEY_NAMES = ("primary", "secondary")
_BYTES = 32


def new_key() -> str:
    """A key: 32 random bytes as URL-safe text."""
    return secrets.token_urlsafe(_BYTES)


def new_keys() -> dict[str, str]:
    """A primary and a secondary key."""
    return {name: new_key() for name in KEY_NAMES}


def accepted_keys(keys: Mapping[str, str]) -> tuple[AcceptedKey, ...]:
    """What the endpoint is told of the keys."""
    return tuple(
        AcceptedKey(name, hashlib.sha256(key.encode()).hexdigest()) for name, key in keys.items()
    )
