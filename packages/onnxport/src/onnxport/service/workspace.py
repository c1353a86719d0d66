"""Finding a workspace, making one, and tidying it."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.bundle.build import remove_unfinished
from onnxport.errors import OnnxportError, PlatformError, UserError
from onnxport.registry.location import Location
from onnxport.registry.registry import Registry

VARIABLE = "ONNXPORT_WORKSPACE"
MARKER = "workspace.json"
WORKSPACE_FORMAT = "onnxport-workspace/1"
_BUNDLE_AGE_S = 3600
"""A bundle that no revision names may be about to get one; after an hour nobody is building any more."""


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


class WorkspaceDamaged(PlatformError):
    """A check of all stored bytes found some that are gone or changed."""

    code = "workspace_damaged"

    def __init__(self, errors: tuple[OnnxportError, ...]) -> None:
        reasons = "; ".join(error.message for error in errors)
        super().__init__(
            f"{len(errors)} of the workspace's blobs are missing or damaged: {reasons}",
            "Restore these files from a backup, or delete them and register the models again from their source files.",
        )


@dataclass(frozen=True, slots=True)
class Tidied:
    """What garbage collection did: counts, bytes freed, and the errors of damaged or missing blobs where it was asked to look."""

    blobs: int
    size: int
    leftovers: int
    bundles: int
    damaged: tuple[OnnxportError, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "blobs": self.blobs,
            "bytes": self.size,
            "leftovers": self.leftovers,
            "bundles": self.bundles,
            "damaged": [error.message for error in self.damaged],
        }

    def raise_if_damaged(self) -> None:
        """Raise `WorkspaceDamaged` if a blob is missing or damaged."""
        if self.damaged:
            raise WorkspaceDamaged(self.damaged)


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


def tidy(location: Location, registry: Registry, *, verify: bool) -> Tidied:
    """Remove bytes that no version needs, bundles that no revision names and what killed processes left behind.

    Args:
        location: the workspace.
        registry: its records and blobs.
        verify: read every blob afterwards and compare it with its hash.
    """
    bundles: list[Path] = []

    def keep() -> frozenset[str]:
        # Nobody is using the store now, so nobody is about to record a bundle either.
        bundles.extend(_remove_bundles(location.root / "bundles", registry))
        return frozenset(blob.sha256 for blob in registry.models.blobs())

    swept = registry.blobs.sweep(keep)
    damaged = _damaged(registry) if verify else ()
    return Tidied(swept.blobs, swept.size, swept.leftovers, len(bundles), damaged)


def _mark(root: Path, marker: Path) -> None:
    strangers = [path for path in root.iterdir() if not path.name.startswith(f".{MARKER}")]
    if strangers and not marker.exists():
        raise NotAWorkspace(root)
    partial = root / f".{MARKER}.{os.getpid()}"
    partial.write_text(json.dumps({"format": WORKSPACE_FORMAT}) + "\n", encoding="utf-8")
    partial.replace(marker)


def _remove_bundles(folder: Path, registry: Registry) -> list[Path]:
    if not folder.is_dir():
        return []
    remove_unfinished(folder)
    named = {digest.removeprefix("sha256:") for digest in registry.endpoints.digests()}
    before = time.time() - _BUNDLE_AGE_S
    unnamed = [
        path
        for path in folder.glob("[!.]*/")
        if path.name not in named and path.stat().st_mtime < before
    ]
    for path in unnamed:
        shutil.rmtree(path)
    return unnamed


def _damaged(registry: Registry) -> tuple[OnnxportError, ...]:
    errors = []
    for blob in registry.models.blobs():
        try:
            registry.blobs.check(blob)
        except PlatformError as error:
            errors.append(error)
    return tuple(errors)
