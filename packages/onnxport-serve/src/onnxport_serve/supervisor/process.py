"""The supervisor's life: from the wanted state in `endpoint.json` to fronts that serve it, and the observed state in `status.json`."""

import itertools
import os
import selectors
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from onnxport_serve.documents import DocumentError, EndpointSpec, Listen, parse_endpoint
from onnxport_serve.log import Log
from onnxport_serve.machine import read_machine
from onnxport_serve.supervisor.fleet import Fleet
from onnxport_serve.supervisor.front import Front
from onnxport_serve.supervisor.listening import Listeners
from onnxport_serve.supervisor.log_file import LogFile
from onnxport_serve.supervisor.memory import lack_of_memory, too_little_allowed
from onnxport_serve.supervisor.problem import Problem, log_problem
from onnxport_serve.supervisor.signals import Signals
from onnxport_serve.supervisor.spawn import Spawned, spawn_front
from onnxport_serve.supervisor.status import FrontEntry, Status, StatusFile
from onnxport_serve.supervisor.wanted import WantedState, claimed_generation

_LOOK_S = 0.25
HUNG_AFTER_S = 10.0
"""A front that has not reported for so long is ended; it reports every second."""
_UNHURRIED_BYTES = 100 << 20
"""Body limit up to which that is long enough: one call that reads so much JSON keeps every thread of the front waiting for some 4 s."""
_MOST_PATIENCE = 10.0
_DRAIN_MARGIN_S = 5.0


class Supervisor:
    """Keeps the wanted number of fronts serving the newest document that can be served.

    One fleet serves, at most one is loading, and fronts that were replaced drain. Everything happens on one thread, between two waits
    of the selector.
    """

    def __init__(
        self,
        directory: Path,
        command: Sequence[str],
        log: Log,
        listen: Listen,
        listeners: Listeners,
        early: Spawned | None,
        hung_after_s: float,
    ) -> None:
        self._directory = directory
        self._command = list(command)
        self._log = log
        self._listen = listen
        self._early = early
        self._hung_after_s = hung_after_s
        self._listeners = listeners
        self._status_file = StatusFile(directory)
        self._wanted = WantedState(directory)
        self._environment = {**os.environ, **log.settings}
        self._log_file = LogFile()
        self._selector = selectors.DefaultSelector()
        self._signals = Signals(self._selector)
        self._fronts: dict[int, Front] = {}
        self._serving: Fleet | None = None
        self._loading: Fleet | None = None
        self._generation = 0
        self._attempted = 0
        self._error: tuple[int, Problem] | None = None
        self._restarts = 0
        self._notes: tuple[str, ...] = ()
        self._turns = 0
        self._is_stopping = False
        self._looked = self._woke = time.monotonic()

    def run(self) -> int:
        """Serve until a signal ends it; the exit code."""
        address = self._listeners.address
        self._log.info("listening", host=address.host, port=address.port, pid=os.getpid())
        self._look(closely=True)
        while self._fronts or not self._is_stopping:
            self._status_file.write(self._status())
            self._wait()
            self._heed_signals()
            self._look()
            self._tend()
        self._listeners.close()
        self._log.info("stopped")
        self._status_file.write(self._status())
        return 0

    def _wait(self) -> None:
        for key, _ in self._selector.select(_LOOK_S):
            key.data()
        now = time.monotonic()
        if now - self._woke > self._hung_after_s / 2:
            # This process itself did not run (a suspended machine, a stopped group): nobody else could report either.
            for front in self._fronts.values():
                front.heard = now
        self._woke = now

    def _heed_signals(self) -> None:
        for number in self._signals.arrived():
            if number == signal.SIGHUP:
                self._look(closely=True)
            elif number in (signal.SIGTERM, signal.SIGINT):
                self._stop(at_once=self._is_stopping and number == signal.SIGINT)
        self._reap()

    # The wanted state.

    def _look(self, closely: bool = False) -> None:
        now = time.monotonic()
        if self._is_stopping or (now - self._looked < _LOOK_S and not closely):
            return
        self._looked = now
        content = self._wanted.changed(closely)
        if content is None and closely and self._error is not None and self._loading is None:
            # Asked to look at what has failed: the reason may have lain outside of the document.
            content = self._wanted.content
        if content is None:
            return
        try:
            spec = parse_endpoint(content)
        except DocumentError as error:
            generation = claimed_generation(content)
            self._attempted = generation or self._attempted
            self._refuse(generation, Problem(error.code, error.message, error.remedy))
            return
        if spec.listen != self._listen:
            self._notes = ("a change of 'listen' takes effect when the endpoint is restarted",)
        self._attempt(spec, content)

    def _attempt(self, spec: EndpointSpec, document: bytes) -> None:
        """Go for a new document: at once when its revisions are loaded, else through fresh fronts."""
        self._attempted = spec.generation
        self._error = None
        if self._serving is not None and spec.revisions == self._serving.spec.revisions:
            self._discard_loading()
            self._apply(self._serving, spec, document)
        elif self._loading is not None and spec.revisions == self._loading.spec.revisions:
            self._apply(self._loading, spec, document)
        else:
            self._discard_loading()
            self._load(spec, document)

    def _apply(self, fleet: Fleet, spec: EndpointSpec, document: bytes) -> None:
        fleet.spec, fleet.document = spec, document
        for front in fleet.fronts:
            if front.state in ("opening", "accepting"):
                front.apply(document)

    def _load(self, spec: EndpointSpec, document: bytes) -> None:
        try:
            problem = too_little_allowed(spec, self._directory)
            if problem is None and self._serving is not None:
                problem = lack_of_memory(spec, self._directory, read_machine())
        except DocumentError as error:
            problem = Problem(error.code, error.message, error.remedy)
        if problem is not None:
            self._refuse(spec.generation, problem)
            return
        self._log.info("loading", generation=spec.generation)
        self._loading = Fleet(spec, document, self._listen.fronts)
        for _ in range(self._listen.fronts):
            self._start_front(self._loading)

    def _start_front(self, fleet: Fleet) -> None:
        process, self._early = self._early, None
        if process is None:
            process = spawn_front(self._command, self._directory, self._environment)
        front = Front(process, self._selector, self._pass_on, self._log_file)
        self._fronts[front.pid] = front
        fleet.fronts.append(front)
        front.load(fleet.document, self._listeners.sockets)

    def _discard_loading(self) -> None:
        if self._loading is None:
            return
        fleet, self._loading = self._loading, None
        for front in fleet.fronts:
            self._retire(front)

    def _refuse(self, generation: int, problem: Problem) -> None:
        self._error = (generation, problem)
        log_problem(self._log, problem)

    # The fronts.

    def _tend(self) -> None:
        """Take every step that the fronts' reports allow."""
        self._end_overdue()
        if self._is_stopping:
            return
        if self._loading is not None:
            self._tend_loading(self._loading)
        if self._serving is not None:
            self._tend_serving(self._serving)

    def _tend_loading(self, fleet: Fleet) -> None:
        failed = next((front for front in fleet.fronts if front.problem is not None), None)
        if failed is not None and failed.problem is not None:
            self._discard_loading()
            self._refuse(fleet.spec.generation, failed.problem)
            return
        if not fleet.is_loaded:
            return
        self._open_ready(fleet)
        if fleet.serves:
            old, self._serving, self._loading = self._serving, fleet, None
            for front in old.fronts if old is not None else ():
                self._retire(front, self._drain_time(old))

    def _tend_serving(self, fleet: Fleet) -> None:
        now = time.monotonic()
        while len(fleet.fronts) < fleet.wanted and now >= fleet.restart_at:
            self._start_front(fleet)
        self._open_ready(fleet)
        for front in fleet.accepting:
            if front.problem is not None:
                self._refuse(fleet.spec.generation, front.problem)
                front.problem = None
        if fleet.serves:
            self._note_serving(fleet.spec.generation)

    def _note_serving(self, generation: int) -> None:
        if self._error is not None and self._error[0] == generation:
            self._error = None
        if self._generation != generation:
            self._generation = generation
            self._log.info("serving", generation=generation, fronts=self._listen.fronts)

    def _open_ready(self, fleet: Fleet) -> None:
        """Have loaded fronts accept, with the newest document."""
        for front in fleet.fronts:
            if front.state == "ready":
                if front.generation != fleet.spec.generation:
                    front.apply(fleet.document)
                front.accept()

    def _retire(self, front: Front, within_s: float = 0.0) -> None:
        """Replace a front that accepts by its successors, and end one that does not accept yet."""
        if front.state == "ended":
            return
        if front.state not in ("opening", "accepting"):
            front.state = "draining"
            front.kill()
            return
        for descriptor in front.drain(True, within_s):
            self._pass_on(descriptor)

    def _drain_time(self, fleet: Fleet | None) -> float:
        if fleet is None:
            return _DRAIN_MARGIN_S
        limits = fleet.spec.limits
        return limits.request_timeout_s + limits.queue_timeout_s + _DRAIN_MARGIN_S

    def _pass_on(self, descriptor: int) -> None:
        """Give an open connection to a front that accepts, to each in turn."""
        accepting = self._serving.accepting if self._serving is not None else []
        if self._is_stopping or not accepting:
            os.close(descriptor)
            return
        self._turns += 1
        accepting[self._turns % len(accepting)].adopt(descriptor)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        hung_after_s = self._hung_after()
        for front in self._fronts.values():
            if front.deadline is not None and now > front.deadline:
                self._log.warning("a front did not finish in time and is ended", pid=front.pid)
                front.deadline = None
                front.kill()
            elif front.state != "loading" and now - front.heard > hung_after_s:
                self._log.error("a front does not answer and is ended", pid=front.pid)
                front.heard = now
                front.kill()

    def _hung_after(self) -> float:
        fleets = [fleet for fleet in (self._serving, self._loading) if fleet is not None]
        largest = max((fleet.spec.limits.body_bytes for fleet in fleets), default=0)
        return patience(self._hung_after_s, largest)

    def _reap(self) -> None:
        """Collect every child that has ended: as process 1 of a container there are others than fronts."""
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._fronts:
                self._lose(self._fronts.pop(pid), wait_status)

    def _lose(self, front: Front, wait_status: int) -> None:
        state = front.state
        for descriptor in front.ended(wait_status):
            self._pass_on(descriptor)
        fleet = self._serving
        if self._is_stopping or state == "draining" or fleet is None or front not in fleet.fronts:
            return
        self._restarts += 1
        fleet.lose(front)
        assert front.problem is not None
        self._log.error("a front ended unasked", pid=front.pid, reason=front.problem.message)
        if state == "loading":
            self._refuse(fleet.spec.generation, front.problem)

    def _stop(self, at_once: bool) -> None:
        """Finish what is in flight and end; a second SIGINT does not wait for it."""
        if at_once:
            for front in self._fronts.values():
                front.kill()
        if self._is_stopping:
            return
        self._is_stopping = True
        self._log.info("stopping")
        self._status_file.write(self._status())
        self._listeners.close()
        for front in self._fronts.values():
            if front.state in ("opening", "accepting"):
                front.drain(False, self._drain_time(self._serving))
            elif front.state == "draining":
                front.deadline = front.deadline or time.monotonic()
            else:
                front.kill()

    # The observed state.

    def _status(self) -> Status:
        fleet = self._serving
        fronts = fleet.accepting if fleet is not None else []
        return Status(
            state=self._state(),
            pid=os.getpid(),
            generation=self._generation,
            attempted=self._attempted,
            error=self._error,
            address=self._listeners.address,
            fronts=tuple(
                FrontEntry(front.pid, front.generation, front.accepting_since) for front in fronts
            ),
            restarts=self._restarts,
            warnings=self._notes + _distinct(front.warnings for front in fronts),
            decisions=_distinct(front.decisions for front in fronts),
        )

    def _state(self) -> str:
        if self._is_stopping:
            return "stopping" if self._fronts else "stopped"
        if self._serving is None:
            return "starting" if self._loading is not None else "failed"
        return "ready" if len(self._serving.accepting) == self._serving.wanted else "degraded"


def patience(usual_s: float, body_bytes: int) -> float:
    """How long a front may be silent: longer, up to a bound, in proportion to the bodies that are let in."""
    return usual_s * min(max(1.0, body_bytes / _UNHURRIED_BYTES), _MOST_PATIENCE)


def _distinct(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What the fronts say, once where they say the same."""
    return tuple(dict.fromkeys(itertools.chain.from_iterable(lists)))
