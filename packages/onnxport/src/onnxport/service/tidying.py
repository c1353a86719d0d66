"""Tidying a workspace: what nobody needs is removed, what is damaged is found."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.bundle.publish import remove_unfinished
from onnxport.environment.place import remove_unfinished as remove_unfinished_environments
from onnxport.errors import OnnxportError, PlatformError
from onnxport.registry.location import Location
from onnxport.registry.registry import Registry
from onnxport.service.model.place import remove_places

_BUNDLE_AGE_S = 3600
"""A bundle that no revision names may be about to get one; after an hour nobody is building any more."""


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


def tidy(location: Location, registry: Registry, *, verify: bool) -> Tidied:
    """Remove bytes that no version needs, bundles that no revision and no image names and what killed processes left behind.

    Args:
        location: the workspace.
        registry: its records and blobs.
        verify: read every blob afterwards and compare it with its hash.
    """
    bundles: list[Path] = []
    places: list[Path] = []

    def keep() -> frozenset[str]:
        # Nobody is using the store now, so nobody is about to record a bundle or placing a model either.
        bundles.extend(_remove_bundles(location.root / "bundles", registry))
        places.extend(remove_places(location.root, registry.models.numbers()))
        return frozenset(blob.sha256 for blob in registry.models.blobs())

    swept = registry.blobs.sweep(keep)
    unfinished = remove_unfinished_environments(location.root / "environments")
    damaged = _damaged(registry) if verify else ()
    leftovers = swept.leftovers + unfinished + len(places)
    return Tidied(swept.blobs, swept.size, leftovers, len(bundles), damaged)


def _remove_bundles(folder: Path, registry: Registry) -> list[Path]:
    if not folder.is_dir():
        return []
    remove_unfinished(folder)
    digests = registry.endpoints.digests() | registry.images.digests()
    named = {digest.removeprefix("sha256:") for digest in digests}
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
