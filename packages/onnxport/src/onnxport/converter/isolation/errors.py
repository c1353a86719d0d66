"""What can go wrong around the environment of a converter and the child process in it."""

from collections.abc import Sequence
from pathlib import Path

from onnxport.errors import PlatformError, UserError

_PROTECTIONS = {
    "network": "the network",
    "processes": "other processes",
    "files": "your files",
}


class EnvironmentFailed(PlatformError):
    """The environment of a converter could not be made."""

    code = "environment_failed"

    def __init__(self, converter: str, words: str, *, unreachable: bool) -> None:
        why = (
            "a package index could not be reached"
            if unreachable
            else "uv could not install its lock"
        )
        remedy = (
            "Connect to a package index, or point UV_INDEX or UV_FIND_LINKS at a mirror that holds the wheels; "
            if unreachable
            else "Mend what uv says (disk space, a mirror with other files); "
        )
        super().__init__(
            f"the environment of the converter '{converter}' could not be made: {why}. uv said: {words}",
            f"{remedy}then run: onnxport convert --prepare {converter}",
        )


class PackagesUnusable(UserError):
    """Packages that were asked for in a converter's environment, and cannot be had beside what it needs."""

    code = "packages_unusable"

    def __init__(self, converter: str, packages: Sequence[str], words: str) -> None:
        super().__init__(
            f"the environment of the converter '{converter}' cannot hold {', '.join(packages)}. uv said: {words}",
            "Name versions that exist and that go together, each with its own --with.",
        )


class ChildLimitReached(UserError):
    """The conversion took more time or memory than it may."""

    code = "conversion_limit"

    def __init__(self, what: str, option: str) -> None:
        super().__init__(
            f"the conversion was stopped: it {what}",
            f"Allow more with {option}, or convert a smaller model.",
        )


class ChildCrashed(UserError):
    """The process that converted ended without an answer."""

    code = "conversion_crashed"

    def __init__(self, exit_code: int, words: str) -> None:
        said = f"; its last words: {words}" if words else ""
        super().__init__(
            f"the process that opened the model ended with code {exit_code} and without an answer{said}",
            "Check that the file is whole: load it with the framework that wrote it, save it again, and convert that.",
        )


class ChildUntrustworthy(UserError):
    """The process that converted left something that no converter leaves."""

    code = "conversion_answer"

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"the process that opened {path.name} left {what}: either the file is damaged, or it does more than hold a model",
            "Do not use this file unless you know where it comes from; save the model again, and convert that.",
        )


class CannotIsolate(UserError):
    """This system cannot shut a process in, and the file runs code when opened."""

    code = "cannot_isolate"

    def __init__(self, path: Path, missing: Sequence[str]) -> None:
        said = ", ".join(_PROTECTIONS[name] for name in missing)
        super().__init__(
            f"opening {path.name} runs code that is in the file, and this system does not let onnxport cut a process off from {said}",
            "Save the model in a format that runs no code, allow user namespaces, or accept the risk with --trust=unsandboxed.",
        )
