"""The workspaces that this user knows: the default one, the environment's, and those made by `workspace init`."""

import os
from dataclasses import dataclass
from pathlib import Path

from onnxport.service.workspace import MARKER, VARIABLE, WorkspaceUnusable, default_root, find_root


@dataclass(frozen=True, slots=True)
class KnownWorkspace:
    """A workspace's folder, how it is known, and whether there is one."""

    root: Path
    origin: str
    exists: bool


def list_workspaces() -> list[KnownWorkspace]:
    """The known workspaces, each once: the default, the environment's, then those that were initialised."""
    origins = {default_root(): "default"}
    if os.environ.get(VARIABLE):
        origins.setdefault(find_root(None), f"${VARIABLE}")
    for root in _remembered():
        origins.setdefault(root, "initialised")
    return [
        KnownWorkspace(root, origin, (root / MARKER).is_file()) for root, origin in origins.items()
    ]


def remember(root: Path) -> None:
    """Add a workspace to the user's list."""
    if root in _remembered():
        return
    path = _list_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{root}\n")  # one short line in one write: two at once do not mix
    except OSError as error:
        raise WorkspaceUnusable(path, os.strerror(error.errno or 0)) from error


def _remembered() -> list[Path]:
    path = _list_path()
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [Path(line) for line in lines if line]


def _list_path() -> Path:
    import platformdirs

    return platformdirs.user_config_path("onnxport", appauthor=False) / "workspaces"
