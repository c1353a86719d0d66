"""What can go wrong with the registry, apart from its blob store."""

from collections.abc import Sequence
from pathlib import Path

from onnxport.domain.names import ModelReference
from onnxport.errors import PlatformError, UserError


class ModelNotFound(UserError):
    """No version is registered under this name."""

    code = "model_not_found"

    def __init__(self, name: str, closest: Sequence[str]) -> None:
        hint = f" (did you mean {' or '.join(map(repr, closest))}?)" if closest else ""
        super().__init__(
            f"there is no model {name!r} in this workspace{hint}",
            "List the models with: onnxport model list",
        )


class VersionNotFound(UserError):
    """The model exists, this version does not."""

    code = "version_not_found"

    def __init__(self, name: str, version: int, existing: Sequence[int]) -> None:
        super().__init__(
            f"model {name!r} has no version {version}; it has {_ranges(existing)}",
            f"List its versions with: onnxport model list {name}",
        )


class AliasNotFound(UserError):
    """The model exists, this alias does not."""

    code = "alias_not_found"

    def __init__(self, name: str, alias: str, existing: Sequence[str]) -> None:
        known = f"its aliases are {', '.join(existing)}" if existing else "it has no aliases"
        super().__init__(
            f"model {name!r} has no alias {alias!r}; {known}",
            f"Set it with: onnxport model alias models:/{name}/VERSION {alias}",
        )


class PropertyFixed(UserError):
    """A property with another value than it has already."""

    code = "property_fixed"

    def __init__(self, reference: ModelReference, key: str) -> None:
        super().__init__(
            f"the property {key[:80]!r} of {reference} has another value, and properties never change",
            "Use a tag for what changes, or register the model again.",
        )


class VersionInUse(UserError):
    """Endpoints serve this version."""

    code = "version_in_use"

    def __init__(self, reference: ModelReference, endpoints: Sequence[str]) -> None:
        noun = "endpoint" if len(endpoints) == 1 else "endpoints"
        super().__init__(
            f"{reference} is used by the {noun} {', '.join(map(repr, endpoints))}",
            "Deploy another version there, or delete the endpoint first: "
            f"onnxport endpoint delete {endpoints[0]}",
        )


class EndpointNotFound(UserError):
    """No endpoint has this name."""

    code = "endpoint_not_found"

    def __init__(self, name: str, closest: Sequence[str]) -> None:
        hint = f" (did you mean {' or '.join(map(repr, closest))}?)" if closest else ""
        super().__init__(
            f"there is no endpoint {name!r} in this workspace{hint}",
            "List the endpoints with: onnxport endpoint list",
        )


class EndpointExists(UserError):
    """The name is taken."""

    code = "endpoint_exists"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is an endpoint {name!r} already",
            f"Choose another name, or delete it: onnxport endpoint delete {name}",
        )


class ImageNotFound(UserError):
    """No image, or no version of it, is meant."""

    code = "image_not_found"

    def __init__(self, name: str, version: int | None, closest: Sequence[str] = ()) -> None:
        what = f"image {name!r}" if version is None else f"version {version} of image {name!r}"
        hint = f" (did you mean {' or '.join(map(repr, closest))}?)" if closest else ""
        super().__init__(
            f"there is no {what} in this workspace{hint}",
            "List the images with: onnxport image list",
        )


class RevisionNotFound(UserError):
    """The endpoint exists, this revision does not."""

    code = "revision_not_found"

    def __init__(self, endpoint: str, number: int, existing: Sequence[int]) -> None:
        super().__init__(
            f"endpoint {endpoint!r} has no revision {number}; it has {_ranges(existing)}",
            f"List its revisions with: onnxport endpoint show {endpoint}",
        )


class RegistryTooNew(UserError):
    """A newer onnxport has changed the database's tables."""

    code = "registry_too_new"

    def __init__(self, database: str, stored: str, known: str) -> None:
        super().__init__(
            f"the registry {database} has format {stored}; this onnxport knows formats up to {known}",
            "Upgrade onnxport, or choose another workspace with --workspace.",
        )


class DatabaseFailed(PlatformError):
    """The database could not be read or written."""

    code = "database_failed"

    def __init__(self, database: str, reason: str) -> None:
        super().__init__(
            f"the registry {database} cannot be used: {reason}",
            "Check that its folder exists, is writable and has free space, and that the file is a registry; then repeat.",
        )


class RegistryFull(DatabaseFailed):
    """The disk has no room for a change of the database."""

    code = "registry_full"

    def __init__(self, database: str) -> None:
        PlatformError.__init__(
            self,
            f"there is no room left in {Path(database).parent} for the registry",
            "Free some space there (`onnxport workspace gc` removes what no model needs), or choose a workspace on "
            "another disk with --workspace.",
        )


class WorkspaceBusy(PlatformError):
    """Another process holds a lock for longer than is reasonable."""

    code = "workspace_busy"

    def __init__(self, lock: str, waited_s: float) -> None:
        super().__init__(
            f"another onnxport process has held {lock} for more than {waited_s:g} s",
            "Wait until it has finished, then repeat.",
        )


def _ranges(numbers: Sequence[int]) -> str:
    """`1-3, 7` for 1, 2, 3, 7; `none` for nothing."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    texts = [str(low) if low == high else f"{low}-{high}" for low, high in spans]
    return ", ".join(texts[:1] + ["..."] * (len(texts) > 8) + texts[1:][-7:]) or "none"
