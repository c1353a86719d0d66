"""What can go wrong with endpoints, as people meet it."""

from collections.abc import Sequence

from onnxport.domain.status import ApplyError
from onnxport.errors import PlatformError, UserError


class RevisionNotReady(UserError):
    """A revision that never answered its golden request."""

    code = "revision_not_ready"

    def __init__(self, name: str, number: int, ready: Sequence[int]) -> None:
        those = ", ".join(map(str, ready)) or "none"
        super().__init__(
            f"revision {number} of endpoint '{name}' was never ready (those that were: {those})",
            f"See them with: onnxport endpoint show {name}",
        )


class NoEarlierRevision(UserError):
    """A rollback with nothing to go back to."""

    code = "no_earlier_revision"

    def __init__(self, name: str, current: int) -> None:
        super().__init__(
            f"endpoint '{name}' serves revision {current} and no earlier revision was ever ready",
            f"Name one with: onnxport rollback {name} --to N (see onnxport endpoint show {name})",
        )


class PortTaken(UserError):
    """The address that an endpoint should listen on is used by another program, or may not be used."""

    code = "port_taken"

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"{host}:{port} cannot be listened on: {why}",
            "Give another with --port, or leave --port away to get a free one.",
        )


class KeysNeeded(UserError):
    """An endpoint that others can reach, without keys."""

    code = "keys_needed"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"an endpoint that listens on {host} can be reached by others and must require keys",
            "Leave --no-keys away, or listen on 127.0.0.1.",
        )


class InvalidOption(UserError):
    """A deployment option with a value that cannot be."""

    code = "invalid_option"

    def __init__(self, option: str, rule: str) -> None:
        super().__init__(f"{option} must be {rule}", "Correct it; see: onnxport deploy --help")


class OptionUnsuitable(UserError):
    """A deployment option that has no meaning for what is deployed."""

    code = "option_unsuitable"

    def __init__(self, option: str, only: str, given: str) -> None:
        super().__init__(
            f"{option} is for {only}, and this is {given}",
            f"Leave {option} away; see: onnxport deploy --help",
        )


class RevisionFailed(UserError):
    """A revision that did not load or did not answer its golden request: it gets no traffic.

    Where the reason is a script's own traceback, that is shown, else the last lines of the log.
    """

    code = "revision_failed"

    def __init__(self, name: str, what: str, error: ApplyError, outcome: str) -> None:
        reason, _, trace = error.message.partition("\n")
        tail = "" if trace else "".join(f"\n  {line}" for line in error.log_tail)
        super().__init__(
            f"{what} of endpoint '{name}' does not serve: {reason} ({error.code}); {outcome}"
            + (f"\n{trace}" if trace else "")
            + (f"\nlast log lines:{tail}" if tail else ""),
            error.remedy,
        )


class NotServingInTime(PlatformError):
    """A running endpoint that did not take up a change in time."""

    code = "not_serving_in_time"

    def __init__(self, name: str, timeout_s: float) -> None:
        super().__init__(
            f"endpoint '{name}' did not take up the change within {timeout_s:g} s",
            f"Read its log (onnxport logs {name}), then restart it: onnxport endpoint restart {name}",
        )


class EndpointStopped(UserError):
    """A request to an endpoint that does not run."""

    code = "endpoint_stopped"

    def __init__(self, name: str) -> None:
        super().__init__(f"endpoint '{name}' is stopped", f"Start it with: onnxport up {name}")


class EndpointDamaged(PlatformError):
    """An endpoint's own document that cannot be read."""

    code = "endpoint_damaged"

    def __init__(self, name: str, file: str, why: str) -> None:
        super().__init__(
            f"{file} of endpoint '{name}' cannot be used: {why}",
            f"Remove the endpoint and deploy again: onnxport endpoint delete {name}",
        )
