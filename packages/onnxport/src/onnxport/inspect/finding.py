"""A preflight finding: one thing about a model file that a person should know before serving it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Severity(StrEnum):
    """How much a finding matters; an error means that the model cannot be served as it is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, what follows from it, and what to do about it (a command or an action).

    `code` is stable, for programs; the texts are for people.
    """

    code: str
    severity: Severity
    what: str
    consequence: str
    fix: str

    def to_json(self) -> dict[str, str]:
        """The finding's JSON form."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "what": self.what,
            "consequence": self.consequence,
            "fix": self.fix,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` or `ValueError` where it is not one."""
        return cls(
            document["code"],
            Severity(document["severity"]),
            document["what"],
            document["consequence"],
            document["fix"],
        )
