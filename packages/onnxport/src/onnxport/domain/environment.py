"""A locked environment, as a bundle states it. JSON form: `docs/specs/bundle.md`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class EnvironmentLock:
    """Python version, the lock (path and SHA-256), the platforms it states, the specification it came from, variables."""

    python: str
    lock: str
    lock_sha256: str
    platforms: tuple[str, ...]
    specification: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {**asdict(self), "platforms": list(self.platforms)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `TypeError` or `KeyError` where it is not one."""
        return cls(**{**document, "platforms": tuple(document["platforms"])})
