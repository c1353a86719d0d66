"""The bundles of a workspace, as the SDK offers them: `Workspace.bundles`."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.bundle.archive import export_bundle
from onnxport.bundle.interface import Bundle
from onnxport.bundle.unpack import import_bundle
from onnxport.bundle.verify import read_manifest, verify
from onnxport.domain.bundle import BundleManifest
from onnxport.errors import UserError
from onnxport.registry.endpoints import EndpointRecords
from onnxport.registry.errors import EndpointNotFound, RevisionNotFound
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.model.errors import DestinationTaken, DestinationUnusable

_DIGEST = re.compile(r"(?:sha256:)?(?P<start>[0-9a-f]{4,64})")
_REVISION = re.compile(r"(?P<endpoint>[^/]+)/(?P<number>[1-9][0-9]{0,14})")


class BundleNotFound(UserError):
    """No bundle, or more than one, is meant by a digest or a name."""

    code = "bundle_not_found"

    def __init__(self, text: str, matching: Sequence[str] = ()) -> None:
        if matching:
            shown = ", ".join(digest[:19] for digest in matching[:5])
            what = f"{len(matching)} bundles begin with {text!r}: {shown}"
        else:
            what = f"there is no bundle {text[:80]!r} in this workspace"
        super().__init__(
            what,
            "Name an endpoint, ENDPOINT/REVISION, or a digest from: onnxport endpoint show ENDPOINT --json",
        )


@dataclass(frozen=True, slots=True)
class BundleView:
    """A bundle: where it is, what its manifest states, and the revisions that run it, as `endpoint/number`."""

    directory: Path
    digest: str
    manifest: BundleManifest
    revisions: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.manifest.files)

    def to_json(self) -> dict[str, Any]:
        """The bundle for programs."""
        return {
            "digest": self.digest,
            "directory": str(self.directory),
            "bytes": self.size,
            "revisions": list(self.revisions),
            "manifest": json.loads(self.manifest.to_bytes()),
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """A bundle that came from an archive; `is_new` is false where it was there already."""

    view: BundleView
    is_new: bool


class Bundles:
    """Shows, checks, exports and imports bundles.

    Wherever a bundle is named: a digest or the beginning of one, an endpoint (its revision with the most traffic), or
    `endpoint/revision`.

    Args:
        root: the workspace's folder.
        records: the records of endpoints.
    """

    def __init__(self, root: Path, records: EndpointRecords) -> None:
        self._root = root
        self._records = records

    def show(self, bundle: str) -> BundleView:
        """What a bundle holds, by its manifest.

        Raises:
            BundleNotFound, EndpointNotFound, RevisionNotFound: nothing is meant by the name.
            BundleDamaged: its manifest cannot be read.
        """
        return self._view(self.find(bundle))

    def verify(self, bundle: str) -> BundleView:
        """Read every byte of a bundle and compare it with the manifest; raises `BundleDamaged`."""
        return self._view(verify(self._find(bundle)))

    def export(self, bundle: str, destination: str | Path | None = None) -> Path:
        """Write a bundle to a `.tar.gz`, checking every byte; the same bundle is always the same archive.

        Args:
            bundle: which one.
            destination: the file, which must not exist, or a folder; by default `bundle-<digest>.tar.gz` here.

        Raises:
            DestinationTaken, DestinationUnusable: the file exists, or cannot be written.
            BundleDamaged: the content is not what the manifest states.
        """
        directory = self._find(bundle)
        manifest, digest = read_manifest(directory)
        path = Path("." if destination is None else destination).expanduser()
        if path.is_dir():
            path /= f"bundle-{digest.removeprefix('sha256:')[:12]}.tar.gz"
        if path.exists() or path.is_symlink():
            raise DestinationTaken(path)
        if not path.parent.is_dir():
            raise DestinationUnusable(path, f"there is no folder {path.parent}")
        try:
            export_bundle(Bundle(directory, digest, manifest), path)
        except PermissionError as error:
            raise DestinationUnusable(path, error.strerror or "not allowed") from error
        return path

    def import_archive(self, archive: str | Path) -> Imported:
        """Take a bundle from an archive into the workspace: whole, or not at all.

        A bundle that no revision and no image names is removed again by `Workspace.gc`, after an hour.

        Raises:
            ArchiveRefused: the file is not the archive of one whole bundle.
        """
        store = self._root / "bundles"
        bundle, is_new = import_bundle(store, Path(archive).expanduser())
        return Imported(self._view(bundle), is_new)

    def find(self, bundle: str) -> Bundle:
        """The bundle that a digest, an endpoint or a revision means; raises as `show`."""
        directory = self._find(bundle)
        manifest, digest = read_manifest(directory)
        return Bundle(directory, digest, manifest)

    def _view(self, bundle: Bundle) -> BundleView:
        revisions = tuple(
            f"{endpoint.name}/{revision.number}"
            for endpoint in self._records.list()
            for revision in self._records.revisions(endpoint.name)
            if revision.digest == bundle.digest
        )
        return BundleView(bundle.directory, bundle.digest, bundle.manifest, revisions)

    def _find(self, text: str) -> Path:
        """The directory that a digest, an endpoint or a revision means."""
        if text in {record.name for record in self._records.list()}:
            return self._of_revision(text, None)
        revision = _REVISION.fullmatch(text)
        if revision is not None:
            return self._of_revision(revision["endpoint"], int(revision["number"]))
        digest = _DIGEST.fullmatch(text)
        if digest is None:
            raise BundleNotFound(text)
        found = sorted((self._root / "bundles").glob(f"{digest['start']}*"))
        if len(found) != 1:
            raise BundleNotFound(text, [f"sha256:{path.name}" for path in found])
        return found[0]

    def _of_revision(self, name: str, number: int | None) -> Path:
        records = {record.number: record for record in self._records.revisions(name)}
        if number is None:
            number = self._main_revision(name)
        if number not in records:
            raise RevisionNotFound(name, number, list(records))
        directory = self._root / "bundles" / records[number].digest.removeprefix("sha256:")
        if not directory.is_dir():
            raise BundleNotFound(records[number].digest)
        return directory

    def _main_revision(self, name: str) -> int:
        spec = EndpointDirectory(self._root / "endpoints" / name).spec_if_any()
        if spec is None:
            raise EndpointNotFound(name, [])
        return max(spec.traffic.percents, key=lambda share: (share[1], share[0]))[0]
