"""The virtual environments that script revisions run in: there before a wanted state names them.

An environment holds nothing but what a bundle's lock states. So it may be deleted at any time, and is built again when a revision is
to be loaded the next time.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from onnxport.bundle.interface import Bundle, BundleDamaged
from onnxport.domain.endpoint import EndpointSpec, Revision
from onnxport.domain.environment import EnvironmentLock
from onnxport.errors import UserError
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.endpoint.store import EndpointStore

if TYPE_CHECKING:
    from onnxport.environment.store import EnvironmentStore

Say = Callable[[str], None]
"""Told one line of progress at a time."""


@dataclass(frozen=True, slots=True)
class RevisionEnvironments:
    """The environments of an endpoint's revisions, on this machine."""

    store: EndpointStore
    environments: Callable[[], "EnvironmentStore"]

    def ensure_all(
        self,
        endpoint: EndpointDirectory,
        spec: EndpointSpec,
        say: Say,
        only: Container[int] | None = None,
    ) -> EndpointSpec:
        """The wanted state with the environments that are there now; the same where nothing was missing.

        Args:
            endpoint: the endpoint.
            spec: the wanted state.
            say: told what is built.
            only: the revisions that will be loaded; all of them where this is not said.

        Raises:
            BundleDamaged: the lock of a revision is gone.
            OnnxportError: an environment cannot be built; see `onnxport.environment.errors`.
        """
        revisions = tuple(
            self.ensure(endpoint, revision, say)
            if revision.environment is not None and (only is None or revision.number in only)
            else revision
            for revision in spec.revisions
        )
        return spec if revisions == spec.revisions else replace(spec, revisions=revisions)

    def ensure(self, endpoint: EndpointDirectory, revision: Revision, say: Say) -> Revision:
        """The revision with its environment, built where it is missing; an ONNX revision needs none."""
        if revision.environment is not None and _is_there(endpoint.path / revision.environment):
            return revision
        bundle, manifest = self.store.manifest(revision)
        if manifest.environment is None:
            return replace(revision, environment=None)
        place = self._build(bundle, manifest.environment, say)
        return replace(revision, environment=endpoint.path_to(place))

    def place_of(self, bundle: Bundle, say: Say) -> Path | None:
        """The environment of a bundle, built where it is missing; `None` where it needs none."""
        if bundle.manifest.environment is None:
            return None
        return self._build(bundle.directory, bundle.manifest.environment, say)

    def _build(self, bundle: Path, environment: EnvironmentLock, say: Say) -> Path:
        try:
            lock = (bundle / environment.lock).read_bytes().decode()
        except (OSError, ValueError) as error:
            raise BundleDamaged(bundle, f"{environment.lock} cannot be read") from error
        source = (environment.specification or environment.lock).rpartition("/")[2]
        options = _options(bundle, environment)
        return self.environments().ensure(lock, environment.python, options, say, source)


def workspace_environments(root: Path) -> "EnvironmentStore":
    """The environments of a workspace."""
    from onnxport.environment.conda_names import CondaNames
    from onnxport.environment.store import EnvironmentStore

    return EnvironmentStore(root / "environments", CondaNames.of_user(root))


def _is_there(place: Path) -> bool:
    return (place / "bin" / "python").exists()


def _options(bundle: Path, environment: EnvironmentLock) -> Sequence[str]:
    """Indexes and find-links that the person's file names; a file that refers to others, which are not here, names none."""
    from onnxport.environment.specification import read_specification

    if environment.specification is None:
        return ()
    try:
        return read_specification(bundle / environment.specification).options
    except UserError:
        return ()
