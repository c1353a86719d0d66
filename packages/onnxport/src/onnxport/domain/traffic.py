"""Traffic: which share of requests each revision of an endpoint gets."""

from collections.abc import Mapping
from dataclasses import dataclass

from onnxport.errors import UserError


class InvalidTraffic(UserError):
    """Weights that cannot be: they do not sum to 100, are out of range, or name an unknown revision."""

    code = "invalid_traffic"

    def __init__(self, why: str) -> None:
        super().__init__(
            why, "Give whole percents that sum to 100, for example: onnxport traffic NAME 1=90 2=10"
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """Whole percents by revision number, ascending, summing to 100; revisions with 0 are loaded but get none."""

    percents: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, percents: Mapping[int, int]) -> "Traffic":
        """Check and sort; raises `InvalidTraffic`."""
        if not percents:
            raise InvalidTraffic("no revision is given any traffic")
        if any(not 0 <= percent <= 100 for percent in percents.values()):
            raise InvalidTraffic("every percent must be between 0 and 100")
        if sum(percents.values()) != 100:
            raise InvalidTraffic(f"the percents sum to {sum(percents.values())}, not 100")
        return cls(tuple(sorted(percents.items())))

    @classmethod
    def all_to(cls, revision: int) -> "Traffic":
        """Everything to one revision."""
        return cls(((revision, 100),))

    def as_dict(self) -> dict[int, int]:
        """Percent by revision number."""
        return dict(self.percents)
