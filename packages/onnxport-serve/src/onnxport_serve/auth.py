"""Keys: which bearer keys an endpoint accepts. Only their SHA-256 is known here."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest

from onnxport_serve.documents import Keys
from onnxport_serve.errors import Unauthorized

_CHALLENGE = ((b"www-authenticate", b'Bearer realm="onnxport"'),)


class Keyring:
    """The accepted keys of one generation."""

    __slots__ = ("_accepted", "required")

    def __init__(self, keys: Keys) -> None:
        self.required = keys.required
        self._accepted = tuple(bytes.fromhex(key.sha256) for key in keys.accepted)

    def check(self, authorization: bytes | None) -> None:
        """Accept the value of an `Authorization` header or raise `Unauthorized`.

        Every accepted key is compared, each in constant time, so that the time taken says nothing.
        """
        if authorization is None:
            raise Unauthorized("a key is needed: send 'Authorization: Bearer KEY'", _CHALLENGE)
        if authorization[:7].lower() != b"bearer ":
            raise Unauthorized(
                "the Authorization header must be 'Bearer KEY', another scheme was sent", _CHALLENGE
            )
        digest = sha256(authorization[7:].strip()).digest()
        matches = 0
        for accepted in self._accepted:
            matches |= compare_digest(digest, accepted)
        if not matches:
            raise Unauthorized("the key is not one that this endpoint accepts", _CHALLENGE)
