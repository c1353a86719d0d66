"""What models and images have in common: a name with a version, and what people say about it."""

from datetime import datetime
from typing import Any


class Record:
    """A version of something that the workspace keeps; `native` is onnxport's own value."""

    native: Any

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.native.name)

    @property
    def version(self) -> int:
        """The version's number."""
        return int(self.native.version)

    @property
    def id(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    @property
    def description(self) -> str:
        """What people should know about it."""
        return str(self.native.description)

    @property
    def tags(self) -> dict[str, str]:
        """Labels that may change."""
        return dict(self.native.tags)

    @property
    def properties(self) -> dict[str, str]:
        """Further labels."""
        return dict(self.native.properties)

    @property
    def created_time(self) -> datetime:
        """When it was made."""
        created: datetime = self.native.created
        return created
