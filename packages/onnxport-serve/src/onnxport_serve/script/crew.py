"""The worker processes of one revision: started, heard, ended, replaced."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from time import monotonic

from onnxport_serve.log import Log
from onnxport_serve.script.failure import Failure, start_failure
from onnxport_serve.script.launch import Launch
from onnxport_serve.script.worker import Frame, Worker

_FREE_RESTARTS = 5
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 10.0
_END_S = 1.0
_MEBIBYTE = 1 << 20


class Crew:
    """As many workers as wanted. While there is no loop, `turn` hears them and nobody is replaced.

    Args:
        launch: starts a worker.
        size: how many there shall be.
        memory_mb: what each may use, in MiB.
        log: for what happens to workers.
        revision: its number, for log lines.
        heard: takes what a worker has said.
        lost: called when a worker has ended, or is about to.
    """

    def __init__(
        self,
        launch: Launch,
        size: int,
        memory_mb: int | None,
        log: Log,
        revision: int,
        heard: Callable[[Worker, list[Frame]], None],
        lost: Callable[[Worker], None],
    ) -> None:
        self.size = size
        self.failure: Failure | None = None
        """Why a worker could not be started, or ended while the revision was being loaded."""
        self._launch = launch
        self._memory_mb = memory_mb
        self._log = log
        self._revision = revision
        self._heard = heard
        self._lost = lost
        self._workers: dict[int, Worker] = {}
        self._ended: list[Worker] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._selector: selectors.BaseSelector | None = selectors.DefaultSelector()
        self._quick_deaths = 0
        self._restart_at = 0.0
        self._is_closed = False

    @property
    def present(self) -> list[Worker]:
        """Workers whose streams are open."""
        return list(self._workers.values())

    @property
    def ready(self) -> int:
        """How many have said that they are ready."""
        return sum(worker.is_ready for worker in self._workers.values())

    @property
    def needs_watching(self) -> bool:
        """Whether `watch` has to be called again although no request is under way."""
        is_short = len(self._workers) < self.size
        return is_short or bool(self._ended) or self._memory_mb is not None

    def start(self, slot: int) -> None:
        """Start the worker of one place; where that fails, `failure` says why."""
        try:
            worker = self._launch.start(slot)
        except OSError as error:
            self.failure = start_failure(error)
            reason = self.failure.message
            self._log.error("a worker cannot be started", revision=self._revision, reason=reason)
            self._plan_restart(was_quick=True)
            return
        self._workers[slot] = worker
        if self._loop is not None:
            self._loop.add_reader(worker.stream.fileno(), self._hear, worker)
        elif self._selector is not None:
            self._selector.register(worker.stream, selectors.EVENT_READ, worker)

    def turn(self, timeout_s: float) -> None:
        """Hear what has been said, or wait for it; for callers without a loop."""
        assert self._selector is not None
        for key, _ in self._selector.select(timeout_s):
            self._hear(key.data)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on a loop hears the workers, and those that end are replaced."""
        if self._selector is not None:
            self._selector.close()
            self._selector = None
        self._loop = loop
        for worker in self._workers.values():
            loop.add_reader(worker.stream.fileno(), self._hear, worker)

    def watch(self) -> None:
        """End who uses too much memory, collect who has ended, start who is missing."""
        self._reap()
        for worker in self.present:
            if worker.reap() is not None:
                # Something that the script has started holds its stream open: no end of it will come.
                self._hear(worker)
                self._lose(worker)
        if self._memory_mb is not None:
            for worker in self._workers.values():
                self._check_memory(worker, self._memory_mb)
        if self._loop is None or self._is_closed or monotonic() < self._restart_at:
            return
        for slot in range(self.size):
            if slot not in self._workers:
                self.start(slot)

    def close(self) -> None:
        """Wait a moment for all to end as they were told, and end the others."""
        self._is_closed = True
        deadline = monotonic() + _END_S
        for worker in (*self._workers.values(), *self._ended):
            worker.wait(max(0.0, deadline - monotonic()))

    def _hear(self, worker: Worker) -> None:
        said, has_ended = worker.read()
        self._heard(worker, said)
        if has_ended:
            self._lose(worker)

    def _lose(self, worker: Worker) -> None:
        """Its stream has ended, and so has it, or will in a moment."""
        if self._workers.get(worker.slot) is not worker:
            return
        del self._workers[worker.slot]
        if self._loop is not None:
            self._loop.remove_reader(worker.stream.fileno())
        elif self._selector is not None:
            self._selector.unregister(worker.stream)
        worker.close()
        worker.lost = monotonic()
        self._ended.append(worker)
        if self._is_closed:
            return
        if self._loop is None:
            if self.failure is None:
                how = worker.wait(_END_S) or "in an unknown way"
                message = f"the process of the script ended {how} before init() had returned"
                self.failure = Failure("worker_died", message)
        else:
            is_steady = worker.is_ready and worker.lost - worker.started > _STEADY_S
            self._plan_restart(was_quick=not is_steady)
        self._lost(worker)

    def _plan_restart(self, *, was_quick: bool) -> None:
        """At once, unless many have ended soon after their start in a row."""
        self._quick_deaths = self._quick_deaths + 1 if was_quick else 0
        excess = self._quick_deaths - _FREE_RESTARTS
        if excess > 0:
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(excess - 1, 16))
            self._restart_at = monotonic() + pause

    def _check_memory(self, worker: Worker, limit_mb: int) -> None:
        used_mb = worker.resident_bytes() // _MEBIBYTE
        if used_mb <= limit_mb or worker.is_ending:
            return
        self._log.error(
            "a worker used more memory than it may and is ended",
            revision=self._revision,
            worker=worker.pid,
            used_mb=used_mb,
            limit_mb=limit_mb,
        )
        if self._loop is None:
            message = (
                f"a worker used {used_mb} MiB of memory, more than the {limit_mb} MiB that it may"
            )
            self.failure = Failure("memory_limit", message)
        worker.kill()

    def _reap(self) -> None:
        for worker in list(self._ended):
            how = worker.reap()
            if how is not None:
                self._ended.remove(worker)
                if not self._is_closed:
                    self._log.error(
                        "a worker ended", revision=self._revision, worker=worker.pid, how=how
                    )
            elif monotonic() - worker.lost > _END_S:
                worker.kill()
