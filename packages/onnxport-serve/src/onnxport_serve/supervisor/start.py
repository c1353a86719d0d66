"""Starting the supervisor: the lock, the first document, the listening sockets; each may say that nothing can be served here."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from onnxport_serve.documents import DocumentError, EndpointSpec, parse_endpoint
from onnxport_serve.log import Log
from onnxport_serve.supervisor.listening import Listeners, open_listeners
from onnxport_serve.supervisor.lock import take_lock
from onnxport_serve.supervisor.problem import Problem, Unusable, log_problem
from onnxport_serve.supervisor.process import HUNG_AFTER_S, Supervisor
from onnxport_serve.supervisor.spawn import Spawned
from onnxport_serve.supervisor.status import Status, StatusFile
from onnxport_serve.supervisor.wanted import WantedState, claimed_generation

_DIRECTIONS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def supervise(
    directory: Path,
    command: Sequence[str],
    log: Log,
    *,
    early: Spawned | None = None,
    hung_after_s: float = HUNG_AFTER_S,
) -> int:
    """Serve the endpoint of a directory until SIGTERM or SIGINT.

    Args:
        directory: holds `endpoint.json`; everything else is written there. Absolute.
        command: starts one front.
        log: for the supervisor's own lines; fronts get the same settings.
        early: a front that was started with the same command already.
        hung_after_s: a front that has not reported for so long is ended.

    Returns:
        The exit code: 0 after a clean stop, 1 when the documents or the address are unusable (the reason is logged and, unless another
        supervisor owns the directory, in `status.json`).
    """
    # A signal that comes before the supervisor can heed it waits: nobody sees a status without someone who ends it cleanly.
    signal.pthread_sigmask(signal.SIG_BLOCK, _DIRECTIONS)
    try:
        lock = take_lock(directory)
        try:
            spec, listeners = _open(directory)
        except Unusable as error:
            _report(directory, error.problem)
            raise
    except Unusable as error:
        if early is not None:
            early.discard()
        log_problem(log, error.problem)
        return 1
    supervisor = Supervisor(
        directory, command, log, spec.listen, listeners, early=early, hung_after_s=hung_after_s
    )
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _DIRECTIONS)
    try:
        return supervisor.run()
    finally:
        os.close(lock)


def _open(directory: Path) -> tuple[EndpointSpec, Listeners]:
    """The first document and the sockets it asks for; the status says at once that somebody is at it."""
    content = WantedState(directory).changed() or b""
    generation = claimed_generation(content)
    StatusFile(directory).write(Status("starting", os.getpid(), attempted=generation))
    spec = _first_document(content, directory)
    return spec, open_listeners(spec.listen, directory)


def _report(directory: Path, problem: Problem) -> None:
    """Leave the reason in the status: nothing serves, and nobody will try again."""
    generation = claimed_generation(WantedState(directory).changed() or b"")
    failed = Status("failed", os.getpid(), 0, generation, (generation, problem))
    StatusFile(directory).write(failed)


def _first_document(content: bytes, directory: Path) -> EndpointSpec:
    if not content:
        problem = f"there is no endpoint.json to read in {directory}"
        remedy = "Give a directory with an endpoint.json that this user may read."
        raise Unusable(Problem("directory_unusable", problem, remedy))
    try:
        return parse_endpoint(content)
    except DocumentError as error:
        raise Unusable(Problem(error.code, error.message, error.remedy)) from None
