"""`config.json`: where both eras look for it and what is in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azureml.exceptions import UserErrorException

FOLDERS = (".azureml", "aml_config", ".")
NAMES = ("config.json", "project.json")


@dataclass(frozen=True, slots=True)
class WorkspaceIds:
    """The identifiers that a configuration file states; they are echoed and mean nothing here."""

    subscription_id: str
    resource_group: str
    workspace_name: str

    def to_bytes(self) -> bytes:
        """The bytes of a configuration file."""
        document = {
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.workspace_name,
        }
        return json.dumps(document, indent=4).encode() + b"\n"


def find_config(path: Path, file_name: str | None) -> Path | None:
    """The nearest configuration file from a folder upwards; `None` where there is none."""
    return next((file for file in _places(path.absolute(), file_name) if file.is_file()), None)


def read_config(file: Path) -> WorkspaceIds:
    """What a file of either format states; raises `UserErrorException`."""
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
        return _from_scope(document["Scope"]) if "Scope" in document else _from_fields(document)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserErrorException(
            f"{file} is not a workspace configuration: it needs subscription_id, resource_group and workspace_name",
            error,
        ) from error


def _places(folder: Path, file_name: str | None) -> Iterator[Path]:
    names = NAMES if file_name is None else (file_name,)
    for parent in (folder, *folder.parents):
        for place in FOLDERS:
            for name in names:
                yield parent / place / name


def _from_fields(document: dict[str, Any]) -> WorkspaceIds:
    return WorkspaceIds(
        str(document["subscription_id"]),
        str(document["resource_group"]),
        str(document["workspace_name"]),
    )


def _from_scope(scope: str) -> WorkspaceIds:
    parts = scope.strip("/").split("/")
    return WorkspaceIds(parts[1], parts[3], parts[-1])
