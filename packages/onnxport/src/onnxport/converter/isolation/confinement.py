"""How a child process is held: whether it is shut in, and within which limits."""

from dataclasses import dataclass, field
from enum import StrEnum

from onnxport.converter.isolation.process import ChildLimits

PROTECTIONS = frozenset({"network", "processes", "files"})
"""What must hold for a file that runs code."""


class Isolation(StrEnum):
    """Whether the child must be shut in, is as far as the system can, or is not."""

    REQUIRED = "required"
    PREFERRED = "preferred"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Confinement:
    """How a child runs."""

    isolation: Isolation = Isolation.PREFERRED
    limits: ChildLimits = field(default_factory=ChildLimits)
