"""Finding a workspace, and making one."""

import json
import os
from pathlib import Path

from onnxport.errors import PlatformError, UserError
from onnxport.registry.location import Location

VARIABLE = "ONNXPORT_WORKSPACE"
MARKER = "workspace.json"
WORKSPACE_FORMAT = "onnxport-workspace/1"


class NotAWorkspace(UserError):
    """The folder holds other things."""

    code = "not_a_workspace"

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} is not a workspace, and it is not empty",
            "Name a workspace or a new folder with --workspace.",
        )


class WorkspaceUnusable(PlatformError):
    """The folder cannot be made, read or written."""

    code = "workspace_unusable"

    def __init__(self, root: Path, reason: str) -> None:
        super().__init__(
            f"the workspace {root} cannot be used: {reason}",
            "Check its permissions and its disk, or name another folder with --workspace.",
        )


class UnsupportedLocation(UserError):
    """A location that this version of onnxport cannot use."""

    code = "unsupported_location"

    def __init__(self, text: str) -> None:
        scheme = text.partition("://")[0][:40]
        super().__init__(
            f"a workspace at a {scheme}:// URL is not supported by this version of onnxport",
            f"Set {VARIABLE} or --workspace to a folder.",
        )


def find_root(path: str | Path | None) -> Path:
    """The folder of the workspace: the one given, else `ONNXPORT_WORKSPACE`, else the user's data folder.

    Raises:
        UnsupportedLocation: a URL is given.
    """
    text = os.fspath(path) if path is not None else os.environ.get(VARIABLE, "")
    if not text:
        return default_root()
    if "://" in text:
        raise UnsupportedLocation(text)
    return Path(text).expanduser().absolute()


def default_root() -> Path:
    """The workspace in the user's data folder."""
    import platformdirs

    return platformdirs.user_data_path("onnxport", appauthor=False)


def open_location(root: Path) -> Location:
    """The location in a folder; a missing or empty one becomes a workspace.

    Raises:
        NotAWorkspace: the folder holds other things.
        WorkspaceUnusable: it cannot be made or written.
    """
    marker = root / MARKER
    try:
        if not marker.exists():
            root.mkdir(parents=True, exist_ok=True)
            _mark(root, marker)
    except OSError as error:
        raise WorkspaceUnusable(root, os.strerror(error.errno or 0)) from error
    return Location.in_folder(root)


def _mark(root: Path, marker: Path) -> None:
    strangers = [path for path in root.iterdir() if not path.name.startswith(f".{MARKER}")]
    if strangers and not marker.exists():
        raise NotAWorkspace(root)
    partial = root / f".{MARKER}.{os.getpid()}"
    partial.write_text(json.dumps({"format": WORKSPACE_FORMAT}) + "\n", encoding="utf-8")
    partial.replace(marker)
