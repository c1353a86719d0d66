"""The interface of targets.

A target runs an endpoint from its directory (`endpoint.json` in it, `status.json` and `logs/` beside it). It knows nothing of models,
traffic or keys: these are in the documents. A target file declares `NAME`, `TITLE`, `EXTRA` (what to install, or `None`) and `create()`.
"""

from abc import ABC, abstractmethod
from pathlib import Path

from onnxport.domain.status import EndpointStatus
from onnxport.errors import PlatformError


class Target(ABC):
    """Starts, stops and watches endpoints. Callers hold the endpoint's apply lock around `start` and `stop`."""

    @abstractmethod
    def start(self, directory: Path) -> None:
        """Start the endpoint; returns once it has a status, before its revisions are loaded.

        Does nothing where it runs already. A status of an earlier life is gone when this returns. The status may say that it failed.

        Raises:
            StartFailed: it ended without a word, with the last log lines.
        """

    @abstractmethod
    def stop(self, directory: Path, timeout_s: float) -> None:
        """Stop the endpoint: in-flight requests may finish for `timeout_s` seconds, then it is ended.

        Does nothing where it does not run. When this returns, nothing of it runs.

        Raises:
            StopFailed: it could not be ended.
        """

    @abstractmethod
    def is_running(self, directory: Path) -> bool:
        """Whether the endpoint's supervisor lives, whatever any document says."""

    @abstractmethod
    def status(self, directory: Path) -> EndpointStatus | None:
        """What the supervisor last wrote; `None` where there is nothing to read (yet)."""

    @abstractmethod
    def notify(self, directory: Path) -> None:
        """Tell a running supervisor that `endpoint.json` has changed, so that it looks at once."""

    @abstractmethod
    def logs(self, directory: Path, lines: int) -> list[str]:
        """The last lines of the endpoint's log, oldest first."""


class StartFailed(PlatformError):
    """An endpoint's process ended before it served."""

    code = "start_failed"

    def __init__(self, name: str, why: str, remedy: str, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(f"endpoint '{name}' did not start: {why}" + _quoted(log_tail), remedy)


class StopFailed(PlatformError):
    """An endpoint's process that does not end."""

    code = "stop_failed"

    def __init__(self, name: str, pid: int | None) -> None:
        process = "its process" if pid is None else f"process {pid}"
        super().__init__(
            f"endpoint '{name}' does not stop: {process} still holds its lock",
            "End that process as the user who started it, then repeat the command.",
        )


def _quoted(log_tail: tuple[str, ...]) -> str:
    if not log_tail:
        return ""
    return "\nlast log lines:\n" + "\n".join(f"  {line}" for line in log_tail)
