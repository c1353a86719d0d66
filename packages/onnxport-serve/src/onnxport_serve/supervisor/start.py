"""Starting the supervisor: the lock, the first document, the listening sockets; each may say that nothing can be served here."""

import os
from collections.abc import Sequence
from pathlib import Path

from onnxport_serve.documents import DocumentError, EndpointSpec, parse_endpoint
from onnxport_serve.log import Log
from onnxport_serve.supervisor.listening import open_listeners
from onnxport_serve.supervisor.lock import take_lock
from onnxport_serve.supervisor.problem import Problem, Unusable, log_problem
from onnxport_serve.supervisor.process import HUNG_AFTER_S, Supervisor
from onnxport_serve.supervisor.status import Status, StatusFile
from onnxport_serve.supervisor.wanted import WantedState, claimed_generation


def supervise(
    directory: Path,
    command: Sequence[str],
    log: Log,
    hung_after_s: float = HUNG_AFTER_S,
) -> int:
    """Serve the endpoint of a directory until SIGTERM or SIGINT.

    Args:
        directory: holds `endpoint.json`; everything else is written there.
        command: starts one front.
        log: for the supervisor's own lines; fronts get the same settings.
        hung_after_s: a front that has not reported for so long is ended.

    Returns:
        The exit code: 0 after a clean stop, 1 when the documents or the address are unusable (the reason is logged and, unless another
        supervisor owns the directory, in `status.json`).
    """
    directory = directory.absolute()
    try:
        lock = take_lock(directory)
    except Unusable as error:
        log_problem(log, error.problem)
        return 1
    try:
        return _supervise_locked(directory, command, log, hung_after_s)
    finally:
        os.close(lock)


def _supervise_locked(
    directory: Path, command: Sequence[str], log: Log, hung_after_s: float
) -> int:
    content = WantedState(directory).changed() or b""
    generation = claimed_generation(content)
    status_file = StatusFile(directory)
    status_file.write(Status("starting", os.getpid(), attempted=generation))
    try:
        spec = _first_document(content, directory)
        listeners = open_listeners(spec.listen, directory)
    except Unusable as error:
        log_problem(log, error.problem)
        failed = Status("failed", os.getpid(), 0, generation, (generation, error.problem))
        status_file.write(failed)
        return 1
    return Supervisor(directory, command, log, spec.listen, listeners, hung_after_s).run()


def _first_document(content: bytes, directory: Path) -> EndpointSpec:
    if not content:
        problem = f"there is no endpoint.json to read in {directory}"
        remedy = "Give a directory with an endpoint.json that this user may read."
        raise Unusable(Problem("directory_unusable", problem, remedy))
    try:
        return parse_endpoint(content)
    except DocumentError as error:
        raise Unusable(Problem(error.code, error.message, error.remedy)) from None
